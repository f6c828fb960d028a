/**
 * Turns the results of a request's limiters into one decision: it evaluates fallbacks for policies
 * whose store failed, emits events, and creates the `RateLimit` header fields and the response 429
 * or 503. `limitGate()` calls it once for each request; the gateway uses its types. It rejects only
 * where the application's `refuse` does. A policy whose store is unavailable is decided by its
 * option `onOutage`.
 */
import { emitEvent } from '../events.ts'
import type { Emit, EventType } from '../types.ts'
import { createLimitedResponse, createUnavailableResponse } from './answer.ts'
import type { TakeResult } from './contract.ts'
import { limitItem, policyItem, withFields } from './fields.ts'
import type { LimitedContext, LimitVerdict } from './gate.ts'
import type { Policy } from './policies.ts'

/** The result of one policy. */
export interface PolicyResult extends TakeResult {
  /** The name of the policy. */
  readonly name: string
}

/**
 * The take of one policy and its outcome, which is undefined where another policy denied the
 * request before this one was evaluated.
 */
export interface PolicyOutcome<C> {
  readonly policy: Policy<C>
  readonly key: string
  readonly cost: number
  readonly outcome: PromiseSettledResult<TakeResult> | undefined
}

/** The options of `rateLimit()` that the decision needs. */
export interface DecisionSettings<C> {
  readonly observing: boolean
  readonly refuse: ((verdict: LimitVerdict, c: C) => Response | Promise<Response>) | undefined
  readonly emit: Emit
}

/** The decision about a request. */
export interface Decision {
  /** The results of all policies that were evaluated, in the order of the policies. */
  readonly results: readonly PolicyResult[]
  /** The response to a denied request. */
  readonly refused: Response | undefined
  /** Adds the header fields of the limits to a response, or to a copy of it. */
  decorate(response: Response): Response
}

type Fields = Array<readonly [name: string, value: string]>

/** Emits an event about one policy. */
type EmitEvent = (type: EventType, policy: string, reason?: string) => void

/**
 * The result of one policy. `isLost` tells that its store failed, so that the result is a
 * fallback's.
 */
interface CheckedPolicy<C> {
  readonly policy: Policy<C>
  /** Undefined where another policy denied the request before this one was evaluated. */
  readonly result: TakeResult | undefined
  readonly isLost: boolean
}

/**
 * A summary for the response: whether the request is rejected, why, and how long the client must
 * wait.
 */
interface Denials {
  readonly isDenied: boolean
  /** Whether a policy with `onOutage: 'closed'` could not be counted. */
  readonly isClosed: boolean
  readonly retryAfter: number
  readonly violated: readonly string[]
}

/**
 * Decides about a request. A policy whose store is unavailable is evaluated by its `onOutage`: with
 * `'local'`, a limiter of this isolate counts instead.
 */
export async function decideOutcomes<C extends LimitedContext>(
  outcomes: ReadonlyArray<PolicyOutcome<C>>,
  c: C,
  settings: DecisionSettings<C>,
): Promise<Decision> {
  const { observing, emit } = settings
  const requestId = readRequestId(c)
  const emitDecision: EmitEvent = (type, subject, reason) => {
    const request = requestId === undefined ? {} : { request: requestId }
    const event = { type, subject, ...(reason !== undefined && { reason }), ...request }
    emitEvent(emit, event, c)
  }

  const checkedPolicies: Array<CheckedPolicy<C>> = []
  const deniedEvent = observing ? 'rate-limit-observed' : 'rate-limited'
  for (const outcome of outcomes)
    checkedPolicies.push(await checkPolicy(outcome, deniedEvent, emitDecision))

  const results = checkedPolicies.flatMap(({ policy: { name }, result }) =>
    result === undefined ? [] : [{ name, ...result }],
  )
  const denials = findDenials(checkedPolicies)
  const fields = observing ? [] : writeFields(checkedPolicies)
  const decorate = (response: Response): Response => withFields(response, fields)
  if (observing || !(denials.isDenied || denials.isClosed))
    return { results, refused: undefined, decorate }

  const reason = denials.isDenied ? 'rate-limited' : 'store-unavailable'
  const refused = await createRejection(c, denials, results, settings)
  // Only the request's own listener gets this event: `onEvent` of `rateLimit()` receives events
  // about policies.
  emitEvent(undefined, { type: 'request-refused', reason }, c)
  return {
    results,
    refused: withFields(refused.response, [...fields, ...refused.fields]),
    decorate,
  }
}

function readRequestId(c: LimitedContext): string | undefined {
  const requestId = c.var?.requestId
  return typeof requestId === 'string' ? requestId : undefined
}

/** Finds the result of one policy and emits its events. */
async function checkPolicy<C>(
  outcome: PolicyOutcome<C>,
  deniedEvent: EventType,
  emitDecision: EmitEvent,
): Promise<CheckedPolicy<C>> {
  const { policy, outcome: settledOutcome } = outcome
  const isLost = settledOutcome?.status === 'rejected'
  if (isLost) emitDecision('rate-limit-degraded', policy.name, readReason(settledOutcome.reason))

  const result = isLost ? await decideFallback(outcome) : settledOutcome?.value
  const isClosed = isLost && policy.onOutage === 'closed'
  if (result !== undefined && !result.allowed && !isClosed)
    emitDecision(deniedEvent, policy.name, `over-${policy.limiter.window}s`)

  return { policy, result, isLost }
}

function findDenials<C>(checkedPolicies: ReadonlyArray<CheckedPolicy<C>>): Denials {
  const rejectedPolicies = checkedPolicies.filter(({ result }) => result?.allowed === false)
  const deniedPolicies = rejectedPolicies.filter(
    ({ policy, isLost }) => !isLost || policy.onOutage !== 'closed',
  )

  return {
    isDenied: deniedPolicies.length > 0,
    isClosed: rejectedPolicies.length > deniedPolicies.length,
    retryAfter: Math.max(0, ...deniedPolicies.map(({ result }) => result?.retryAfter ?? 0)),
    violated: deniedPolicies
      .filter(({ policy }) => policy.headers)
      .map(({ policy }) => policy.name),
  }
}

/** Creates the `RateLimit` fields of all policies with `headers: true`. */
function writeFields<C>(checkedPolicies: ReadonlyArray<CheckedPolicy<C>>): Fields {
  const visiblePolicies = checkedPolicies.filter(({ policy }) => policy.headers)
  const policyItems = visiblePolicies.map(({ policy, result }) => policyField(policy, result))
  const limitItems = visiblePolicies
    .map(({ policy, result }) => result && limitItem(policy.name, result))
    .filter((item) => item !== undefined)

  const fields: Fields = []
  if (policyItems.length > 0) fields.push(['RateLimit-Policy', policyItems.join(', ')])
  if (limitItems.length > 0) fields.push(['RateLimit', limitItems.join(', ')])
  return fields
}

/**
 * Creates the response to a denied request, by `refuse` if the application has one, and lists the
 * fields that it still needs.
 */
async function createRejection<C extends LimitedContext>(
  c: C,
  { isDenied, retryAfter, violated }: Denials,
  results: readonly PolicyResult[],
  { refuse }: DecisionSettings<C>,
): Promise<{ response: Response; fields: Fields }> {
  if (refuse === undefined) {
    const info = { request: c.req.raw, requestId: readRequestId(c) }
    const response = isDenied
      ? createLimitedResponse(info, retryAfter, violated)
      : createUnavailableResponse(info)
    return { response, fields: [] }
  }

  const wait = isDenied ? retryAfter : closedSeconds
  const reason = isDenied ? 'rate-limited' : 'store-unavailable'
  const response = await refuse({ ok: false, reason, retryAfter: wait, results }, c)
  return { response, fields: missingHeaders(response, wait) }
}

/** The seconds to wait after a 503, as in `errorResponse()`. */
const closedSeconds = 10

/** Decides while the store is unavailable: by the policy's `onOutage`, or by counting in this isolate. */
async function decideFallback<C>({ policy, key, cost }: PolicyOutcome<C>): Promise<TakeResult> {
  const { limiter, onOutage, fallback: local } = policy
  if (local !== undefined) {
    // The limit of one isolate is a share of the policy's limit. A cost above it consumes all of
    // it.
    return { ...(await local.take(key, Math.min(cost, local.limit))), degraded: true }
  }

  const nowMs = Date.now()
  const allowed = onOutage === 'open'
  const retryAfter = allowed ? 0 : closedSeconds
  const retryAt = nowMs + retryAfter * 1000

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

/**
 * Reads the reason of an outage from the error, in kebab case. Errors of limiters that the
 * application wrote have no such reason: they give `fault`.
 */
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
