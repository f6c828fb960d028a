/**
 * Reads and writes the rows of sessions in the database of one Durable Object: one function for each step
 * of a verb. `session-table.ts` composes its verbs of them.
 *
 * Nothing here awaits, so a verb that calls several of them is atomic, inside the transaction that the
 * object opens. An error of the database is thrown and rolls the verb back. Expired rows are invisible
 * here and are deleted by the object's alarm.
 */
import {
  type Conflict,
  type Found,
  type Gone,
  type Ref,
  type Replacement,
  type RotateOptions,
  type Row,
  writeMemory,
} from '../contract.ts'
import type { ObjectSql } from './platform.ts'
import {
  type Pending,
  type PendingRow,
  parseLast,
  type StoredRow,
  toFound,
} from './session-rows.ts'

/** The database of one object, and what its rows need to expire. */
export interface SessionDatabase {
  readonly sql: ObjectSql
  /** Returns the current time, by the clock of the object. */
  readonly clock: () => number
  /** Receives the moment from which a row may be deleted. */
  readonly forgetAt: (until: number) => void
}

/** The caller's time and idle limit, in milliseconds. */
interface IdleCheck {
  readonly now: number
  readonly idle: number
}

/** Finds the row of a key that has not expired, in any state. */
export function findRow({ sql, clock }: SessionDatabase, key: string): StoredRow | undefined {
  const [row] = sql
    .exec('SELECT * FROM sessions WHERE key = ? AND until > ?', key, clock())
    .toArray()

  return row as unknown as StoredRow | undefined
}

/** Finds the value of a name that has not expired. */
export function findName({ sql, clock }: SessionDatabase, name: string): number | undefined {
  const [row] = sql
    .exec('SELECT value FROM names WHERE name = ? AND until > ?', name, clock())
    .toArray()

  return row?.value as number | undefined
}

/** Stores a name for `life` ms. The life of an existing name is never shortened. */
export function keepName(
  database: SessionDatabase,
  name: string,
  value: number,
  life: number,
): void {
  const until = setEnd(database, life)
  database.sql.exec(
    `INSERT INTO names (name, value, until) VALUES (?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value, until = max(until, excluded.until)`,
    ...[name, value, until],
  )
}

/** Finds the answer to a write of a row or a list: the version that it made, or how many sessions it ended. */
export function findWrite(
  database: SessionDatabase,
  key: string,
  write: string | undefined,
): number | undefined {
  return write === undefined ? undefined : findName(database, `w ${key} ${write}`)
}

/** Keeps the answer to a write for as long as the write can be repeated. Older callers name no write. */
export function keepWrite(
  database: SessionDatabase,
  key: string,
  write: string | undefined,
  answer: number,
): void {
  if (write !== undefined) keepName(database, `w ${key} ${write}`, answer, writeMemory)
}

/** Writes a row of version 1. With `half` it is the pending half of a rotation, which no read shows yet. */
export function putRow(
  database: SessionDatabase,
  row: Row,
  half: { readonly source: string } | undefined,
): void {
  const life = half === undefined ? Math.min(row.idle, row.end - row.now) : writeMemory
  const until = setEnd(database, life)
  database.sql.exec(
    `INSERT OR REPLACE INTO sessions (key, version, record, seen, stop, list, until, last, pending, source)
     VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[row.key, row.record, row.now, row.end, row.index ?? null, until],
    half === undefined ? null : `${row.idle}`,
    half === undefined ? null : row.write,
    half?.source ?? null,
  )
}

/** Stores a new session, lists it for its user, and remembers the id of the write. */
export function keepRow(database: SessionDatabase, row: Row, maxPerUser: number): void {
  makeRoom(database, row, maxPerUser)
  putRow(database, row, undefined)
  keepWrite(database, row.key, row.write, 1)
}

/** Delists sessions of a full list until there is room for one more: expired ones first, then those that end first. */
function makeRoom(
  { sql, clock }: SessionDatabase,
  { index, now, idle }: Row,
  maxPerUser: number,
): void {
  if (index === undefined) return

  const live = 'list = ? AND pending IS NULL'
  const count = (): number =>
    sql.exec(`SELECT count(*) AS n FROM sessions WHERE ${live}`, index).toArray()[0]?.n as number
  if (count() < maxPerUser) return

  sql.exec(
    `UPDATE sessions SET list = NULL WHERE ${live} AND (until <= ? OR ? - seen >= ? OR ? >= stop)`,
    ...[index, clock(), now, idle, now],
  )
  sql.exec(
    `UPDATE sessions SET list = NULL WHERE key IN
     (SELECT key FROM sessions WHERE ${live} ORDER BY stop LIMIT max(0, ?))`,
    ...[index, count() - (maxPerUser - 1)],
  )
}

/** Finds the row of a session that is alive, or the reason why it is not. It changes nothing. */
export function findLive(
  database: SessionDatabase,
  { key, index }: Ref,
  { now, idle }: IdleCheck,
): StoredRow | Gone {
  const row = findRow(database, key)
  if (row === undefined || row.pending !== null) return { is: 'none' }
  if (row.version === 0 || (index !== undefined && row.list !== index)) return { is: 'ended' }

  return now - row.seen >= idle || now >= row.stop ? { is: 'expired' } : row
}

/** Extends the idle timeout of a row, and writes its version and record as given. */
export function touch(database: SessionDatabase, row: StoredRow, at: IdleCheck): Found {
  const seen = Math.max(row.seen, at.now)
  const until = setEnd(database, Math.min(at.idle, row.stop - at.now))
  database.sql.exec(
    'UPDATE sessions SET version = ?, record = ?, seen = ?, until = ? WHERE key = ?',
    ...[row.version, row.record, seen, until, row.key],
  )

  return toFound({ ...row, seen })
}

/** Replaces the row of a session by a mark that it has ended, for `grace` ms. */
export function markEnded(
  database: SessionDatabase,
  key: string,
  grace: number,
  last: Replacement | undefined,
): void {
  const until = setEnd(database, grace)
  database.sql.exec(
    'INSERT OR REPLACE INTO sessions (key, version, last, until) VALUES (?, 0, ?, ?)',
    ...[key, last === undefined ? null : JSON.stringify(last), until],
  )
}

/** Finds the session that a rotation ends, even if another rotation has just ended it. */
export function findReplaced(
  database: SessionDatabase,
  { key, index }: Ref,
  by: string | undefined,
): Replacement | undefined {
  const row = findRow(database, key)
  if (row === undefined || row.pending !== null) return undefined
  if (row.version === 0) return parseLast(row)
  if (index !== undefined && row.list !== index) return undefined

  return { ...toFound(row), ...(by !== undefined && { by }) }
}

/** Returns the state of a key that must be free. `ours` and `pending` mean a row that this same write has made. */
export function findInUse(
  database: SessionDatabase,
  { key, write }: Row,
): 'free' | 'ours' | 'pending' | 'used' {
  const row = findRow(database, key)
  if (row === undefined) return 'free'
  if (row.pending !== null) return row.pending === write ? 'pending' : 'used'

  return row.version > 0 && findWrite(database, key, write) !== undefined ? 'ours' : 'used'
}

/** Returns why the old session may not be rotated from the version that the caller knows. */
export function checkOld(
  database: SessionDatabase,
  old: Ref,
  { ifVersion }: RotateOptions,
  at: IdleCheck,
): Conflict | Gone | undefined {
  if (ifVersion === undefined) return undefined

  const row = findLive(database, old, at)
  if ('is' in row) return row

  return `${row.version}` === ifVersion ? undefined : { ...toFound(row), is: 'conflict' }
}

/** Finds pending halves of rotations that a verb would meet. The caller must ask their other objects first. */
export function findPending(
  { sql, clock }: SessionDatabase,
  condition: 'key' | 'list',
  value: string,
): Pending | undefined {
  const rows = sql
    .exec(
      `SELECT key, pending AS write, source FROM sessions
       WHERE ${condition} = ? AND pending IS NOT NULL AND until > ?`,
      ...[value, clock()],
    )
    .toArray() as unknown as PendingRow[]

  return rows.length === 0 ? undefined : { is: 'pending', rows }
}

/** Returns the moment `life` ms from now, and makes the object wake then to delete the row. */
function setEnd({ clock, forgetAt }: SessionDatabase, life: number): number {
  const until = Math.ceil(clock() + life)
  forgetAt(until)
  return until
}
