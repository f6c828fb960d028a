/**
 * Hono middleware for options that a build has compiled: `compiledHeaders()` and `compiledCsrf()`,
 * without validation, messages and pages. Applications call them instead of `secureHeaders()` and
 * `csrf()`. Data of another release is a `ConfigError`.
 */
import type { Context, MiddlewareHandler } from 'hono'
import type { CompiledCsrf } from '../csrf/compiled.ts'
import type { CompiledHeaders } from '../headers/compiled-format.ts'
import { runLayer } from '../headers/layer.ts'
import { type CompiledCsrfOptions, createCompiledGuard } from './csrf.ts'
import { type CompiledHeadersOptions, createCompiledLayer } from './headers.ts'

/**
 * Sets security headers like `secureHeaders()`, from the result of `compileHeaders()`. Used again on a route, the inner one
 * applies alone: merge its options over those of the app where they are compiled.
 *
 * @throws {ConfigError} `ERR_CONFIG` for data that `compileHeaders()` of this release did not create
 * @example
 * import headers from './headers.json' with { type: 'json' }
 * app.use(compiledHeaders(headers))
 */
export function compiledHeaders(
  compiled: CompiledHeaders,
  options: CompiledHeadersOptions = {},
): MiddlewareHandler {
  const layer = createCompiledLayer(compiled, options)
  return function secureHeaders(c, next) {
    return runLayer(c, layer, next)
  }
}

/**
 * Checks requests like `csrf()`, from the result of `compileCsrf()`.
 *
 * @throws {ConfigError} `ERR_CONFIG` for data that `compileCsrf()` of this release did not create
 * @example
 * import policy from './csrf.json' with { type: 'json' }
 * app.use(compiledCsrf(policy))
 */
export function compiledCsrf(
  compiled: CompiledCsrf,
  options: CompiledCsrfOptions<Context> = {},
): MiddlewareHandler {
  const guard = createCompiledGuard(compiled, options)
  return async function csrf(c, next) {
    const rejection = guard(c)
    if (rejection === undefined) return next()
    return (await rejection) ?? next()
  }
}
