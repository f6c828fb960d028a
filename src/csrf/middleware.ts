/** The Hono face of the csrf room. */
import type { Context, MiddlewareHandler } from 'hono'
import type { ProjectEnv } from '../types.ts'
import { type CsrfOptions, csrfGuard } from './guard.ts'
import { type CsrfTokenOptions, type CsrfTokens, signedTokens } from './token.ts'

/**
 * Refuses with 403 what another site makes a visitor's browser send: every unsafe method and WebSocket upgrades, whatever
 * the content type. Nothing to put into forms, no cookie, no state. Reads pass: a handler of GET must not change anything.
 *
 * @throws {ConfigError} `ERR_CONFIG` with everything that is wrong with the options
 */
export function csrf<E = ProjectEnv>(options: CsrfOptions<Context, E> = {}): MiddlewareHandler {
  const guard = csrfGuard(options as CsrfOptions<Context, never>)
  return async function csrf(c, next) {
    const refused = guard(c)
    if (refused === undefined) return next()
    return (await refused) ?? next()
  }
}

/**
 * Tokens bound to the session, for those who must have them besides: hand them to `csrf({ token })`, and put `issue(c)`
 * into pages. Whatever opens the session has to run before `csrf`.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function csrfTokens<E = ProjectEnv>(
  options: CsrfTokenOptions<Context, E>,
): CsrfTokens<Context> {
  return signedTokens(options as CsrfTokenOptions<Context, never>)
}
