/**
 * Defines what a stateless session needs a store for (a list of ended sessions, and a number per
 * user that ends all of them), and keeps both in memory. `session/stateless` calls the verbs.
 * Wrong options are a `ConfigError`; another isolate knows nothing of these revocations.
 */

import { checkKeys, createIssues, optionalFunction, parseWholeNumber } from '../options/index.ts'
import type { Clock } from '../types.ts'
import type { StoreContext } from './contract.ts'
import { createEndedMarks } from './ended-marks.ts'
import type { EndMarkedOptions } from './mark-types.ts'

/** Digests by which a session is looked up, and the generation of its user when it was made. */
export interface Claim {
  /** Digest of the session's id. */
  readonly id: string
  /** Digest of its user; absent where it has none. */
  readonly user?: string
  /** The user's generation then; 0 where there had been no `endAll`. */
  readonly generation: number
  /** Digest of an outside session that it depends on; absent where there is none. */
  readonly mark?: string
}

/**
 * Ended sessions, until they would have ended anyway, and generations of users. Wall clocks cannot say what is older: a
 * counter can. Whoever loses what was stored forgets ended sessions, and ends those of users who had an `endAll`.
 */
export interface RevocationStore {
  /**
   * Whether the session may go on: its id is not revoked, its generation is still its user's, and
   * its mark has not ended.
   */
  check(claim: Claim, context: StoreContext): Promise<boolean>
  /** Ends a session: its id stays revoked for `life` ms. */
  revoke(id: string, life: number, context: StoreContext): Promise<void>
  /** The generation for a new session of a user; it is kept for another `life` ms. */
  generation(user: string, life: number, context: StoreContext): Promise<number>
  /** Ends every session of a user: the next generation, kept for `life` ms. */
  advance(user: string, life: number, context: StoreContext): Promise<number>
  /** Ends every session with this mark; see `AtomicStore.endMarked`. Optional. */
  endMarked?(mark: string, options: EndMarkedOptions, context: StoreContext): Promise<boolean>
}

/** Options of {@link memoryRevocations}. Absent = default. */
export interface MemoryRevocationsOptions {
  /** Entries that are kept; the oldest go first. Default 100,000, at most 1,000,000. */
  readonly maxEntries?: number
  /** Now; for tests. Default `Date.now`. */
  readonly clock?: Clock
}

/**
 * Revocations in the memory of one isolate: for development, tests and a single process. Another isolate knows nothing of
 * them.
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
  const entries = new Map<string, { readonly value: number; readonly until: number }>()

  function get(key: string): number | undefined {
    const entry = entries.get(key)
    if (entry === undefined || entry.until > clock()) return entry?.value
    entries.delete(key)
    return undefined
  }

  function put(key: string, value: number, life: number): void {
    entries.delete(key)
    for (const [oldest, { until }] of entries) {
      if (entries.size < maxEntries && until > clock()) break
      entries.delete(oldest)
    }
    entries.set(key, { value, until: clock() + life })
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
    async endMarked(mark, { life, once }) {
      return endedMarks.end(mark, life, once)
    },
  }
}
