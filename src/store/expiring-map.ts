/**
 * A bounded map of session rows that expire, together with the lists of users' sessions. `memory.ts`
 * stores its rows in it.
 *
 * When the map is full, expired entries are deleted first, then those that were not written for the
 * longest time, even if their session is alive. Expired entries stay in memory until they are read or the
 * map is full. Nothing throws; a key that is absent reads as undefined.
 */
import { createBoundedMap } from '../memory/bounded-map.ts'
import type { Clock } from '../types.ts'

/** The row of a session. */
export interface LiveEntry {
  readonly version: number
  readonly record: string
  readonly seen: number
  readonly end: number
  readonly index?: string
  /** When the entry expires, in milliseconds since the epoch by the clock of the map. */
  readonly until: number
}

/**
 * The mark that a session has ended. If a login replaced it, `last` is its row and `by` the index of the new session.
 */
export interface Mark {
  readonly until: number
  readonly last?: LiveEntry
  readonly by?: string | undefined
}

/** A row, or the mark that a session has ended. */
export type MapEntry = LiveEntry | Mark

/** Entries by key, and for each index its members by key with their absolute ends. */
export interface ExpiringMap {
  get(key: string): MapEntry | undefined
  /** Stores an entry as the newest one. A full map first deletes expired entries, then the oldest. */
  put(key: string, entry: MapEntry): void
  /** Deletes an entry, also from its list. */
  delete(key: string): void
  lists(index: string, key: string): boolean
  members(index: string): string[]
  enlist(index: string, key: string, end: number): void
  delist(index: string, key: string): void
  /** Delists members that are no longer alive, then those that end first, until at most so many are left. */
  dropMembers(index: string, left: number, isAlive: (entry: MapEntry) => boolean): void
}

/** Creates an empty map that holds at most `maxEntries`. */
export function createExpiringMap(maxEntries: number, clock: Clock): ExpiringMap {
  const indexes = new Map<string, Map<string, number>>()
  const entries = createBoundedMap<MapEntry>(maxEntries, (key, entry) => {
    // Deleted rows are removed from their list too, so that lists cannot grow without bound.
    if ('index' in entry && entry.index !== undefined) removeFromIndex(entry.index, key)
  })

  function removeFromIndex(index: string, key: string): void {
    const members = indexes.get(index)
    members?.delete(key)
    if (members?.size === 0) indexes.delete(index)
  }

  const get = (key: string): MapEntry | undefined => entries.get(key, clock())

  return {
    get,
    put: (key, entry) => entries.put(key, entry, clock()),
    delete: entries.delete,
    lists: (index, key) => indexes.get(index)?.has(key) ?? false,
    members: (index) => [...(indexes.get(index)?.keys() ?? [])],
    enlist(index, key, end) {
      const members = indexes.get(index) ?? new Map<string, number>()
      members.set(key, end)
      indexes.set(index, members)
    },
    delist: removeFromIndex,
    dropMembers(index, left, isAlive) {
      if ((indexes.get(index)?.size ?? 0) <= left) return

      for (const key of [...(indexes.get(index)?.keys() ?? [])]) {
        const entry = get(key)
        if (entry === undefined || !isAlive(entry)) removeFromIndex(index, key)
      }

      const members = [...(indexes.get(index) ?? [])].sort(([, a], [, b]) => a - b)
      for (const [key] of members.slice(0, Math.max(0, members.length - left)))
        removeFromIndex(index, key)
    },
  }
}
