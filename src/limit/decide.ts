/** From what limiters answered to what happens to the request: fallbacks, events, fields, the refusal. */
import type { Emit, EventType } from '../types.ts'
import { createLimitedResponse, createUnavailableResponse } from './answer.ts'
import type { TakeResult } from './contract.ts'
import { limitItem, policyItem, withFields } from './fields.ts'
import type { LimitedContext, LimitVerdict } from './gate.ts'
import type { Policy } from './policies.ts'

/** What became of one policy. */
export interface PolicyResult extends TakeResult {
  /** Name of the policy. */
  readonly name: string
}

/** A take that was answered, failed, or was not needed. */
export interface PolicyOutcome<C> {
  readonly policy: Policy<C>
  readonly key: string
  readonly cost: number
  readonly outcome: PromiseSettledResult<TakeResult> | undefined
}

/** What a gate says besides. */
export interface DecisionSettings<C> {
  readonly observing: boolean
  readonly refuse: ((verdict: LimitVerdict, c: C) => Response | Promise<Response>) | undefined
  readonly emit: Emit
}

/** What happens to a request. */
export interface Decision {
  /** Of every policy that was asked, in their order. */
  readonly results: readonly PolicyResult[]
  /** The answer to a refused request. */
  readonly refused: Response | undefined
  /** Adds what clients are told to an answer, or to a copy of it. */
  decorate(response: Response): Response
}

type Fields = Array<readonly [name: string, value: string]>

/** Decides. Limits of this isolate answer for policies whose store is away. */
export async function decideOutcomes<C extends LimitedContext>(
  taken: ReadonlyArray<PolicyOutcome<C>>,
  c: C,
  { observing, refuse, emit }: DecisionSettings<C>,
): Promise<Decision> {
  const id = c.var?.requestId
  const requestId = typeof id === 'string' ? id : undefined
  const emitEvent = (type: EventType, subject: string, reason?: string): void =>
    emit({
      type,
      subject,
      ...(reason !== undefined && { reason }),
      ...(requestId !== undefined && { request: requestId }),
    })

  const results: PolicyResult[] = []
  const [policyItems, limitItems, violated]: [string[], string[], string[]] = [[], [], []]
  let [retryAfter, denied, closed] = [0, false, false]

  for (const take of taken) {
    const { policy, outcome } = take
    const { name, limiter } = policy
    const lost = outcome?.status === 'rejected'

    if (lost) emitEvent('rate-limit-degraded', name, readReason(outcome.reason))
    const found = lost ? await decideFallback(take) : outcome?.value
    if (policy.headers) policyItems.push(policyField(policy, found))
    if (found === undefined) continue

    const result: PolicyResult = { name, ...found }
    results.push(result)

    const item = policy.headers ? limitItem(name, found) : undefined
    if (item !== undefined) limitItems.push(item)
    if (found.allowed) continue

    if (lost && policy.onOutage === 'closed') closed = true
    else {
      denied = true
      retryAfter = Math.max(retryAfter, found.retryAfter)
      if (policy.headers) violated.push(name)
      emitEvent(observing ? 'rate-limit-observed' : 'rate-limited', name, `over-${limiter.window}s`)
    }
  }

  const fields: Fields = []
  if (!observing && policyItems.length > 0)
    fields.push(['RateLimit-Policy', policyItems.join(', ')])
  if (!observing && limitItems.length > 0) fields.push(['RateLimit', limitItems.join(', ')])

  const decorate = (response: Response): Response => withFields(response, fields)
  if (observing || !(denied || closed)) return { results, refused: undefined, decorate }

  const about = { request: c.req.raw, requestId }
  if (refuse === undefined) {
    const plain = denied
      ? createLimitedResponse(about, retryAfter, violated)
      : createUnavailableResponse(about)
    return { results, refused: decorate(plain), decorate }
  }

  const wait = denied ? retryAfter : closedSeconds
  const reason = denied ? 'rate-limited' : 'store-unavailable'
  const custom = await refuse({ ok: false, reason, retryAfter: wait, results }, c)

  return {
    results,
    refused: withFields(custom, [...fields, ...missingHeaders(custom, wait)]),
    decorate,
  }
}

/** As `refusal` says it for 503. */
const closedSeconds = 10

/** What nobody counted: by the policy's word, or by what this isolate counts meanwhile. */
async function decideFallback<C>({ policy, key, cost }: PolicyOutcome<C>): Promise<TakeResult> {
  const { limiter, onOutage, fallback: local } = policy
  if (local !== undefined) {
    // A take that the divided limit could never hold takes all of it.
    return { ...(await local.take(key, Math.min(cost, local.limit))), degraded: true }
  }

  const now = Date.now()
  const allowed = onOutage === 'open'
  const retryAfter = allowed ? 0 : closedSeconds
  const retryAt = now + retryAfter * 1000

  return {
    allowed,
    limit: limiter.limit,
    remaining: undefined,
    retryAfter,
    retryAt,
    resetAt: retryAt,
    degraded: true,
  }
}

function policyField<C>(policy: Policy<C>, result: TakeResult | undefined): string {
  const limit = result === undefined || result.degraded ? policy.limiter.limit : result.limit
  return limit === policy.limiter.limit
    ? policy.item
    : policyItem({ name: policy.name, limit, window: policy.limiter.window }, limit)
}

/** Why, as a dashed word; of a limiter that is not ours only that it failed. */
function readReason(error: unknown): string {
  const { reason } = error as { reason?: unknown }
  return typeof reason === 'string' && /^[a-z][a-z0-9-]{0,63}$/.test(reason) ? reason : 'fault'
}

function missingHeaders({ headers }: Response, retryAfter: number): Fields {
  const fields: Fields = []
  if (!headers.has('retry-after') && Number.isFinite(retryAfter))
    fields.push(['Retry-After', `${retryAfter}`])
  if (!headers.has('cache-control')) fields.push(['Cache-Control', 'no-store'])

  return fields
}
