/**
 * Creates Hono middleware from options that a build has compiled: `compiledHeaders()` and `compiledCsrf()`, without
 * validation, messages and pages. Applications use them in place of `secureHeaders()` and `csrf()`. Data of another
 * release throws a `ConfigError` (`ERR_CONFIG`) when the middleware is created. A request from another site gets 403.
 */
import type { Context, MiddlewareHandler } from 'hono'
import type { CompiledCsrf } from '../csrf/compiled.ts'
import type { CompiledHeaders } from '../headers/compiled-format.ts'
import { runLayer } from '../headers/layer.ts'
import { type CompiledCsrfOptions, createCompiledGuard } from './csrf.ts'
import { type CompiledHeadersOptions, createCompiledLayer } from './headers.ts'

/**
 * Sets security headers like `secureHeaders()`, from the result of `compileHeaders()`. If it is used for the app and
 * again for a route, only the options of the route apply there: merge them over those of the app when you compile them.
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
