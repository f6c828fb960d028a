/** Sessions in the memory of one isolate, for development, tests and single processes. */
import { checkKeys, createIssues, optionalFunction, parseWholeNumber } from '../options/index.ts'
import type { Clock } from '../types.ts'
import type { AtomicStore, Conflict, Found, Gone, ReadAt, Ref, Row } from './contract.ts'
import { createEndedMarks } from './ended-marks.ts'
import { createExpiringMap, type LiveEntry, type MapEntry, type Mark } from './expiring-map.ts'
import { validateBounds, validateSize } from './size.ts'
import { createWriteIds } from './write-ids.ts'

/** Options of {@link memoryStore}. Absent = default. */
export interface MemoryStoreOptions {
  /** Rows and marks of ended sessions that are kept. Default 10,000, at most 1,000,000. When full, expired ones go first, then those unused for longest. */
  readonly maxEntries?: number
  /** Sessions one user may have. Default 100, at most 1,000; the oldest go first. */
  readonly maxPerUser?: number
  /** Bytes a record may have. Default 32,768, at most 1,000,000: as in Redis, so that what works here works there. */
  readonly maxBytes?: number
  /** Now, for expiry; judging uses the caller's time. Default `Date.now`. */
  readonly clock?: Clock
}

/**
 * Makes a store in memory with all atomic verbs. It is **per isolate**: Workers run many isolates at once and end them at
 * will, so a session made in one is unknown in the next. Use it in development, in tests, or in one long-lived process.
 *
 * @example
 * ```ts
 * const sessions = storedSessions({ secret, store: memoryStore() })
 * ```
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function memoryStore(options: MemoryStoreOptions = {}): AtomicStore {
  const issues = createIssues()
  checkKeys(issues, options, ['maxEntries', 'maxPerUser', 'maxBytes', 'clock'])
  const given = (options ?? {}) as MemoryStoreOptions
  const maxEntries =
    parseWholeNumber(issues, 'maxEntries', given.maxEntries, {
      min: 1,
      max: 1_000_000,
      unit: 'entries',
    }) ?? 10_000
  const { maxPerUser, maxBytes } = validateBounds(given, issues)
  const clock = optionalFunction(issues, 'clock', given.clock) ?? Date.now
  issues.throwIfAny()
  const rows = createExpiringMap(maxEntries, clock)
  const writes = createWriteIds(clock)
  const endedMarks = createEndedMarks(maxEntries, clock)

  function createEntry(row: Row): void {
    rows.put(row.key, {
      version: 1,
      record: row.record,
      seen: row.now,
      end: row.end,
      until: clock() + Math.min(row.idle, row.end - row.now),
      ...(row.index !== undefined && { index: row.index }),
    })
    writes.remember(row.key, row.write, 1)
    if (row.index === undefined) return

    // The dead first: whoever is at work on another device is not signed out for the sake of sessions that idled out.
    rows.dropMembers(row.index, maxPerUser - 1, (entry) => isRow(entry) && !isOver(entry, row))
    rows.enlist(row.index, row.key, row.end)
  }

  /** The entry of a session that lives now, or why there is none. Touches nothing. */
  function findLive(ref: Ref, at: { now: number; idle: number }): LiveEntry | Gone {
    if (ref.mark !== undefined && endedMarks.has(ref.mark)) return { is: 'ended' }
    const entry = rows.get(ref.key)
    if (entry === undefined) return { is: 'none' }
    if (!isRow(entry) || (ref.index !== undefined && !rows.lists(ref.index, ref.key)))
      return { is: 'ended' }
    // Judged before anything slides: a later deploy with a shorter limit must not revive what it finds dead.
    return isOver(entry, at) ? { is: 'expired' } : entry
  }

  function touch(key: string, entry: LiveEntry, at: { now: number; idle: number }): LiveEntry {
    const slid = {
      ...entry,
      seen: Math.max(entry.seen, at.now),
      until: clock() + Math.min(at.idle, entry.end - at.now),
    }
    rows.put(key, slid)
    return slid
  }

  function markEnded(key: string, grace: number, replaced?: Partial<Mark>): void {
    rows.delete(key)
    rows.put(key, { ...replaced, until: clock() + grace })
  }

  /** Whether a key holds the row that this very write made, sent again. */
  function isResent(there: MapEntry, { key, write }: Row): boolean {
    return isRow(there) && writes.versionMade(key, write) !== undefined
  }

  /** The row that a rotation ends, also where another one ended it moments ago. */
  function findReplaced({ key, index }: Ref, by: string | undefined): Partial<Mark> | undefined {
    const entry = rows.get(key)
    if (entry === undefined || !isRow(entry)) return entry
    return index === undefined || rows.lists(index, key) ? { last: entry, by } : undefined
  }

  return {
    async create(row) {
      validateSize(row.record, maxBytes)
      const entry = rows.get(row.key)
      if (entry !== undefined) return { is: isResent(entry, row) ? 'ok' : 'taken' }
      createEntry(row)
      return { is: 'ok' }
    },
    async read(ref, at: ReadAt) {
      const entry = findLive(ref, at)
      if ('is' in entry) return entry
      return toFound(at.now - entry.seen >= at.slice ? touch(ref.key, entry, at) : entry)
    },
    async replace(row, ifVersion) {
      validateSize(row.record, maxBytes)
      const entry = findLive(row, row)
      if ('is' in entry) return entry
      const made = writes.versionMade(row.key, row.write)
      if (made !== undefined) return { is: 'ok', version: String(made) }
      if (String(entry.version) !== ifVersion) return toConflict(entry)
      const next = touch(row.key, { ...entry, record: row.record, version: entry.version + 1 }, row)
      writes.remember(row.key, row.write, next.version)
      return { is: 'ok', version: String(next.version) }
    },
    async rotate(old, next, { ifVersion, grace }) {
      validateSize(next.record, maxBytes)
      const there = rows.get(next.key)
      if (there !== undefined) return { is: isResent(there, next) ? 'ok' : 'ended' }
      if (ifVersion !== undefined) {
        const entry = findLive(old, next)
        if ('is' in entry) return entry
        if (String(entry.version) !== ifVersion) return toConflict(entry)
      }
      // Also where there was no row: a parallel request with the old cookie must not begin a session in its place.
      markEnded(old.key, grace, findReplaced(old, next.index))
      createEntry(next)
      return { is: 'ok' }
    },
    async end(ref, grace) {
      const entry = rows.get(ref.key)
      const listed = ref.index === undefined || rows.lists(ref.index, ref.key)
      if (entry === undefined || !isRow(entry)) return false
      markEnded(ref.key, grace)
      return listed
    },
    async endMarked(mark, { life, once }) {
      return endedMarks.end(mark, life, once)
    },
    async readReplaced({ key }) {
      const entry = rows.get(key)
      if (entry === undefined || isRow(entry) || entry.last === undefined) return undefined
      return { ...toFound(entry.last), ...(entry.by !== undefined && { by: entry.by }) }
    },
    async list(index) {
      const entries = rows.members(index).map((key) => rows.get(key))
      return entries.filter((entry) => entry !== undefined && isRow(entry)).map(toFound)
    },
    async endAll(index, keep) {
      const members = rows.members(index).filter((key) => key !== keep?.key)
      // The rows stay until they expire, unlisted: they answer `ended`, not `none`.
      for (const key of members) rows.delist(index, key)
      return members.length
    },
  }
}

/** Whether an entry is a row, not the mark that one ended. */
function isRow(entry: MapEntry): entry is LiveEntry {
  return 'record' in entry
}

/** Whether a session is past one of its limits. */
function isOver(
  entry: LiveEntry,
  { now, idle }: { readonly now: number; readonly idle: number },
): boolean {
  return now - entry.seen >= idle || now >= entry.end
}

function toFound({ version, record, seen, end }: LiveEntry): Found {
  return { is: 'found', version: String(version), record, seen, end }
}

function toConflict(entry: LiveEntry): Conflict {
  return { ...toFound(entry), is: 'conflict' }
}
