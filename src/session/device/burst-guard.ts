/**
 * Limits how often one session may call the device endpoints, which run before every rate limit.
 * `endpoints.ts` asks it for each request to them, and answers 503 above 60 requests in a minute, which
 * does not end the browser's session.
 *
 * It counts in the memory of one isolate, by the last characters of the session's cookie, for at most
 * 10,000 sessions; beyond that the oldest count is dropped. It never throws.
 */
import { createBoundedMap, type ExpiringValue } from '../../memory/bounded-map.ts'
import type { Clock } from '../../types.ts'

/** Most requests of one session in a minute. A browser needs three for a login, and two for a refresh. */
const maxPerMinute = 60
/** Most sessions that are counted; beyond that the oldest count is dropped. */
const maxSessions = 10_000
const minuteMs = 60_000

/** Counts a request of the session with this cookie, and returns whether it is within the limit. */
export type BurstGuard = (token: string) => boolean

/** Creates the guard. It keeps only the last 22 characters of a cookie, never a whole one. */
export function createBurstGuard(clock: Clock): BurstGuard {
  const counts = createBoundedMap<ExpiringValue & { since: number; count: number }>(maxSessions)

  return (token) => {
    // A slice of a long string keeps all of it in memory, here the whole Cookie header; this copies the characters.
    const key = [...token.slice(-22)].join('')
    const now = clock()
    const entry = counts.get(key, now)
    // If the clock was set back, a new minute begins.
    if (entry !== undefined && now >= entry.since) {
      entry.count += 1
      return entry.count <= maxPerMinute
    }

    counts.put(key, { since: now, count: 1, until: now + minuteMs }, now)
    return true
  }
}
