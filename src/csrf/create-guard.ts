/** The check around a context: what is refused, watched and told. */
import { isSafeMethod } from '../request/method.ts'
import { isDeviceUrl } from '../request/path/device-path.ts'
import type { Emit, EventType, Verdict } from '../types.ts'
import { type CsrfReason, checkCrossOrigin, isExempt } from './check.ts'
import type { CrossOriginPolicy } from './compiled.ts'
import { readPathname } from './path.ts'

/** A Hono Context, as far as this guard needs one. */
export interface CsrfContext {
  /** The request as it came in. */
  readonly req: { readonly raw: Request }
  /** What `From` functions get. */
  readonly env?: unknown
  /** Variables of the context; `requestId` goes into events. */
  readonly var?: { readonly requestId?: unknown } | Readonly<Record<string, unknown>>
}

/** Tokens that the guard asks for; `csrfTokens` makes them. */
export interface TokenCheck<C> {
  /** Why the token of this request will not do; undefined where it will, or none is needed. */
  check(c: C): Promise<'token-missing' | 'token-bad' | undefined>
}

/** A verdict that refuses. */
export type CsrfRejection = Verdict & { ok: false; reason: CsrfReason }

/** Passes a request (undefined) or answers it; at once unless a token must be read. */
export type CsrfGuard<C> = (c: C) => Response | undefined | Promise<Response | undefined>

/** What a guard does besides checking. */
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

/** Longest path in an event. */
const longestSubject = 256

/** A guard by a policy. */
export function createCsrfGuard<C extends CsrfContext>(
  policy: CrossOriginPolicy,
  { observing, token, onEvent, refuse }: CsrfGuardSettings<C>,
): CsrfGuard<C> {
  const ruled = policy.trust.size > 0 || policy.exempt.size > 0

  function emitEvent(type: EventType, reason: CsrfReason, c: C): string | undefined {
    const id = c.var?.requestId
    const request = typeof id === 'string' ? id : undefined
    const subject = readPathname(c.req.raw.url).slice(0, longestSubject)

    onEvent?.({ type, reason, subject, ...(request !== undefined && { request }) })
    return request
  }

  function rejectRequest(reason: CsrfReason, c: C): ReturnType<CsrfGuard<C>> {
    const requestId = emitEvent(observing ? 'csrf-observed' : 'csrf-refused', reason, c)
    return observing ? undefined : refuse({ ok: false, reason }, c, requestId)
  }

  async function checkToken(check: TokenCheck<C>, c: C): Promise<Response | undefined> {
    const reason = await check.check(c)
    return reason && rejectRequest(reason, c)
  }

  return (c) => {
    const { raw } = c.req
    const { method, url } = raw
    // A signature proves what it asks, and Chromium ends its session where it is refused.
    if (isDeviceUrl(url)) return undefined
    // As it was sent: a rule's path is canonical, so that only the canonical spelling can be equal to it.
    const path = ruled ? readPathname(url) : ''
    const verdict = checkCrossOrigin(raw, policy, path, c.env)
    if (!verdict.ok) return rejectRequest(verdict.reason, c)

    if (verdict.by === 'exempt') emitEvent('csrf-exempted', verdict.reason, c)
    // Who is trusted from elsewhere cannot have a token, nor can a socket: its handshake takes no headers.
    if (token === undefined || verdict.by !== undefined) return undefined

    return isSafeMethod(method) || isExempt(policy, method, path) ? undefined : checkToken(token, c)
  }
}

/** The request headers that a refusal depended on, for the Vary of the answer (RFC 9110 section 12.5.5). */
export function varyHeaders(reason: CsrfReason): string {
  return reason === 'resource-isolation'
    ? 'Sec-Fetch-Dest, Sec-Fetch-Mode, Sec-Fetch-Site'
    : 'Sec-Fetch-Site, Origin'
}
