/** Two clocks: an absolute one that nothing stops, an idle one that activity winds up. Pure. */

/** Times of a session, in whole seconds since the epoch, as they are sealed. */
export interface SessionTimes {
  /** When it was made. Rounded down, so an end is never late. */
  readonly created: number
  /** The last request that was noted; trails the last request by at most a tenth of the idle window. */
  readonly seen: number
  /** When `start` was called; 0 for an imported session, absent for a visitor's. */
  readonly authenticated?: number
}

/** Limits in seconds. */
export interface LifetimeLimits {
  readonly maxAge: number
  readonly idleTimeout: number
  readonly anonymousIdle: number
}

/** What the clocks say. */
export type SessionStatus = 'alive' | 'expired' | 'idle' | 'from-the-future'

/** Clocks of two machines may differ by this much, in seconds. */
const SKEW = 60

/**
 * Judges a session by the reader's own limits, whatever the cookie was made under. At exactly a limit it has ended.
 * An idle session ends between nine tenths of the limit and the limit after its last request, never later.
 */
export function checkLifetimes(
  times: SessionTimes,
  limits: LifetimeLimits,
  now: number,
): SessionStatus {
  if (times.created > now + SKEW || times.seen > now + SKEW) return 'from-the-future'
  if (now >= absoluteEnd(times, limits)) return 'expired'
  return now >= idleEnd(times, limits) ? 'idle' : 'alive'
}

/** Whether a request now is worth noting: at most once per tenth of the idle window. */
export function isSlideDue(times: SessionTimes, limits: LifetimeLimits, now: number): boolean {
  return now - times.seen >= Math.max(1, Math.floor(findIdleWindow(times, limits) / 10))
}

/** Seconds for which a cookie sealed now is worth keeping: until the nearer of the two ends. */
export function cookieAge(times: SessionTimes, limits: LifetimeLimits, now: number): number {
  return Math.max(
    1,
    Math.min(absoluteEnd(times, limits), times.seen + findIdleWindow(times, limits)) - now,
  )
}

/** When it ends whatever happens. */
export function absoluteEnd(times: SessionTimes, limits: LifetimeLimits): number {
  return times.created + limits.maxAge
}

/** When it ends if nothing happens. */
export function idleEnd(times: SessionTimes, limits: LifetimeLimits): number {
  return Math.min(times.seen + findIdleWindow(times, limits), absoluteEnd(times, limits))
}

function findIdleWindow(times: SessionTimes, limits: LifetimeLimits): number {
  return times.authenticated === undefined ? limits.anonymousIdle : limits.idleTimeout
}
