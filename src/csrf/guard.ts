/** The check around a context: what is refused, watched and told. */
import { faults as newFaults } from '../options/faults.ts'
import { oneOf, optionalFunction, optionalListener } from '../options/values.ts'
import { refusal } from '../page/refusal.ts'
import { isSafeMethod } from '../request/method.ts'
import type { Emit, EventType, ProjectEnv, Verdict } from '../types.ts'
import { type CsrfReason, checkCrossOrigin, isExempt } from './check.ts'
import { pathOf } from './path.ts'
import { type CrossOriginOptions, csrfPolicy } from './policy.ts'

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

/** Options of {@link csrfGuard}. Absent = default. */
export interface CsrfOptions<C = CsrfContext, E = ProjectEnv> extends CrossOriginOptions<E> {
  /** `'observe'` refuses nothing and tells the same. Default `'enforce'`. */
  readonly mode?: 'enforce' | 'observe'
  /** Asks for a token besides; made by `csrfTokens`. Default none: browsers say where requests come from. */
  readonly token?: TokenCheck<C>
  /** Answers refused requests instead. The answer depends on where they come from: keep it out of caches. */
  readonly refuse?: (verdict: Verdict & { ok: false }, c: C) => Response | Promise<Response>
  /**
   * Takes `csrf-refused`, `csrf-observed` and `csrf-exempted` (an exempt route took what would have been refused), each
   * with its reason and the path, without the query, as subject. Default none.
   */
  readonly onEvent?: Emit
}

/** Passes a request (undefined) or answers it; at once unless a token must be read. */
export type CsrfGuard<C> = (c: C) => Response | undefined | Promise<Response | undefined>

/** Longest path in an event. */
const longestSubject = 256

/** The guard behind `csrf`. @throws {ConfigError} `ERR_CONFIG` */
export function csrfGuard<C extends CsrfContext>(options: CsrfOptions<C, never>): CsrfGuard<C> {
  const faults = newFaults('csrf')
  const policy = csrfPolicy(options, faults, ['mode', 'token', 'refuse', 'onEvent'])
  const { token } = options ?? {}
  const observing = oneOf(faults, 'mode', options?.mode, ['enforce', 'observe'], 'enforce') === 'observe'
  const refuse = optionalFunction(faults, 'refuse', options?.refuse)
  const onEvent = optionalListener(faults, 'onEvent', options?.onEvent)
  if (token !== undefined && typeof token?.check !== 'function') faults.add('token', 'must be made by csrfTokens()')
  faults.done()
  const ruled = policy.trust.size > 0 || policy.exempt.size > 0

  function tell(type: EventType, reason: CsrfReason, c: C): string | undefined {
    const id = c.var?.requestId
    const request = typeof id === 'string' ? id : undefined
    const subject = pathOf(c.req.raw.url).slice(0, longestSubject)
    onEvent?.({ type, reason, subject, ...(request !== undefined && { request }) })
    return request
  }

  function refused(reason: CsrfReason, c: C): ReturnType<CsrfGuard<C>> {
    const requestId = tell(observing ? 'csrf-observed' : 'csrf-refused', reason, c)
    if (observing) return undefined
    if (refuse !== undefined) return refuse({ ok: false, reason }, c)
    const headers = [['Vary', variesBy(reason)]] as const
    return refusal(reason, c.req.raw, { headers, ...(requestId !== undefined && { requestId }) })
  }

  async function checkToken(check: TokenCheck<C>, c: C): Promise<Response | undefined> {
    const reason = await check.check(c)
    return reason && refused(reason, c)
  }

  return (c) => {
    const { raw } = c.req
    // As it was sent: a rule's path is canonical, so that only the canonical spelling can be equal to it.
    const path = ruled ? pathOf(raw.url) : ''
    const verdict = checkCrossOrigin(raw, policy, path, c.env)
    if (!verdict.ok) return refused(verdict.reason, c)
    if (verdict.by === 'exempt') tell('csrf-exempted', verdict.reason, c)
    // Who is trusted from elsewhere cannot have a token, nor can a socket: its handshake takes no headers.
    if (token === undefined || verdict.by !== undefined) return undefined
    const { method } = raw
    return isSafeMethod(method) || isExempt(policy, method, path) ? undefined : checkToken(token, c)
  }
}

/** The request headers that a refusal depended on, for the Vary of the answer (RFC 9110 section 12.5.5). */
export function variesBy(reason: CsrfReason): string {
  return reason === 'resource-isolation' ? 'Sec-Fetch-Dest, Sec-Fetch-Mode, Sec-Fetch-Site' : 'Sec-Fetch-Site, Origin'
}
