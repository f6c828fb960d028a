/**
 * Creates Hono middleware against cross-site request forgery: `csrf()`, and `csrfTokens()` for additional tokens.
 * Applications create both, and `portcullis()` (`src/stack`) creates `csrf()` for its app. Wrong options throw a
 * `ConfigError` (`ERR_CONFIG`) while building. A request from another site gets 403 and reaches no handler. Errors
 * of the guard go to Hono's error handler.
 */
import type { Context, MiddlewareHandler } from 'hono'
import type { ProjectEnv } from '../types.ts'
import { type CsrfOptions, csrfGuard } from './guard.ts'
import { type CsrfTokenOptions, type CsrfTokens, signedTokens } from './token.ts'

/**
 * Rejects requests with 403 that another site makes a visitor's browser send: all unsafe methods and WebSocket
 * upgrades, with any content type. It needs no token in forms, no cookie and no state. Reads are allowed, so a handler
 * of GET must not change data.
 *
 * @throws {ConfigError} `ERR_CONFIG` with everything that is wrong with the options
 * @example
 * app.use(csrf({ exempt: [{ path: '/hooks/stripe' }] }))
 */
export function csrf<E = ProjectEnv>(options: CsrfOptions<Context, E> = {}): MiddlewareHandler {
  const guard = csrfGuard(options as CsrfOptions<Context, never>)
  return async function csrf(c, next) {
    const rejection = guard(c)
    if (rejection === undefined) return next()
    return (await rejection) ?? next()
  }
}

/**
 * Creates tokens that are bound to the session, for applications that require them in addition: pass them to
 * `csrf({ token })` and put `issue(c)` into pages. The session middleware has to run before `csrf()`.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @example
 * const tokens = csrfTokens({ secret, session: async (c) => (await c.var.session.info())?.id })
 * app.use(csrf({ token: tokens }))
 * app.get('/form', async (c) => c.html(form(await tokens.issue(c))))
 */
export function csrfTokens<E = ProjectEnv>(
  options: CsrfTokenOptions<Context, E>,
): CsrfTokens<Context> {
  return signedTokens(options as CsrfTokenOptions<Context, never>)
}
