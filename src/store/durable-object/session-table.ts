/**
 * Sessions inside one Durable Object: the verbs of a store over its database. Nothing here waits, so that each verb
 * happens at once. A row with a `pending` write is one half of a rotation from another object: it lives from the
 * moment at which that object has committed the write. docs/decisions/0012-durable-objects.md says why.
 */
import {
  type Conflict,
  type Found,
  type Gone,
  type ReadAt,
  type Ref,
  type Replaced,
  type Replacement,
  type Rotated,
  type RotateOptions,
  type Row,
  writeMemory,
} from '../contract.ts'
import type { ObjectSql } from './platform.ts'
import {
  type CommitOptions,
  type Pending,
  type PendingRow,
  parseLast,
  type StoredRow,
  toFound,
} from './session-rows.ts'

/** The verbs; `now` of the object is by its own clock. */
export type SessionTable = ReturnType<typeof createSessionTable>

/** The verbs over a database whose tables are there. `forgetAt` hears when something may be deleted. */
export function createSessionTable(
  sql: ObjectSql,
  clock: () => number,
  forgetAt: (until: number) => void,
) {
  function findRow(key: string): StoredRow | undefined {
    const [row] = sql
      .exec('SELECT * FROM sessions WHERE key = ? AND until > ?', key, clock())
      .toArray()
    return row as unknown as StoredRow | undefined
  }

  function findName(name: string): number | undefined {
    const [row] = sql
      .exec('SELECT value FROM names WHERE name = ? AND until > ?', name, clock())
      .toArray()
    return row?.value as number | undefined
  }

  function keepName(name: string, value: number, life: number): void {
    const until = Math.ceil(clock() + life)
    forgetAt(until)
    sql.exec(
      `INSERT INTO names (name, value, until) VALUES (?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value, until = max(until, excluded.until)`,
      name,
      value,
      until,
    )
  }

  function putRow(row: Row, half: { readonly source: string } | undefined): void {
    const life = half === undefined ? Math.min(row.idle, row.end - row.now) : writeMemory
    const until = Math.ceil(clock() + life)
    forgetAt(until)
    sql.exec(
      `INSERT OR REPLACE INTO sessions (key, version, record, seen, stop, list, until, last, pending, source)
       VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?)`,
      row.key,
      row.record,
      row.now,
      row.end,
      row.index ?? null,
      until,
      half === undefined ? null : `${row.idle}`,
      half === undefined ? null : row.write,
      half?.source ?? null,
    )
  }

  /** Room for one more: the dead first, then what ends first. */
  function makeRoom({ index, now, idle }: Row, most: number): void {
    if (index === undefined) return
    const live = 'list = ? AND pending IS NULL'
    const count = (): number =>
      sql.exec(`SELECT count(*) AS n FROM sessions WHERE ${live}`, index).toArray()[0]?.n as number
    if (count() < most) return
    sql.exec(
      `UPDATE sessions SET list = NULL WHERE ${live} AND (until <= ? OR ? - seen >= ? OR ? >= stop)`,
      ...[index, clock(), now, idle, now],
    )
    sql.exec(
      `UPDATE sessions SET list = NULL WHERE key IN
       (SELECT key FROM sessions WHERE ${live} ORDER BY stop LIMIT max(0, ?))`,
      ...[index, count() - (most - 1)],
    )
  }

  function keepRow(row: Row, most: number): void {
    makeRoom(row, most)
    putRow(row, undefined)
    keepName(`w ${row.key} ${row.write}`, 1, writeMemory)
  }

  /** The row of a session that lives now, or why there is none. Touches nothing. */
  function findLive(
    { key, index }: Ref,
    { now, idle }: { now: number; idle: number },
  ): StoredRow | Gone {
    const row = findRow(key)
    if (row === undefined || row.pending !== null) return { is: 'none' }
    if (row.version === 0 || (index !== undefined && row.list !== index)) return { is: 'ended' }
    return now - row.seen >= idle || now >= row.stop ? { is: 'expired' } : row
  }

  function touch(
    row: StoredRow,
    at: { now: number; idle: number },
    record: string,
    version: number,
  ): Found {
    const seen = Math.max(row.seen, at.now)
    const until = Math.ceil(clock() + Math.min(at.idle, row.stop - at.now))
    forgetAt(until)
    sql.exec(
      'UPDATE sessions SET version = ?, record = ?, seen = ?, until = ? WHERE key = ?',
      ...[version, record, seen, until, row.key],
    )
    return toFound({ ...row, version, record, seen })
  }

  function markEnded(key: string, grace: number, last: Replacement | undefined): void {
    const until = Math.ceil(clock() + grace)
    forgetAt(until)
    sql.exec(
      'INSERT OR REPLACE INTO sessions (key, version, last, until) VALUES (?, 0, ?, ?)',
      ...[key, last === undefined ? null : JSON.stringify(last), until],
    )
  }

  /** What a rotation ends, also where another one ended it moments ago. */
  function findReplaced({ key, index }: Ref, by: string | undefined): Replacement | undefined {
    const row = findRow(key)
    if (row === undefined || row.pending !== null) return undefined
    if (row.version === 0) return parseLast(row)
    if (index !== undefined && row.list !== index) return undefined
    return { ...toFound(row), ...(by !== undefined && { by }) }
  }

  /** What stands at a key that must be free. */
  function findInUse({ key, write }: Row): 'free' | 'ours' | 'pending' | 'used' {
    const row = findRow(key)
    if (row === undefined) return 'free'
    if (row.pending !== null) return row.pending === write ? 'pending' : 'used'
    return row.version > 0 && findName(`w ${key} ${write}`) !== undefined ? 'ours' : 'used'
  }

  function checkOld(
    old: Ref,
    { ifVersion }: RotateOptions,
    at: { now: number; idle: number },
  ): Conflict | Gone | undefined {
    if (ifVersion === undefined) return undefined
    const row = findLive(old, at)
    if ('is' in row) return row
    return `${row.version}` === ifVersion ? undefined : { ...toFound(row), is: 'conflict' }
  }

  /** Halves that a verb would meet. */
  function findPending(condition: 'key' | 'list', value: string): Pending | undefined {
    const rows = sql
      .exec(
        `SELECT key, pending AS write, source FROM sessions
         WHERE ${condition} = ? AND pending IS NOT NULL AND until > ?`,
        value,
        clock(),
      )
      .toArray() as unknown as PendingRow[]
    return rows.length === 0 ? undefined : { is: 'pending', rows }
  }

  return {
    create(row: Row, most: number): { readonly is: 'ok' | 'taken' } {
      const standing = findInUse(row)
      if (standing !== 'free') return { is: standing === 'ours' ? 'ok' : 'taken' }
      keepRow(row, most)
      return { is: 'ok' }
    },

    read(ref: Ref, at: ReadAt, resolved: boolean): Found | Gone | Pending {
      const row = findLive(ref, at)
      if ('is' in row) return (resolved ? undefined : findPending('key', ref.key)) ?? row
      return at.now - row.seen >= at.slice ? touch(row, at, row.record, row.version) : toFound(row)
    },

    replace(row: Row, ifVersion: string, resolved: boolean): Replaced | Pending {
      const current = findLive(row, row)
      if ('is' in current) return (resolved ? undefined : findPending('key', row.key)) ?? current
      const made = findName(`w ${row.key} ${row.write}`)
      if (made !== undefined) return { is: 'ok', version: `${made}` }
      if (`${current.version}` !== ifVersion) return { ...toFound(current), is: 'conflict' }
      const version = current.version + 1
      touch(current, row, row.record, version)
      keepName(`w ${row.key} ${row.write}`, version, writeMemory)
      return { is: 'ok', version: `${version}` }
    },

    /** Both sessions are in this object. */
    rotate(old: Ref, next: Row, options: RotateOptions, most: number): Rotated {
      const standing = findInUse(next)
      if (standing !== 'free') return { is: standing === 'ours' ? 'ok' : 'ended' }
      const refusal = checkOld(old, options, next)
      if (refusal !== undefined) return refusal
      markEnded(old.key, options.grace, findReplaced(old, next.index))
      keepRow(next, most)
      return { is: 'ok' }
    },

    /** First step of a rotation between objects, where the new session will be: nobody can see it yet. */
    prepare(next: Row, source: string): { readonly is: 'ready' | 'ok' | 'ended' } {
      const standing = findInUse(next)
      if (standing === 'used') return { is: 'ended' }
      if (standing === 'ours') return { is: 'ok' }
      if (standing === 'free') putRow(next, { source })
      return { is: 'ready' }
    },

    /** Second step, where the old session is: it ends, and with that the new one lives. */
    commit(old: Ref, options: CommitOptions): { readonly is: 'ok' } | Conflict | Gone {
      const name = `c ${options.write}`
      if (findName(name) !== undefined) return { is: 'ok' }
      const refusal = checkOld(old, options, options)
      if (refusal !== undefined) return refusal
      markEnded(old.key, options.grace, findReplaced(old, options.by))
      // For longer than the other half waits: nobody finds that half and misses this.
      keepName(name, 1, 2 * writeMemory)
      return { is: 'ok' }
    },

    committed: (write: string): boolean => findName(`c ${write}`) !== undefined,

    /** Third step, where the new session is: writes down that it lives. */
    confirm({ key, write }: PendingRow, most: number): { readonly is: 'ok' | 'lost' } {
      const row = findRow(key)
      if (row?.pending === write) {
        const { record, seen, stop, list } = row
        // A half keeps its idle limit where others keep what they replaced.
        const next = { key, record, now: seen, end: stop, write, idle: Number(row.last) }
        keepRow({ ...next, ...(list !== null && { index: list }) }, most)
        return { is: 'ok' }
      }
      return { is: findName(`w ${key} ${write}`) === undefined ? 'lost' : 'ok' }
    },

    abort({ key, write }: PendingRow): { readonly is: 'ok' } {
      sql.exec('DELETE FROM sessions WHERE key = ? AND pending = ?', key, write)
      return { is: 'ok' }
    },

    end({ key, index }: Ref, grace: number, resolved: boolean): boolean | Pending {
      const row = findRow(key)
      if (row?.pending != null) return resolved ? false : (findPending('key', key) ?? false)
      if (row === undefined || row.version === 0) return false
      markEnded(key, grace, undefined)
      return index === undefined || row.list === index
    },

    list(index: string, resolved: boolean): Found[] | Pending {
      const pending = resolved ? undefined : findPending('list', index)
      if (pending !== undefined) return pending
      const rows = sql.exec(
        'SELECT * FROM sessions WHERE list = ? AND pending IS NULL AND until > ?',
        ...[index, clock()],
      )
      return (rows.toArray() as unknown as StoredRow[]).map(toFound)
    },

    endAll(index: string, keep: string | null, resolved: boolean): number | Pending {
      const pending = resolved ? undefined : findPending('list', index)
      if (pending !== undefined) return pending
      // Whoever wants to keep a session that this user does not have: it is not theirs, as the list says.
      if (keep !== null && findRow(keep) === undefined) markEnded(keep, writeMemory, undefined)
      const ended = sql.exec(
        `UPDATE sessions SET list = NULL WHERE list = ? AND pending IS NULL AND key IS NOT ?
         RETURNING until`,
        ...[index, keep],
      )
      return ended.toArray().filter(({ until }) => (until as number) > clock()).length
    },

    readReplaced(key: string): Replacement | null {
      const row = findRow(key)
      return row === undefined || row.version !== 0 ? null : (parseLast(row) ?? null)
    },

    endMarked(mark: string, life: number): boolean {
      keepName(`o ${mark}`, 1, life)
      return true
    },

    hasMessage: (id: string): boolean => findName(`j ${id}`) !== undefined,

    /** Remembers a message; false where it came before. */
    keepMessage(id: string, life: number): boolean {
      if (findName(`j ${id}`) !== undefined) return false
      keepName(`j ${id}`, 1, life)
      return true
    },

    isMarked: (mark: string): boolean => findName(`o ${mark}`) !== undefined,
  }
}
