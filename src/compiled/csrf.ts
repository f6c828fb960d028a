/**
 * Creates the csrf guard from the result of `compileCsrf()`. `compiledCsrf()` in `middleware.ts` calls it once.
 * It throws a `ConfigError` (`ERR_CONFIG`) for data of another release and for `credentials` together with
 * compiled `cookieNames`; the rest of the data is not validated. The guard rejects a request with 403 as
 * problem+json, and never with a page. Errors of `onEvent` are dropped.
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
   * @default any cookie, and an Authorization header that browsers send again by themselves
   */
  readonly credentials?: (headers: Headers) => boolean
}

/** Creates the guard of `compiledCsrf()`. @throws {ConfigError} `ERR_CONFIG` */
export function createCompiledGuard<C extends CsrfContext>(
  compiled: CompiledCsrf,
  { refuse, onEvent, token, credentials }: CompiledCsrfOptions<C>,
): CsrfGuard<C> {
  // Code without types, or JSON, may pass undefined.
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

/** Creates a problem+json response (RFC 9457) with the text of other rejections. Hono removes the body for HEAD. */
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
