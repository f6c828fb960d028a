/**
 * Computes the timeouts of a session: an absolute one, and an idle one that activity extends. Both
 * engines check every session with it when they load it; the cookie's Max-Age and `info()` use it too.
 *
 * All times are whole seconds since the epoch, also the parameter `nowSeconds`. The functions are pure and
 * never throw. At exactly a timeout a session has ended. Times up to a minute ahead of the clock are
 * accepted.
 */

/** The times that are sealed into a session, in whole seconds since the epoch. */
export interface SessionTimes {
  /** When the session was created, rounded down so that a session never ends late. */
  readonly created: number
  /** The last request that was recorded. It trails the last request by at most a tenth of the idle timeout. */
  readonly seen: number
  /** When the user authenticated: 0 for an imported session, 1 for an unknown time, absent for a visitor's session. */
  readonly authenticated?: number
}

/** Limits in seconds. */
export interface LifetimeLimits {
  readonly maxAge: number
  readonly idleTimeout: number
  readonly anonymousIdle: number
}

/** The state of a session at a moment. */
export type SessionStatus = 'alive' | 'expired' | 'idle' | 'from-the-future'

/** Seconds by which the clocks of two machines may differ. */
const SKEW = 60

/**
 * Compares the times of a session with the limits of this deployment, even if the cookie was sealed under other limits.
 * An idle session ends after nine tenths to ten tenths of the idle timeout since its last request, because not every
 * request is recorded.
 */
export function checkLifetimes(
  times: SessionTimes,
  limits: LifetimeLimits,
  nowSeconds: number,
): SessionStatus {
  if (times.created > nowSeconds + SKEW || times.seen > nowSeconds + SKEW) return 'from-the-future'
  if (nowSeconds >= absoluteEnd(times, limits)) return 'expired'
  return nowSeconds >= idleEnd(times, limits) ? 'idle' : 'alive'
}

/** True if this request must be recorded, which happens at most once in each tenth of the idle timeout. */
export function isSlideDue(
  times: SessionTimes,
  limits: LifetimeLimits,
  nowSeconds: number,
): boolean {
  return nowSeconds - times.seen >= Math.max(1, Math.floor(findIdleWindow(times, limits) / 10))
}

/** Returns the Max-Age of a cookie that is sealed now: the seconds until the earlier of the two timeouts. */
export function cookieAge(times: SessionTimes, limits: LifetimeLimits, nowSeconds: number): number {
  const idleLimit = times.seen + findIdleWindow(times, limits)
  return Math.max(1, Math.min(absoluteEnd(times, limits), idleLimit) - nowSeconds)
}

/** Returns the second of the absolute timeout. */
export function absoluteEnd(times: SessionTimes, limits: LifetimeLimits): number {
  return times.created + limits.maxAge
}

/** Returns the second at which the session ends if no further request comes. */
export function idleEnd(times: SessionTimes, limits: LifetimeLimits): number {
  return Math.min(times.seen + findIdleWindow(times, limits), absoluteEnd(times, limits))
}

function findIdleWindow(times: SessionTimes, limits: LifetimeLimits): number {
  return times.authenticated === undefined ? limits.anonymousIdle : limits.idleTimeout
}
