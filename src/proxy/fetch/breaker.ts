/**
 * Pauses an upstream that keeps failing: clients get a response immediately, and the upstream gets
 * time to recover. Applications pass `circuitBreaker()` to an upstream, and `retry.ts` asks it.
 * Wrong options are a `ConfigError`.
 */
import { checkKeys, createIssues, parseWholeNumber } from '../../options/index.ts'

/** Options of {@link circuitBreaker}. */
export interface BreakerOptions {
  /** Requests that must fail within a window, and be at least half of those that ended in it. Default 5, at most 1,000. */
  readonly failures?: number
  /** Seconds of a window. Default 10, at most 600. */
  readonly window?: number
  /** Seconds without a request; then one is let through, and its end decides. Default 5, at most 300. */
  readonly pause?: number
}

/**
 * The rules that {@link circuitBreaker} creates. Each upstream that has them gets a breaker of its
 * own.
 */
export interface BreakerRules {
  /** One upstream's breaker, closed. */
  start(): Breaker
}

/** The change of a breaker when a request ended. */
export type BreakerChange = 'opened' | 'closed' | undefined

/** Takes whether a request was answered at all. A request whose client left is never settled. */
export type SettleBreaker = (hasAnswered: boolean, now: number) => BreakerChange

/** One upstream's breaker, in the memory of one isolate. */
export interface Breaker {
  /**
   * Lets a request go, or returns the milliseconds to wait.
   *
   * @param longestMs - after which a request let through as a probe no longer keeps others waiting, should it never end.
   */
  enter(now: number, longestMs: number): SettleBreaker | number
}

/**
 * Creates the option `breaker` of an upstream. Only the absence of a response counts as a failure:
 * refused, reset, or no first byte in time. A 500 or 503 of the upstream is a response. A client
 * that can make an upstream fail, with a page that hangs, can thereby lock out the other clients of
 * the same isolate for a pause: the option is off by default.
 *
 * It counts per isolate: each finds out for itself, and starts closed.
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

/** A span of time in ms. */
interface Span {
  readonly since: number
  readonly lasts: number
}

/** Milliseconds until a span is over; undefined where it is, or where the clock went back to before it began. */
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
  /** While it is open: until when no probe may go. */
  let pauseSpan: Span | undefined

  function settle(hasAnswered: boolean, now: number): BreakerChange {
    // The request began before the breaker opened: its result is outdated.
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

      // The clock went back: the pause begins again, so that it does not last longer than
      // configured.
      if (now < pauseSpan.since) pauseSpan = { since: now, lasts: pauseMs }
      const remainingMs = readRemaining(pauseSpan, now)
      if (remainingMs !== undefined) return remainingMs

      pauseSpan = { since: now, lasts: longestMs }

      return settleProbe
    },
  }
}
