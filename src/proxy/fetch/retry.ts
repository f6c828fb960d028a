/**
 * Sends a request to an upstream, and retries it once where that can do no harm; it sends nothing
 * while the upstream is paused. `forward.ts` calls it. It throws `ERR_UPSTREAM_PAUSED`, or what
 * `fetchUpstream` throws.
 */
import { isPortcullisError, PortcullisError } from '../../errors.ts'
import type { RequestHead } from '../../request/index.ts'
import type { Clock, Emit } from '../../types.ts'
import type { Breaker } from './breaker.ts'
import { fetchUpstream, type UpstreamRequest, type UpstreamResponse } from './fetch-upstream.ts'

/** The retries that an upstream can get. */
export interface RetryBudget {
  /** A request was made. */
  earn(): void
  /** Whether one more may be made. */
  spend(): boolean
}

const tenthsAtStart = 30
const maxTenths = 100
const tenthsPerRetry = 10

/**
 * Creates a budget of a retry for every tenth request, three at the start and ten at most: an upstream that is down gets
 * hardly more requests than one that is up. It counts per isolate.
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
  /** Seconds, at least 1. */
  readonly retryAfter: number

  constructor(waitMs: number) {
    super('ERR_UPSTREAM_PAUSED', 'The upstream failed too often and is paused')
    this.retryAfter = Math.max(1, Math.ceil(waitMs / 1000))
  }
}

/** How a request is sent. */
export interface RetryPolicy {
  readonly upstream: {
    readonly name: string
    readonly retries: RetryBudget
    readonly breaker: Breaker | undefined
  }
  /** Whether a second request does no harm; see {@link isRetryable}. */
  readonly retryable: boolean
  readonly requestId: string
  readonly clock: Clock
  readonly emit: Emit
  /** Called before the retry. */
  onRetry(): void
}

/** Milliseconds; a retry waits a random part of it, so that the retries of many requests do not arrive together. */
const maxPauseMs = 50

/**
 * Whether a request can be sent twice: it changes nothing (RFC 9110 section 9.2.1), or the route
 * says that its upstream knows an Idempotency-Key. A request with a body is not retryable: when it
 * fails, part of the body may have been read.
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

/** A response, and the request that it responds to. */
export interface UpstreamExchange<R extends UpstreamRequest> {
  readonly request: R
  readonly response: UpstreamResponse
}

/**
 * Sends a request, and retries once if the upstream refused or reset the connection before the first byte. Any response is
 * final, 503 included. The deadline covers both attempts.
 *
 * @param build - builds the request; it is called for each attempt, so that nothing of a request is used twice.
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
    // An overloaded Durable Object reports it, and should receive fewer requests.
    if ((error.cause as { overloaded?: unknown } | undefined)?.overloaded === true) throw error
    const retryRequest = await prepareRetry(build, request, startedAt, policy)
    if (retryRequest === undefined) throw error
    return { request: retryRequest, response: await fetchOnce(retryRequest, policy) }
  }
}

/** Waits, and builds the second request; undefined without time, budget or a client for one. */
async function prepareRetry<R extends UpstreamRequest>(
  build: () => R,
  { timeoutMs, signal }: R,
  startedAt: number,
  policy: RetryPolicy,
): Promise<R | undefined> {
  const { upstream, requestId, clock, emit, onRetry } = policy
  if (signal.aborted) return undefined

  const pauseMs = Math.random() * maxPauseMs
  // A clock that went back in the meantime adds no time.
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
  const settleEntered = breaker.enter(clock(), request.timeoutMs)
  if (typeof settleEntered === 'number') throw new UpstreamPaused(settleEntered)

  const settleBreaker = (hasAnswered: boolean): void => {
    const breakerChange = settleEntered(hasAnswered, clock())
    if (breakerChange !== undefined)
      emit({ type: `breaker-${breakerChange}`, subject: upstreamName })
  }

  try {
    const response = await fetchUpstream(request)
    settleBreaker(true)
    return response
  } catch (error) {
    // A client that disconnected, or whose body was rejected, says nothing about the upstream.
    if (isPortcullisError(error) && !request.signal.aborted) settleBreaker(false)
    throw error
  }
}
