/** A check of origins whose options were judged while building. */
import { type CompiledCsrf, createPolicy, formatVersion } from '../csrf/compiled.ts'
import {
  type CsrfContext,
  type CsrfGuard,
  type CsrfRejection,
  createCsrfGuard,
  type TokenCheck,
  varyHeaders,
} from '../csrf/create-guard.ts'
import { ignoreErrors } from '../options/values.ts'
import type { Emit, Verdict } from '../types.ts'
import { assertOption, wrongRelease } from './check.ts'

/** What no data can say. Absent = default. */
export interface CompiledCsrfOptions<C = CsrfContext> {
  /** As in `csrf`. Default: whoever is refused gets problem+json, and no page. */
  readonly refuse?: (verdict: Verdict & { ok: false }, c: C) => Response | Promise<Response>
  /** As in `csrf`. Default none. */
  readonly onEvent?: Emit
  /** As in `csrf`, made by `csrfTokens`. Default none. */
  readonly token?: TokenCheck<C>
  /** As in `csrf`, and not beside compiled `cookieNames`. Default: any cookie, and an Authorization that browsers repeat. */
  readonly credentials?: (headers: Headers) => boolean
}

/** The guard behind `compiledCsrf`. @throws {ConfigError} `ERR_CONFIG` */
export function createCompiledGuard<C extends CsrfContext>(
  compiled: CompiledCsrf,
  { refuse, onEvent, token, credentials }: CompiledCsrfOptions<C>,
): CsrfGuard<C> {
  // What JavaScript or JSON hands over may be nothing at all.
  const known = (compiled as CompiledCsrf | undefined)?.version === formatVersion
  assertOption(known, 'compiledCsrf', wrongRelease)
  assertOption(
    !credentials || !compiled.cookieNames,
    'credentials',
    'is not read where cookieNames were compiled',
  )

  return createCsrfGuard<C>(createPolicy(compiled, { credentials }), {
    observing: compiled.observing,
    token,
    onEvent: onEvent && ignoreErrors(onEvent),
    refuse: refuse ?? createProblem,
  })
}

/** RFC 9457, in the words of every other refusal. Hono takes the body from answers to HEAD. */
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

  return new Response(JSON.stringify(body), { status: 403, headers })
}
