/** Middleware of options that were judged while building: no judge, no texts of faults, no pages. */
import type { Context, MiddlewareHandler } from 'hono'
import type { CompiledCsrf } from '../csrf/compiled.ts'
import type { CompiledHeaders } from '../headers/compiled.ts'
import { runLayer } from '../headers/layer.ts'
import { type CompiledCsrfOptions, createCompiledGuard } from './csrf.ts'
import { type CompiledHeadersOptions, createCompiledLayer } from './headers.ts'

/**
 * `secureHeaders()` by options that `compileHeaders()` judged while building. Used again on a route, the inner one holds: lay
 * its options over those of the app where they are compiled.
 *
 * @throws {ConfigError} `ERR_CONFIG` for anything that `compileHeaders` of this release did not make
 */
export function compiledHeaders(
  compiled: CompiledHeaders,
  options: CompiledHeadersOptions = {},
): MiddlewareHandler {
  const own = createCompiledLayer(compiled, options)
  return function secureHeaders(c, next) {
    return runLayer(c, own, next)
  }
}

/**
 * `csrf()` by options that `compileCsrf()` judged while building.
 *
 * @throws {ConfigError} `ERR_CONFIG` for anything that `compileCsrf` of this release did not make
 */
export function compiledCsrf(
  compiled: CompiledCsrf,
  options: CompiledCsrfOptions<Context> = {},
): MiddlewareHandler {
  const guard = createCompiledGuard(compiled, options)
  return async function csrf(c, next) {
    const refused = guard(c)
    if (refused === undefined) return next()
    return (await refused) ?? next()
  }
}
