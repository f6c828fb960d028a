/**
 * Stores sessions in the memory of one isolate, for development, tests and single processes.
 * Applications pass `memoryStore()` to `storedSessions`, which calls the verbs.
 *
 * Wrong options throw `ERR_CONFIG`, and a record over `maxBytes` rejects with `ERR_STORE_TOO_LARGE`. Other
 * isolates and processes do not see these sessions, and all are lost when the isolate ends. Beyond
 * `maxEntries` (10,000) expired rows are deleted first, then the oldest, so live sessions may be lost.
 */
import { checkKeys, createIssues, optionalFunction, parseWholeNumber } from '../options/index.ts'
import type { Clock } from '../types.ts'
import type {
  AtomicStore,
  Conflict,
  Found,
  Gone,
  ReadAt,
  Ref,
  Replaced,
  Rotated,
  RotateOptions,
  Row,
} from './contract.ts'
import { createEndedMarks, type EndedMarks } from './ended-marks.ts'
import {
  createExpiringMap,
  type ExpiringMap,
  type LiveEntry,
  type MapEntry,
  type Mark,
} from './expiring-map.ts'
import { validateBounds, validateSize } from './size.ts'
import { createWriteIds, type WriteIds } from './write-ids.ts'

/** Options of {@link memoryStore}. Absent = default. */
export interface MemoryStoreOptions {
  /**
   * Most rows and marks of ended sessions. Default 10,000, at most 1,000,000. When the store is full, expired ones are
   * deleted first, then those that were not used for the longest time.
   */
  readonly maxEntries?: number
  /** Sessions one user may have. Default 100, at most 1,000; the oldest go first. */
  readonly maxPerUser?: number
  /** Most bytes of a record. Default 32,768, at most 1,000,000, as in the other stores. */
  readonly maxBytes?: number
  /** Returns the current time for expiry; timeouts are checked by the caller's time. Default `Date.now`. */
  readonly clock?: Clock
}

/**
 * Creates an atomic store in memory. It is **per isolate**: Workers run many isolates at once and end them at any time,
 * so a session of one is unknown in another. Use it in development, in tests, or in one long-lived process.
 *
 * @example
 * ```ts
 * const sessions = storedSessions({ secret, store: memoryStore() })
 * ```
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function memoryStore(options: MemoryStoreOptions = {}): AtomicStore {
  const memory = createMemory(options)
  const { rows, writes, endedMarks, maxBytes } = memory

  return {
    async create(row) {
      validateSize(row.record, maxBytes)
      const entry = rows.get(row.key)
      if (entry !== undefined) return { is: isResent(memory, entry, row) ? 'ok' : 'taken' }

      createEntry(memory, row)
      return { is: 'ok' }
    },
    async read(ref, at: ReadAt) {
      const entry = findLive(memory, ref, at)
      if ('is' in entry) return entry

      return toFound(at.now - entry.seen >= at.slice ? touch(memory, ref.key, entry, at) : entry)
    },
    async replace(row, ifVersion) {
      validateSize(row.record, maxBytes)
      return replaceEntry(memory, row, ifVersion)
    },
    async rotate(old, next, options) {
      validateSize(next.record, maxBytes)
      return rotateEntry(memory, old, next, options)
    },
    async end(ref, grace, _context, write) {
      const entry = rows.get(ref.key)
      const listed = ref.index === undefined || rows.lists(ref.index, ref.key)
      if (entry === undefined || !isRow(entry)) return writes.find(ref.key, write) !== undefined

      markEnded(memory, ref.key, grace)
      if (listed) writes.remember(ref.key, write, 1)
      return listed
    },
    async endMarked(mark, options) {
      return endedMarks.end(mark, options)
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
    async endAll(index, keep, _context, write) {
      const knownAnswer = writes.find(index, write)
      if (knownAnswer !== undefined) return knownAnswer

      const members = rows.members(index).filter((key) => key !== keep?.key)
      // The rows stay until they expire, without a list, so that they answer `ended` and not `none`.
      for (const key of members) rows.delist(index, key)
      writes.remember(index, write, members.length)
      return members.length
    },
  }
}

/** The state of one store, and its limits. */
interface Memory {
  readonly rows: ExpiringMap
  readonly writes: WriteIds
  readonly endedMarks: EndedMarks
  readonly clock: Clock
  readonly maxPerUser: number
  readonly maxBytes: number
}

/** Validates the options and creates an empty store of them. */
function createMemory(options: MemoryStoreOptions): Memory {
  const issues = createIssues()
  checkKeys(issues, options, ['maxEntries', 'maxPerUser', 'maxBytes', 'clock'])
  const input = (options ?? {}) as MemoryStoreOptions
  const entryBounds = { min: 1, max: 1_000_000, unit: 'entries' }
  const maxEntries = parseWholeNumber(issues, 'maxEntries', input.maxEntries, entryBounds) ?? 10_000
  const { maxPerUser, maxBytes } = validateBounds(input, issues)
  const clock = optionalFunction(issues, 'clock', input.clock) ?? Date.now
  issues.throwIfAny()

  return {
    rows: createExpiringMap(maxEntries, clock),
    writes: createWriteIds(clock),
    endedMarks: createEndedMarks(maxEntries, clock),
    clock,
    maxPerUser,
    maxBytes,
  }
}

function createEntry({ rows, writes, clock, maxPerUser }: Memory, row: Row): void {
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

  // Idle sessions are dropped first, so that a user who works on another device is not signed out in their place.
  rows.dropMembers(row.index, maxPerUser - 1, (entry) => isRow(entry) && !isOver(entry, row))
  rows.enlist(row.index, row.key, row.end)
}

function replaceEntry(memory: Memory, row: Row, ifVersion: string): Replaced {
  const entry = findLive(memory, row, row)
  if ('is' in entry) return entry

  const writtenVersion = memory.writes.find(row.key, row.write)
  if (writtenVersion !== undefined) return { is: 'ok', version: String(writtenVersion) }
  if (String(entry.version) !== ifVersion) return toConflict(entry)

  const changed = { ...entry, record: row.record, version: entry.version + 1 }
  const { version } = touch(memory, row.key, changed, row)
  memory.writes.remember(row.key, row.write, version)
  return { is: 'ok', version: String(version) }
}

function rotateEntry(
  memory: Memory,
  old: Ref,
  next: Row,
  { ifVersion, grace }: RotateOptions,
): Rotated {
  const existing = memory.rows.get(next.key)
  if (existing !== undefined) return { is: isResent(memory, existing, next) ? 'ok' : 'ended' }

  if (ifVersion !== undefined) {
    const entry = findLive(memory, old, next)
    if ('is' in entry) return entry
    if (String(entry.version) !== ifVersion) return toConflict(entry)
  }

  // The mark is set even if there was no row: a parallel request with the old cookie must not create a session there.
  markEnded(memory, old.key, grace, findReplaced(memory, old, next.index))
  createEntry(memory, next)
  return { is: 'ok' }
}

/** Returns the entry of a session that is alive, or the reason why it is not. It changes nothing. */
function findLive(
  { rows, endedMarks }: Memory,
  ref: Ref,
  at: { readonly now: number; readonly idle: number },
): LiveEntry | Gone {
  if (ref.mark !== undefined && endedMarks.has(ref.mark)) return { is: 'ended' }

  const entry = rows.get(ref.key)
  if (entry === undefined) return { is: 'none' }
  if (!isRow(entry) || (ref.index !== undefined && !rows.lists(ref.index, ref.key)))
    return { is: 'ended' }

  // The timeouts are checked before they are extended: a deployment with a shorter timeout must not revive a session.
  return isOver(entry, at) ? { is: 'expired' } : entry
}

/** Extends the idle timeout of an entry, and stores the entry. */
function touch(
  { rows, clock }: Memory,
  key: string,
  entry: LiveEntry,
  at: { readonly now: number; readonly idle: number },
): LiveEntry {
  const extended = {
    ...entry,
    seen: Math.max(entry.seen, at.now),
    until: clock() + Math.min(at.idle, entry.end - at.now),
  }
  rows.put(key, extended)
  return extended
}

/** Replaces the row of a session by a mark that it has ended, for `grace` ms. */
function markEnded(
  { rows, clock }: Memory,
  key: string,
  grace: number,
  replaced?: Partial<Mark>,
): void {
  rows.delete(key)
  rows.put(key, { ...replaced, until: clock() + grace })
}

/** Whether an existing entry was made by this same write, which is repeated. */
function isResent({ writes }: Memory, existing: MapEntry, { key, write }: Row): boolean {
  return isRow(existing) && writes.find(key, write) !== undefined
}

/** Finds the row that a rotation ends, even if another rotation has just ended it. */
function findReplaced(
  { rows }: Memory,
  { key, index }: Ref,
  by: string | undefined,
): Partial<Mark> | undefined {
  const entry = rows.get(key)
  if (entry === undefined || !isRow(entry)) return entry

  return index === undefined || rows.lists(index, key) ? { last: entry, by } : undefined
}

/** Whether an entry is a row, and not the mark that a session has ended. */
function isRow(entry: MapEntry): entry is LiveEntry {
  return 'record' in entry
}

/** Whether a session is past its idle or absolute timeout. */
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
