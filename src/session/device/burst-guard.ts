/**
 * Bounds how often one session may call the device endpoints, which run before every rate limit.
 * `endpoints.ts` asks it for each request. A request above the bound is answered with 503, which
 * ends no session.
 */
import { createBoundedMap, type ExpiringValue } from '../../memory/bounded-map.ts'
import type { Clock } from '../../types.ts'

/** Requests of one session in a minute: a browser needs three for a login, and two for a refresh. */
const maxPerMinute = 60
/** Sessions that are counted; beyond it the oldest is forgotten. */
const maxSessions = 10_000
const minuteMs = 60_000

/** Whether a session with this cookie may ask once more. */
export type BurstGuard = (token: string) => boolean

/**
 * Creates the guard. It counts in this isolate, by the end of the cookie, and keeps no whole cookie.
 * What is above the bound is answered 503, which ends nothing.
 */
export function createBurstGuard(clock: Clock): BurstGuard {
  const counts = createBoundedMap<ExpiringValue & { since: number; count: number }>(maxSessions)

  return (token) => {
    const key = token.slice(-22)
    const now = clock()
    const entry = counts.get(key, now)
    // A clock that went back begins a new minute.
    if (entry !== undefined && now >= entry.since) {
      entry.count += 1
      return entry.count <= maxPerMinute
    }

    counts.put(key, { since: now, count: 1, until: now + minuteMs }, now)
    return true
  }
}
