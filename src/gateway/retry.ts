/** Asks an upstream, and once more where that can do no harm; not at all where it is paused. */
import { isPortcullisError, PortcullisError } from '../errors.ts'
import {
  fetchUpstream,
  type UpstreamRequest,
  type UpstreamResponse,
} from '../proxy/fetch-upstream.ts'
import type { CompiledGateway } from './compile.ts'
import type { Route } from './routes/route.ts'
import type { CompiledUpstream } from './upstreams.ts'

/** The second tries that an upstream can be asked for. */
export interface RetryBudget {
  /** A request was made. */
  earn(): void
  /** Whether one more may be made. */
  spend(): boolean
}

/**
 * A second try for every tenth request, three at the start and ten at most: an upstream that is down is not asked twice as
 * often as one that is up. Per isolate.
 */
export function createRetryBudget(): RetryBudget {
  let tenths = 30
  return {
    earn(): void {
      if (tenths < 100) tenths++
    },
    spend(): boolean {
      if (tenths < 10) return false
      tenths -= 10
      return true
    },
  }
}

/** An upstream that is not asked for now. */
export class UpstreamPaused extends PortcullisError {
  /** Seconds, at least 1. */
  readonly retryAfter: number

  constructor(waitMs: number) {
    super('ERR_UPSTREAM_PAUSED', 'The upstream failed too often and is not asked for now')
    this.retryAfter = Math.max(1, Math.ceil(waitMs / 1000))
  }
}

/** Whom to ask, and how far to go. */
export interface RetryContext {
  readonly upstream: CompiledUpstream
  /** Whether a second request does no harm; see {@link mayRepeat}. */
  readonly repeatable: boolean
  readonly requestId: string
  /** Called before the second try: what belongs to one request alone is made anew. */
  onRetry(): void
}

/** Milliseconds; the second try waits a random part of it, so that those of many requests do not arrive as one. */
const maxPauseMs = 50

/**
 * Whether a request can be made twice: it changes nothing (RFC 9110 section 9.2.1), or the route says that its upstream
 * knows an Idempotency-Key. One with a body is not: by the time it fails, part of it may be gone.
 */
export function isRetryable(
  { method, headers }: Request,
  { retry }: Route,
  hasBody: boolean,
): boolean {
  if (retry === false || hasBody) return false
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return true
  return (
    retry === 'idempotency-key' &&
    (method === 'PUT' || method === 'DELETE') &&
    headers.has('idempotency-key')
  )
}

/**
 * Asks. Only where the upstream refused or reset before the first byte of an answer is it asked again: an answer, whatever
 * its status, is what it wanted to say, and a 503 is the last thing that wants another request. The deadline is for both
 * tries together.
 *
 * @throws {PortcullisError} `ERR_UPSTREAM_PAUSED`, and what {@link askUpstream} throws
 */
export async function fetchWithRetry(
  plan: CompiledGateway,
  outgoing: UpstreamRequest,
  errand: RetryContext,
): Promise<UpstreamResponse> {
  const { upstream, repeatable, requestId } = errand
  const { retries } = upstream
  retries.earn()
  const began = plan.clock()
  try {
    return await fetchOnce(plan, outgoing, upstream)
  } catch (error) {
    if (
      !repeatable ||
      outgoing.signal.aborted ||
      !isPortcullisError(error, 'ERR_UPSTREAM_UNREACHABLE')
    )
      throw error
    const pause = Math.random() * maxPauseMs
    // A clock that went back in the meantime gives no time that there is not.
    const spent = Math.max(0, plan.clock() - began)
    const timeoutMs = Math.floor(outgoing.timeoutMs - spent - pause)
    if (timeoutMs < 1 || !retries.spend()) throw error
    await new Promise((done) => setTimeout(done, pause))
    if (outgoing.signal.aborted) throw error
    plan.emit({ type: 'upstream-retried', request: requestId, subject: upstream.name })
    errand.onRetry()
    return fetchOnce(plan, { ...outgoing, timeoutMs }, upstream)
  }
}

async function fetchOnce(
  plan: CompiledGateway,
  outgoing: UpstreamRequest,
  { name, breaker }: CompiledUpstream,
): Promise<UpstreamResponse> {
  if (breaker === undefined) return fetchUpstream(outgoing)
  const entered = breaker.enter(plan.clock(), outgoing.timeoutMs)
  if (typeof entered === 'number') throw new UpstreamPaused(entered)
  const settle = (answered: boolean): void => {
    const turn = entered(answered, plan.clock())
    if (turn !== undefined) plan.emit({ type: `breaker-${turn}`, subject: name })
  }
  try {
    const answer = await fetchUpstream(outgoing)
    settle(true)
    return answer
  } catch (error) {
    // A client that left, or whose body was refused, says nothing about the upstream.
    if (isPortcullisError(error) && !outgoing.signal.aborted) settle(false)
    throw error
  }
}
