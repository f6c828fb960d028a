/**
 * Creates circuit breakers, which pause an upstream that keeps failing: clients get a response immediately, and the
 * upstream gets time to recover. Applications pass `circuitBreaker()` to an upstream or to `proxy()`; their options
 * start a breaker for each upstream, and `retry.ts` asks it before each request. Wrong options throw a `ConfigError`
 * (`ERR_CONFIG`). A breaker counts in the memory of one isolate, so each isolate pauses by itself.
 */
import { checkKeys, createIssues, parseWholeNumber } from '../../options/index.ts'

/** Options of {@link circuitBreaker}. */
export interface BreakerOptions {
  /**
   * Number of requests that must fail within a window, and at least half of those that ended in it. Default 5, at most
   * 1,000.
   */
  readonly failures?: number
  /** Seconds of a window. Default 10, at most 600. */
  readonly window?: number
  /** Seconds for which no request is sent. Then one request is sent, and its result decides. Default 5, at most 300. */
  readonly pause?: number
}

/**
 * The rules that {@link circuitBreaker} creates. Each upstream that has them gets a breaker of its
 * own.
 */
export interface BreakerRules {
  /** Creates the breaker of one upstream. It is closed, so that requests are sent. */
  start(): Breaker
}

/** The change of a breaker at the end of a request; undefined if it has not changed. */
export type BreakerChange = 'opened' | 'closed' | undefined

/** Records whether the upstream has responded. It is not called for a request whose client disconnected. */
export type SettleBreaker = (hasAnswered: boolean, now: number) => BreakerChange

/** One upstream's breaker, in the memory of one isolate. */
export interface Breaker {
  /**
   * Asks whether a request may be sent. Returns the function that records its result, or the milliseconds to wait.
   *
   * @param longestMs - maximum milliseconds of the request. If it is the probe after a pause and its result is not
   *   recorded by then, another request may be the probe.
   */
  enter(now: number, longestMs: number): SettleBreaker | number
}

/**
 * Creates the option `breaker` of an upstream. Only the absence of a response counts as a failure:
 * a connection that is refused or reset, or no first byte in time. A 500 or 503 of the upstream is a
 * response. A client that can make an upstream fail, by a page that hangs for example, can lock out the
 * other clients of the same isolate for the pause. Therefore the option is off by default.
 *
 * It counts in the memory of one isolate, and each isolate starts with a closed breaker.
 *
 * @example
 * ```ts
 * const app = { url: 'http://10.0.0.7:3000', breaker: circuitBreaker({ failures: 10 }) }
 * ```
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function circuitBreaker(options: BreakerOptions = {}): BreakerRules {
  const issues = createIssues('circuitBreaker')
  checkKeys(issues, options, ['failures', 'window', 'pause'])
  const { failures, window, pause } = { ...options }
  const maxFailures =
    parseWholeNumber(issues, 'failures', failures, {
      min: 1,
      max: 1000,
      unit: 'requests',
    }) ?? 5

  const windowMs =
    (parseWholeNumber(issues, 'window', window, { min: 1, max: 600, unit: 'seconds' }) ?? 10) * 1000
  const pauseMs =
    (parseWholeNumber(issues, 'pause', pause, { min: 1, max: 300, unit: 'seconds' }) ?? 5) * 1000
  issues.throwIfAny()

  return { start: () => startBreaker(maxFailures, windowMs, pauseMs) }
}

/** A span of time, in milliseconds. */
interface Span {
  readonly since: number
  readonly lasts: number
}

/**
 * Returns the milliseconds until a span is over; undefined if it is over, or if the clock was set back to before its
 * start.
 */
function readRemaining(
  { since: startedAt, lasts: durationMs }: Span,
  now: number,
): number | undefined {
  const elapsedMs = now - startedAt
  return elapsedMs >= 0 && elapsedMs < durationMs ? durationMs - elapsedMs : undefined
}

function startBreaker(maxFailures: number, windowMs: number, pauseMs: number): Breaker {
  let [endedCount, failedCount] = [0, 0]
  let countWindow: Span | undefined
  // The time in which no probe may be sent; undefined while the breaker is closed.
  let pauseSpan: Span | undefined

  function settle(hasAnswered: boolean, now: number): BreakerChange {
    // The breaker has opened since this request began, so its result no longer counts.
    if (pauseSpan !== undefined) return undefined
    if (countWindow === undefined || readRemaining(countWindow, now) === undefined) {
      countWindow = { since: now, lasts: windowMs }
      endedCount = 0
      failedCount = 0
    }

    endedCount++
    if (hasAnswered) return undefined
    failedCount++
    if (failedCount < maxFailures || failedCount * 2 < endedCount) return undefined
    pauseSpan = { since: now, lasts: pauseMs }

    return 'opened'
  }

  function settleProbe(hasAnswered: boolean, now: number): BreakerChange {
    if (pauseSpan === undefined) return undefined
    if (!hasAnswered) {
      pauseSpan = { since: now, lasts: pauseMs }
      return undefined
    }

    pauseSpan = undefined
    countWindow = undefined

    return 'closed'
  }

  return {
    enter(now, longestMs): SettleBreaker | number {
      if (pauseSpan === undefined) return settle

      // The clock was set back. The pause begins again, so that it does not last longer than
      // configured.
      if (now < pauseSpan.since) pauseSpan = { since: now, lasts: pauseMs }
      const remainingMs = readRemaining(pauseSpan, now)
      if (remainingMs !== undefined) return remainingMs

      pauseSpan = { since: now, lasts: longestMs }

      return settleProbe
    },
  }
}
