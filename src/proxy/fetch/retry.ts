/**
 * Sends a request to an upstream, and once more if the connection failed and a second request does no harm. While the
 * breaker pauses the upstream, nothing is sent. `forward.ts` calls it. It rejects with `ERR_UPSTREAM_PAUSED`, or as
 * `fetchUpstream` does. A retry needs time within the deadline, and a budget that allows one for every ten requests.
 * `respond-to-error.ts` and `exchange.ts` recognize `UpstreamPaused`; the options create the budgets.
 */
import { isPortcullisError, PortcullisError } from '../../errors.ts'
import type { RequestHead } from '../../request/index.ts'
import type { Clock, Emit } from '../../types.ts'
import type { Breaker } from './breaker.ts'
import { fetchUpstream, type UpstreamRequest, type UpstreamResponse } from './fetch-upstream.ts'

/** The retries that are allowed for one upstream. */
export interface RetryBudget {
  /** Counts a request, which adds a tenth of a retry to the budget. */
  earn(): void
  /** Takes one retry from the budget. Returns false if the budget is too low. */
  spend(): boolean
}

const tenthsAtStart = 30
const maxTenths = 100
const tenthsPerRetry = 10

/**
 * Creates a budget of one retry for every ten requests, three at the start and ten at most. So an upstream that is down
 * gets hardly more requests than one that is up. It counts in the memory of one isolate.
 */
export function createRetryBudget(): RetryBudget {
  let budgetTenths = tenthsAtStart
  return {
    earn(): void {
      if (budgetTenths < maxTenths) budgetTenths++
    },
    spend(): boolean {
      if (budgetTenths < tenthsPerRetry) return false
      budgetTenths -= tenthsPerRetry
      return true
    },
  }
}

/** The error of a request to an upstream that is paused. */
export class UpstreamPaused extends PortcullisError {
  /** Seconds after which clients may retry, at least 1. */
  readonly retryAfter: number

  constructor(waitMs: number) {
    super('ERR_UPSTREAM_PAUSED', 'The upstream failed too often and is paused')
    this.retryAfter = Math.max(1, Math.ceil(waitMs / 1000))
  }
}

/** The options of sending a request. */
export interface RetryPolicy {
  readonly upstream: {
    readonly name: string
    readonly retries: RetryBudget
    readonly breaker: Breaker | undefined
  }
  /** True if the request may be sent twice; see {@link isRetryable}. */
  readonly retryable: boolean
  readonly requestId: string
  readonly clock: Clock
  readonly emit: Emit
  /** Called before the retry. */
  onRetry(): void
}

/** Maximum milliseconds before a retry. Each waits a random part of it, so that many retries do not arrive together. */
const maxPauseMs = 50

/**
 * Whether a request can be sent twice: it changes no data (RFC 9110 section 9.2.1), or it has an
 * Idempotency-Key and the option `retry` allows that. A request with a body is not retryable, since a
 * part of the body may have been read when it fails.
 */
export function isRetryable(
  { method, headers }: Pick<RequestHead, 'method' | 'headers'>,
  retryRequest: boolean | 'idempotency-key' | undefined,
  hasBody: boolean,
): boolean {
  if (retryRequest === false || hasBody) return false
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return true
  return (
    retryRequest === 'idempotency-key' &&
    (method === 'PUT' || method === 'DELETE') &&
    headers.has('idempotency-key')
  )
}

/** A response, and the request to which it belongs. */
export interface UpstreamExchange<R extends UpstreamRequest> {
  readonly request: R
  readonly response: UpstreamResponse
}

/**
 * Sends a request, and retries once if the upstream refused or reset the connection before the first byte. Any response
 * is final, a 503 too. The deadline covers both attempts.
 *
 * @param build - creates the request. It is called for each attempt, so that no nonce or body is used twice.
 * @throws {PortcullisError} `ERR_UPSTREAM_PAUSED`, and what {@link fetchUpstream} throws
 */
export async function fetchWithRetry<R extends UpstreamRequest>(
  build: () => R,
  policy: RetryPolicy,
): Promise<UpstreamExchange<R>> {
  const { upstream, retryable, clock } = policy
  upstream.retries.earn()
  const startedAt = clock()
  const request = build()
  try {
    return { request, response: await fetchOnce(request, policy) }
  } catch (error) {
    if (!retryable || !isPortcullisError(error, 'ERR_UPSTREAM_UNREACHABLE')) throw error
    // An overloaded Durable Object says so in its error. It should get fewer requests and not more.
    if ((error.cause as { overloaded?: unknown } | undefined)?.overloaded === true) throw error
    const retryRequest = await prepareRetry(build, request, startedAt, policy)
    if (retryRequest === undefined) throw error
    return { request: retryRequest, response: await fetchOnce(retryRequest, policy) }
  }
}

/** Waits and creates the second request; undefined if time or budget are used up, or the client has disconnected. */
async function prepareRetry<R extends UpstreamRequest>(
  build: () => R,
  { timeoutMs, signal }: R,
  startedAt: number,
  policy: RetryPolicy,
): Promise<R | undefined> {
  const { upstream, requestId, clock, emit, onRetry } = policy
  if (signal.aborted) return undefined

  const pauseMs = Math.random() * maxPauseMs
  // If the clock was set back in the meantime, that must not add time.
  const spentMs = Math.max(0, clock() - startedAt)
  const remainingMs = Math.floor(timeoutMs - spentMs - pauseMs)
  if (remainingMs < 1 || !upstream.retries.spend()) return undefined

  await new Promise((resolve) => setTimeout(resolve, pauseMs))
  if (signal.aborted) return undefined

  emit({ type: 'upstream-retried', request: requestId, subject: upstream.name })
  onRetry()

  return { ...build(), timeoutMs: remainingMs }
}

function fetchOnce(request: UpstreamRequest, policy: RetryPolicy): Promise<UpstreamResponse> {
  const { breaker } = policy.upstream
  return breaker === undefined ? fetchUpstream(request) : fetchGuarded(request, policy, breaker)
}

async function fetchGuarded(
  request: UpstreamRequest,
  { upstream: { name: upstreamName }, clock, emit }: RetryPolicy,
  breaker: Breaker,
): Promise<UpstreamResponse> {
  const permission = breaker.enter(clock(), request.timeoutMs)
  if (typeof permission === 'number') throw new UpstreamPaused(permission)

  const settleBreaker = (hasAnswered: boolean): void => {
    const breakerChange = permission(hasAnswered, clock())
    if (breakerChange !== undefined)
      emit({ type: `breaker-${breakerChange}`, subject: upstreamName })
  }

  try {
    const response = await fetchUpstream(request)
    settleBreaker(true)
    return response
  } catch (error) {
    // If the client disconnected or its body was rejected, the upstream has not failed.
    if (isPortcullisError(error) && !request.signal.aborted) settleBreaker(false)
    throw error
  }
}
