/**
 * Computes session timeouts: an absolute one, and an idle one that activity extends. Both engines
 * check every session with it. It is pure, and at exactly a limit a session has ended.
 */

/** Times of a session as they are sealed, in whole seconds since the epoch. */
export interface SessionTimes {
  /** When the session was made. It is rounded down, so a session never ends late. */
  readonly created: number
  /** The last request that was recorded. It trails the last request by at most a tenth of the idle timeout. */
  readonly seen: number
  /** When `start` was called: 0 for an imported session, absent for a visitor's. */
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

/** Clocks of two machines may differ by this many seconds. */
const SKEW = 60

/**
 * Compares the times of a session with the reader's own limits, whatever the cookie was made under. At exactly a limit the
 * session has ended. An idle session ends between nine tenths of the idle timeout and the whole of it, counted from its
 * last request, and never later.
 */
export function checkLifetimes(
  times: SessionTimes,
  limits: LifetimeLimits,
  nowMs: number,
): SessionStatus {
  if (times.created > nowMs + SKEW || times.seen > nowMs + SKEW) return 'from-the-future'
  if (nowMs >= absoluteEnd(times, limits)) return 'expired'
  return nowMs >= idleEnd(times, limits) ? 'idle' : 'alive'
}

/** True if this request has to be recorded, which happens at most once in a tenth of the idle timeout. */
export function isSlideDue(times: SessionTimes, limits: LifetimeLimits, nowMs: number): boolean {
  return nowMs - times.seen >= Math.max(1, Math.floor(findIdleWindow(times, limits) / 10))
}

/** Seconds for which a browser should keep a cookie that is sealed now: until the nearer of the two ends. */
export function cookieAge(times: SessionTimes, limits: LifetimeLimits, nowMs: number): number {
  const idleLimit = times.seen + findIdleWindow(times, limits)
  return Math.max(1, Math.min(absoluteEnd(times, limits), idleLimit) - nowMs)
}

/** The second at which the session ends whatever happens. */
export function absoluteEnd(times: SessionTimes, limits: LifetimeLimits): number {
  return times.created + limits.maxAge
}

/** The second at which the session ends if no request comes. */
export function idleEnd(times: SessionTimes, limits: LifetimeLimits): number {
  return Math.min(times.seen + findIdleWindow(times, limits), absoluteEnd(times, limits))
}

function findIdleWindow(times: SessionTimes, limits: LifetimeLimits): number {
  return times.authenticated === undefined ? limits.anonymousIdle : limits.idleTimeout
}
