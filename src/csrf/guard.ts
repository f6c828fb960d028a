/**
 * Creates the guard behind `csrf()`. It checks the origin of a request, and a token if the option is set, and
 * rejects the request with 403 or, in observe mode, only emits an event. `csrf()`, `compiledCsrf()` and
 * `portcullis()` (`src/stack`) create guards; the gateway uses only `varyHeaders`. Wrong options throw a
 * `ConfigError` (`ERR_CONFIG`) while building. A guard rejects with a `ConfigError` for an invalid environment,
 * and with errors of the functions `session` and `refuse` of the application.
 */
import { emitEvent } from '../events.ts'
import { createIssues } from '../options/issues.ts'
import { optionalFunction, optionalListener, parseChoice } from '../options/values.ts'
import { errorResponse } from '../page/error-response.ts'
import { isSafeMethod } from '../request/method.ts'
import { isDeviceUrl } from '../request/path/device-path.ts'
import type { Emit, EventType, ProjectEnv, Verdict } from '../types.ts'
import { type CsrfReason, checkCrossOrigin, isExempt } from './check.ts'
import type { CrossOriginPolicy } from './compiled.ts'
import { readPathname } from './path.ts'
import { type CrossOriginOptions, csrfPolicy } from './policy.ts'

/** The members of Hono's Context that the guard reads. */
export interface CsrfContext {
  /** The incoming request. */
  readonly req: { readonly raw: Request }
  /** The environment, the argument of options that are functions. */
  readonly env?: unknown
  /** Variables of the context. Events get `requestId`. */
  readonly var?: { readonly requestId?: unknown } | Readonly<Record<string, unknown>>
}

/** A check of tokens, as `csrfTokens()` creates it. */
export interface TokenCheck<C> {
  /** Returns the reason to reject the token; undefined for a valid token and for a request that needs none. */
  check(c: C): Promise<'token-missing' | 'token-bad' | undefined>
}

/** A verdict that rejects the request. */
export type CsrfRejection = Verdict & { ok: false; reason: CsrfReason }

/** Returns undefined to allow a request, or the response that rejects it. It is synchronous unless a token must be read. */
export type CsrfGuard<C> = (c: C) => Response | undefined | Promise<Response | undefined>

/** How a guard handles the requests that it rejects. */
export interface CsrfGuardSettings<C> {
  readonly observing: boolean
  readonly token: TokenCheck<C> | undefined
  readonly onEvent: Emit | undefined
  readonly refuse: (
    verdict: CsrfRejection,
    c: C,
    requestId: string | undefined,
  ) => Response | Promise<Response>
}

/** The maximum length of a path in an event. */
const maxSubjectLength = 256

/** Creates a guard from a policy. */
export function createCsrfGuard<C extends CsrfContext>(
  policy: CrossOriginPolicy,
  { observing, token, onEvent, refuse }: CsrfGuardSettings<C>,
): CsrfGuard<C> {
  const hasRules = policy.trust.size > 0 || policy.exempt.size > 0

  function emitDecision(type: EventType, reason: CsrfReason, c: C): string | undefined {
    const id = c.var?.requestId
    const request = typeof id === 'string' ? id : undefined

    const event = {
      type,
      reason,
      subject: readPathname(c.req.raw.url).slice(0, maxSubjectLength),
      ...(request !== undefined && { request }),
    }
    emitEvent(onEvent, event, c)
    return request
  }

  function rejectRequest(reason: CsrfReason, c: C): ReturnType<CsrfGuard<C>> {
    const requestId = emitDecision(observing ? 'csrf-observed' : 'csrf-refused', reason, c)
    return observing ? undefined : refuse({ ok: false, reason }, c, requestId)
  }

  async function checkToken(check: TokenCheck<C>, c: C): Promise<Response | undefined> {
    const reason = await check.check(c)
    return reason && rejectRequest(reason, c)
  }

  return (c) => {
    const { raw } = c.req
    const { method, url } = raw
    // Requests of device-bound sessions are signed, so they need no check. If one were rejected, Chromium would end the
    // session.
    if (isDeviceUrl(url)) return undefined

    // Rules hold canonical paths, so the raw path matches a rule only in its canonical spelling.
    const requestPath = hasRules ? readPathname(url) : ''
    const verdict = checkCrossOrigin(raw, policy, requestPath, c.env)
    if (!verdict.ok) return rejectRequest(verdict.reason, c)

    if (verdict.by === 'exempt') emitDecision('csrf-exempted', verdict.reason, c)
    // Trusted cross-origin pages and WebSocket handshakes cannot send a token, so none is required.
    const needsToken = token && !verdict.by && !isSafeMethod(method)
    return !needsToken || isExempt(policy, method, requestPath) ? undefined : checkToken(token, c)
  }
}

/**
 * Returns the request headers that a rejection depends on, for the Vary header of the response (RFC 9110 section 12.5.5).
 *
 * @example
 * return new Response(null, { status: 403, headers: { vary: varyHeaders(verdict.reason) } })
 */
export function varyHeaders(reason: CsrfReason): string {
  return reason === 'resource-isolation'
    ? 'Sec-Fetch-Dest, Sec-Fetch-Mode, Sec-Fetch-Site'
    : 'Sec-Fetch-Site, Origin'
}

/** Options of {@link csrfGuard} and `csrf()`. */
export interface CsrfOptions<C = CsrfContext, E = ProjectEnv> extends CrossOriginOptions<E> {
  /**
   * `'observe'` rejects nothing and emits the same events.
   *
   * @default 'enforce'
   */
  readonly mode?: 'enforce' | 'observe'
  /**
   * An additional check of tokens, created by `csrfTokens()`.
   *
   * @default none: the headers of browsers are sufficient
   */
  readonly token?: TokenCheck<C>
  /**
   * Returns the response to a rejected request. It depends on request headers, so keep it out of caches.
   *
   * @default an HTML page or problem+json, with status 403
   */
  readonly refuse?: (verdict: Verdict & { ok: false }, c: C) => Response | Promise<Response>
  /**
   * Receives the events `csrf-refused`, `csrf-observed` and `csrf-exempted` (an exempt route accepted a request that would
   * have been rejected), each with its reason, and the path without the query as subject.
   *
   * @default none
   */
  readonly onEvent?: Emit
}

/**
 * Creates the guard behind `csrf()`, for code without Hono.
 *
 * @throws {ConfigError} `ERR_CONFIG` with everything that is wrong with the options
 * @example
 * const guard = csrfGuard({ trustedOrigins: ['https://pay.example.com'] })
 * const rejection = await guard({ req: { raw: request } })
 * if (rejection) return rejection
 */
export function csrfGuard<C extends CsrfContext>(options: CsrfOptions<C, never>): CsrfGuard<C> {
  const issues = createIssues('csrf')
  const policy = csrfPolicy(options, issues, ['mode', 'token', 'refuse', 'onEvent'])
  const { token } = options ?? {}
  const observing = parseChoice(issues, 'mode', options?.mode, ['enforce', 'observe']) === 'observe'
  const refuse = optionalFunction(issues, 'refuse', options?.refuse)
  const onEvent = optionalListener(issues, 'onEvent', options?.onEvent)

  if (token !== undefined && typeof token?.check !== 'function')
    issues.add('token', 'must be created by csrfTokens()')
  issues.throwIfAny()

  return createCsrfGuard(policy, { observing, token, onEvent, refuse: refuse ?? createErrorPage })
}

/** Creates an HTML page or problem+json, whichever the client accepts. */
function createErrorPage(
  { reason }: CsrfRejection,
  { req }: CsrfContext,
  requestId: string | undefined,
): Response {
  const headers = [['Vary', varyHeaders(reason)]] as const
  return errorResponse(reason, req.raw, { headers, ...(requestId !== undefined && { requestId }) })
}
