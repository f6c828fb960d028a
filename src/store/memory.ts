/** Sessions in the memory of one isolate, for development, tests and single processes. */
import { checkKeys, faults, optionalFunction, wholeNumber } from '../options/index.ts'
import type { Clock } from '../types.ts'
import type { AtomicStore, Conflict, Found, Gone, ReadAt, Ref, Row } from './contract.ts'
import { type Entry, type LiveEntry, shelf } from './shelf.ts'
import { judgeBounds, judgeSize } from './size.ts'

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

const WRITES_KEPT = 8

/**
 * Makes a store in memory with all atomic verbs. It is **per isolate**: Workers run many isolates at once and end them at
 * will, so a session made in one is unknown in the next. Use it in development, in tests, or in one long-lived process.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function memoryStore(options: MemoryStoreOptions = {}): AtomicStore {
  const wrong = faults()
  checkKeys(wrong, options, ['maxEntries', 'maxPerUser', 'maxBytes', 'clock'])
  const given = (options ?? {}) as MemoryStoreOptions
  const maxEntries = wholeNumber(wrong, 'maxEntries', given.maxEntries, 10_000, {
    least: 1,
    most: 1_000_000,
    unit: 'entries',
  })
  const { maxPerUser, maxBytes } = judgeBounds(given, wrong)
  const clock = optionalFunction(wrong, 'clock', given.clock) ?? Date.now
  wrong.done()
  const rows = shelf(maxEntries, clock)

  function make(row: Row): void {
    rows.put(row.key, {
      version: 1,
      record: row.record,
      seen: row.now,
      end: row.end,
      writes: [row.write],
      until: clock() + Math.min(row.idle, row.end - row.now),
      ...(row.index !== undefined && { index: row.index }),
    })
    if (row.index === undefined) return
    rows.dropOldest(row.index, maxPerUser - 1)
    rows.enlist(row.index, row.key, row.end)
  }

  /** The entry of a session that lives now, or why there is none. Touches nothing. */
  function alive(ref: Ref, at: { now: number; idle: number }): LiveEntry | Gone {
    const entry = rows.get(ref.key)
    if (entry === undefined) return { is: 'none' }
    if (!isRow(entry) || (ref.index !== undefined && !rows.lists(ref.index, ref.key))) return { is: 'ended' }
    // Judged before anything slides: a later deploy with a shorter limit must not revive what it finds dead.
    return at.now - entry.seen >= at.idle || at.now >= entry.end ? { is: 'expired' } : entry
  }

  function slide(key: string, entry: LiveEntry, at: { now: number; idle: number }): LiveEntry {
    const slid = {
      ...entry,
      seen: Math.max(entry.seen, at.now),
      until: clock() + Math.min(at.idle, entry.end - at.now),
    }
    rows.put(key, slid)
    return slid
  }

  function mark(key: string, grace: number): void {
    rows.delete(key)
    rows.put(key, { until: clock() + grace })
  }

  return {
    async create(row) {
      judgeSize(row.record, maxBytes)
      const entry = rows.get(row.key)
      if (entry !== undefined) return { is: isRow(entry) && entry.writes.includes(row.write) ? 'ok' : 'taken' }
      make(row)
      return { is: 'ok' }
    },
    async read(ref, at: ReadAt) {
      const entry = alive(ref, at)
      if ('is' in entry) return entry
      return found(at.now - entry.seen >= at.slice ? slide(ref.key, entry, at) : entry)
    },
    async replace(row, ifVersion) {
      judgeSize(row.record, maxBytes)
      const entry = alive(row, row)
      if ('is' in entry) return entry
      const ago = entry.writes.indexOf(row.write)
      if (ago !== -1) return { is: 'ok', version: String(entry.version - ago) }
      if (String(entry.version) !== ifVersion) return conflict(entry)
      const writes = [row.write, ...entry.writes].slice(0, WRITES_KEPT)
      const next = slide(row.key, { ...entry, record: row.record, version: entry.version + 1, writes }, row)
      return { is: 'ok', version: String(next.version) }
    },
    async rotate(old, next, { ifVersion, grace }) {
      judgeSize(next.record, maxBytes)
      const there = rows.get(next.key)
      if (there !== undefined) return { is: isRow(there) && there.writes.includes(next.write) ? 'ok' : 'ended' }
      if (ifVersion !== undefined) {
        const entry = alive(old, next)
        if ('is' in entry) return entry
        if (String(entry.version) !== ifVersion) return conflict(entry)
      }
      // Also where there was no row: a parallel request with the old cookie must not begin a session in its place.
      mark(old.key, grace)
      make(next)
      return { is: 'ok' }
    },
    async end(ref, grace) {
      const entry = rows.get(ref.key)
      const listed = ref.index === undefined || rows.lists(ref.index, ref.key)
      if (entry === undefined || !isRow(entry)) return false
      mark(ref.key, grace)
      return listed
    },
    async list(index) {
      const entries = rows.members(index).map((key) => rows.get(key))
      return entries.filter((entry) => entry !== undefined && isRow(entry)).map(found)
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
function isRow(entry: Entry): entry is LiveEntry {
  return 'record' in entry
}

function found({ version, record, seen, end }: LiveEntry): Found {
  return { is: 'found', version: String(version), record, seen, end }
}

function conflict(entry: LiveEntry): Conflict {
  return { ...found(entry), is: 'conflict' }
}
