/**
 * Remembers that a store is unavailable, so that requests need not each wait out the time limit to
 * learn it. Connections to Redis, D1 and Postgres ask it. It works per isolate, and holds a few
 * numbers and nothing of any request.
 */
import type { StoreError } from './failure.ts'

/** Whether a store may be asked, and what became of it. */
export interface StoreBreaker {
  /** Whether this question may go out. While the store is away one at a time does, to see whether it is back. */
  admit(): boolean
  /** Notes that the store answered, whatever it said. True where it had been away. */
  succeed(): boolean
  /** Notes that it could not be asked. True where it counts as away from now on. */
  fail(error: StoreError): boolean
}

/** Between two questions to a store that is away: it is back within this, the time limit, and a moment. */
const pauseMs = 250
/** Failures in a row, other than by the time limit, after which a store is away: they cost nobody a wait. */
const maxFailures = 10

/** Makes a breaker. The store is there until it proves otherwise. */
export function createStoreBreaker(clock: () => number = Date.now): StoreBreaker {
  let failures = 0
  let away = false
  let askAgainAt = 0
  let isAsking = false

  return {
    admit() {
      if (!away) return true
      // A question whose outcome nobody reported, since its request was cancelled, blocks the next ones no longer than this.
      if (isAsking && clock() < askAgainAt + 30_000) return false
      if (clock() < askAgainAt) return false
      isAsking = true
      return true
    },
    succeed() {
      const wasAway = away
      failures = 0
      away = isAsking = false
      return wasAway
    },
    fail({ reason }) {
      const wasAway = away
      failures++
      isAsking = false
      // One answer that took too long is enough: everybody would wait as long.
      away ||= reason === 'timeout' || failures >= maxFailures
      askAgainAt = clock() + pauseMs
      return away && !wasAway
    },
  }
}
