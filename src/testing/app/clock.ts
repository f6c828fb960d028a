/**
 * Creates a clock for tests, which stands still until a test moves it. Tests pass it to the option
 * `clock` of sessions, limits, logins and the test browser. It throws nothing. It does not move
 * real timers or the expiry of a real store such as Redis.
 */
import type { Clock } from '../../types.ts'

/** A clock that a test moves. It fits every option `clock` of the library. */
export interface TestClock extends Clock {
  /** Lets time pass, in milliseconds. A negative number sets the clock back. */
  elapse(ms: number): void
}

/**
 * Creates a clock that stands still until `elapse` moves it.
 *
 * @param startMs - what it shows first, in milliseconds since the epoch.
 * @example
 * ```ts
 * const clock = createClock()
 * const sessions = statelessSessions({ secret, maxAge: 3600, clock })
 * clock.elapse(3_600_000)
 * ```
 */
export function createClock(startMs: number = Date.now()): TestClock {
  let currentMs = startMs
  return Object.assign(() => currentMs, {
    elapse(ms: number): void {
      currentMs += ms
    },
  })
}
