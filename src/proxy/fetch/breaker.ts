/** Pauses an upstream that keeps failing: visitors are told at once, and it gets time to come back. */
import { checkKeys, createIssues, wholeNumber } from '../../options/index.ts'

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
export type SettleBreaker = (answered: boolean, now: number) => BreakerChange

/** One upstream's breaker, in the memory of one isolate. */
export interface Breaker {
  /**
   * Lets a request go, or says how many milliseconds to wait.
   *
   * @param longestMs - after which a request let through as a probe no longer keeps others waiting, should it never end.
   */
  enter(now: number, longestMs: number): SettleBreaker | number
}

/**
 * Makes the option `breaker` of an upstream. What counts as a failure is no answer at all: refused, reset, or no first byte
 * in time. A 500 or 503 of the upstream is an answer. Whoever can make an upstream fail, by asking for a page that hangs,
 * can with it keep others of the same isolate out for a pause: it is off unless it is set.
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
  const most = wholeNumber(issues, 'failures', failures, 5, { min: 1, max: 1000, unit: 'requests' })
  const windowMs =
    wholeNumber(issues, 'window', window, 10, { min: 1, max: 600, unit: 'seconds' }) * 1000
  const pauseMs =
    wholeNumber(issues, 'pause', pause, 5, { min: 1, max: 300, unit: 'seconds' }) * 1000
  issues.throwIfAny()
  return { start: () => startBreaker(most, windowMs, pauseMs) }
}

/** A span of time in ms. */
interface Span {
  readonly since: number
  readonly lasts: number
}

/** Milliseconds until a span is over; undefined where it is, or where the clock went back to before it began. */
function readRemaining({ since, lasts }: Span, now: number): number | undefined {
  const age = now - since
  return age >= 0 && age < lasts ? lasts - age : undefined
}

function startBreaker(most: number, windowMs: number, pauseMs: number): Breaker {
  let [ended, failed] = [0, 0]
  let window: Span | undefined
  /** While it is open: until when no probe may go. */
  let pause: Span | undefined

  function settle(answered: boolean, now: number): BreakerChange {
    // Begun before it opened: what it says is old.
    if (pause !== undefined) return undefined
    if (window === undefined || readRemaining(window, now) === undefined) {
      window = { since: now, lasts: windowMs }
      ended = 0
      failed = 0
    }
    ended++
    if (answered) return undefined
    failed++
    if (failed < most || failed * 2 < ended) return undefined
    pause = { since: now, lasts: pauseMs }
    return 'opened'
  }

  function settleProbe(answered: boolean, now: number): BreakerChange {
    if (pause === undefined) return undefined
    if (!answered) {
      pause = { since: now, lasts: pauseMs }
      return undefined
    }
    pause = undefined
    window = undefined
    return 'closed'
  }

  return {
    enter(now, longestMs): SettleBreaker | number {
      if (pause === undefined) return settle

      // The clock went back: the pause begins again from here, and is not as long as that besides.
      if (now < pause.since) pause = { since: now, lasts: pauseMs }
      const left = readRemaining(pause, now)
      if (left !== undefined) return left

      pause = { since: now, lasts: longestMs }
      return settleProbe
    },
  }
}
