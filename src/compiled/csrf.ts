/**
 * Creates the CSRF guard from the result of `compileCsrf()`. `compiledCsrf()` in `middleware.ts`
 * calls it once. Data that this release did not compile, and functions that are missing, are a
 * `ConfigError`.
 */
import { type CompiledCsrf, createPolicy, formatVersion } from '../csrf/compiled.ts'
import {
  type CsrfContext,
  type CsrfGuard,
  type CsrfRejection,
  createCsrfGuard,
  type TokenCheck,
  varyHeaders,
} from '../csrf/guard.ts'
import { ignoreErrors } from '../options/values.ts'
import type { Emit, Verdict } from '../types.ts'
import { assertOption, wrongRelease } from './check.ts'

/** The options that compiled data cannot hold. */
export interface CompiledCsrfOptions<C = CsrfContext> {
  /**
   * As in `csrf()`.
   *
   * @default problem+json with status 403, never a page
   */
  readonly refuse?: (verdict: Verdict & { ok: false }, c: C) => Response | Promise<Response>
  /**
   * As in `csrf()`.
   *
   * @default none
   */
  readonly onEvent?: Emit
  /**
   * As in `csrf()`, created by `csrfTokens()`.
   *
   * @default none
   */
  readonly token?: TokenCheck<C>
  /**
   * As in `csrf()`; it cannot be combined with compiled `cookieNames`.
   *
   * @default any cookie, and an Authorization that browsers repeat
   */
  readonly credentials?: (headers: Headers) => boolean
}

/** Creates the guard behind `compiledCsrf()`. @throws {ConfigError} `ERR_CONFIG` */
export function createCompiledGuard<C extends CsrfContext>(
  compiled: CompiledCsrf,
  { refuse, onEvent, token, credentials }: CompiledCsrfOptions<C>,
): CsrfGuard<C> {
  // JavaScript or JSON may pass undefined.
  const isKnown = (compiled as CompiledCsrf | undefined)?.version === formatVersion
  assertOption(isKnown, 'compiledCsrf', wrongRelease)
  assertOption(
    !credentials || !compiled.cookieNames,
    'credentials',
    'conflicts with compiled cookieNames',
  )

  return createCsrfGuard<C>(createPolicy(compiled, { credentials }), {
    observing: compiled.observing,
    token,
    onEvent: onEvent && ignoreErrors(onEvent),
    refuse: refuse ?? createProblem,
  })
}

/** Responds with problem+json (RFC 9457), worded as every other rejection. Hono removes the body for HEAD. */
function createProblem(
  { reason }: CsrfRejection,
  _: CsrfContext,
  requestId: string | undefined,
): Response {
  const detail = 'This request is not allowed.'
  const body = { type: 'about:blank', title: 'Forbidden', status: 403, detail, requestId }
  const headers = {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    vary: varyHeaders(reason),
  }

  return Response.json(body, { status: 403, headers })
}
