/**
 * Defines the store of revocations that makes stateless sessions revocable, and implements it in memory:
 * ids of sessions that have ended, and a counter (generation) for each user that ends all sessions of
 * the user. `session/stateless` calls the methods; applications pass `memoryRevocations()` to
 * `revocable`; `upstash/revocations.ts` implements it in Redis.
 *
 * Wrong options throw `ERR_CONFIG`. In memory, another isolate does not see the revocations, all are lost
 * when the isolate ends, and beyond `maxEntries` (100,000) the oldest are deleted early.
 */

import { createBoundedMap, type ExpiringValue } from '../memory/bounded-map.ts'
import { checkKeys, createIssues, optionalFunction, parseWholeNumber } from '../options/index.ts'
import type { Clock } from '../types.ts'
import type { StoreContext } from './contract.ts'
import { createEndedMarks } from './ended-marks.ts'
import type { EndMarkedOptions } from './mark-types.ts'

/** The digests of a session, and the generation of its user at the time of its creation. */
export interface Claim {
  /** Digest of the session's id. */
  readonly id: string
  /** Digest of the session's user; absent where it has none. */
  readonly user?: string
  /** The user's generation when the session was created; 0 if there had been no `endAll`. */
  readonly generation: number
  /** Digest of an outside session that the session depends on; absent where there is none. */
  readonly mark?: string
}

/**
 * Stores the ids of ended sessions until they would have expired, and the generations of users. Generations are
 * counters, because clocks of different machines cannot tell which of two events came first. If the stored data is
 * lost, ended sessions are valid again, and sessions of users who had an `endAll` end.
 */
export interface RevocationStore {
  /**
   * Whether a session is still valid: its id is not revoked, its generation equals that of its user, and its mark has
   * not ended.
   */
  check(claim: Claim, context: StoreContext): Promise<boolean>
  /** Ends a session: its id stays revoked for `life` ms. */
  revoke(id: string, life: number, context: StoreContext): Promise<void>
  /** Returns the generation for a new session of a user, and keeps the counter for another `life` ms. */
  generation(user: string, life: number, context: StoreContext): Promise<number>
  /** Ends every session of a user by advancing the generation, which is kept for `life` ms. */
  advance(user: string, life: number, context: StoreContext): Promise<number>
  /** Ends every session with this mark; see `AtomicStore.endMarked`. Optional. */
  endMarked?(mark: string, options: EndMarkedOptions, context: StoreContext): Promise<boolean>
}

/** Options of {@link memoryRevocations}. Absent = default. */
export interface MemoryRevocationsOptions {
  /** Most entries; beyond that expired ones are deleted first, then the oldest. Default 100,000, at most 1,000,000. */
  readonly maxEntries?: number
  /** Returns the current time; for tests. Default `Date.now`. */
  readonly clock?: Clock
}

/**
 * Creates a store of revocations in the memory of one isolate: for development, tests and a single process. Another
 * isolate does not see them.
 *
 * @example
 * ```ts
 * const sessions = statelessSessions({ secret, revocation: revocable({ store: memoryRevocations() }) })
 * ```
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function memoryRevocations(options: MemoryRevocationsOptions = {}): RevocationStore {
  const issues = createIssues()
  checkKeys(issues, options, ['maxEntries', 'clock'])
  const bounds = { min: 1, max: 1_000_000, unit: 'entries' }
  const maxEntries = parseWholeNumber(issues, 'maxEntries', options?.maxEntries, bounds) ?? 100_000
  const clock = optionalFunction(issues, 'clock', options?.clock) ?? Date.now
  issues.throwIfAny()
  const endedMarks = createEndedMarks(maxEntries, clock)
  const entries = createBoundedMap<ExpiringValue & { readonly value: number }>(maxEntries)

  const get = (key: string): number | undefined => entries.get(key, clock())?.value

  function put(key: string, value: number, life: number): void {
    const now = clock()
    entries.put(key, { value, until: now + life }, now)
  }

  return {
    async check({ id, user, generation, mark }) {
      if (mark !== undefined && endedMarks.has(mark)) return false
      return (
        get(`r ${id}`) === undefined &&
        (user === undefined || (get(`g ${user}`) ?? 0) === generation)
      )
    },
    async revoke(id, life) {
      if (life > 0) put(`r ${id}`, 1, life)
    },
    async generation(user, life) {
      const now = get(`g ${user}`)
      if (now !== undefined) put(`g ${user}`, now, life)
      return now ?? 0
    },
    async advance(user, life) {
      const next = (get(`g ${user}`) ?? 0) + 1
      put(`g ${user}`, next, life)
      return next
    },
    async endMarked(mark, options) {
      return endedMarks.end(mark, options)
    },
  }
}
