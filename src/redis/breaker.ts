/**
 * Remembers that a store is unavailable, so that requests fail immediately instead of each waiting
 * for the time limit (a circuit breaker). Connections to Redis and the D1 and Postgres stores ask
 * it before a call and report the outcome. It throws nothing; a call that it does not admit is the
 * caller's to reject. Each isolate has its own, with a few numbers and nothing of any request. A
 * call whose outcome is never reported blocks the next trial for 30 s.
 */
import type { StoreError } from './failure.ts'

/** The breaker of one store. */
export interface StoreBreaker {
  /**
   * Reports whether a call may be sent. While the store is unavailable, one call at a time may, to
   * find out whether it is back.
   */
  admit(): boolean
  /**
   * Records that the store replied, even with an error. Returns true if it was unavailable before.
   */
  succeed(): boolean
  /**
   * Records that the store could not be reached. Returns true if it counts as unavailable from now
   * on.
   */
  fail(error: StoreError): boolean
}

/**
 * Milliseconds between two calls to an unavailable store. Its return is noticed within this time
 * plus the time limit.
 */
const pauseMs = 250
/**
 * The number of consecutive failures, other than timeouts, after which a store is unavailable.
 * These failures are quick, so nobody has to wait for them.
 */
const maxFailures = 10

/** Creates a breaker. The store counts as available until calls fail. */
export function createStoreBreaker(clock: () => number = Date.now): StoreBreaker {
  let failures = 0
  let isUnavailable = false
  let retryAt = 0
  let isTrying = false

  return {
    admit() {
      if (!isUnavailable) return true
      // A call whose request was cancelled never reports its outcome. It blocks the next trial for
      // at most this long.
      if (isTrying && clock() < retryAt + 30_000) return false
      if (clock() < retryAt) return false
      isTrying = true
      return true
    },
    succeed() {
      const wasUnavailable = isUnavailable
      failures = 0
      isUnavailable = isTrying = false
      return wasUnavailable
    },
    fail({ reason }) {
      const wasUnavailable = isUnavailable
      failures++
      isTrying = false
      // One timeout is enough, because every other request would wait as long.
      isUnavailable ||= reason === 'timeout' || failures >= maxFailures
      retryAt = clock() + pauseMs
      return isUnavailable && !wasUnavailable
    },
  }
}
