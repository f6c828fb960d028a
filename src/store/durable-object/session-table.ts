/**
 * Implements the verbs of a session store over the database of one Durable Object. `PortcullisObject`
 * creates the table and calls a verb for each request of the store (`store.ts`).
 *
 * Nothing here awaits, so each verb is atomic; an error of the database is thrown and undone by the
 * object's transaction. A row with a `pending` write is one half of a rotation from another object, and
 * counts only after that object has committed the write (see docs/decisions/0012-durable-objects.md).
 * A verb that meets one answers `pending`, and its caller must resolve it.
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
  checkOld,
  findInUse,
  findLive,
  findName,
  findPending,
  findReplaced,
  findRow,
  findWrite,
  keepName,
  keepRow,
  keepWrite,
  markEnded,
  putRow,
  type SessionDatabase,
  touch,
} from './row-access.ts'
import {
  type CommitOptions,
  type Pending,
  type PendingRow,
  parseLast,
  type StoredRow,
  toFound,
} from './session-rows.ts'

/** The verbs, by the names under which a store calls them. */
export type SessionTable = ReturnType<typeof createRowVerbs> &
  ReturnType<typeof createRotationVerbs> &
  ReturnType<typeof createListVerbs> &
  ReturnType<typeof createNameVerbs>

/**
 * Creates the verbs over a database whose tables exist. `forgetAt` receives each moment from which a row may be
 * deleted.
 */
export function createSessionTable(
  sql: ObjectSql,
  clock: () => number,
  forgetAt: (until: number) => void,
): SessionTable {
  const database: SessionDatabase = { sql, clock, forgetAt }

  return {
    ...createRowVerbs(database),
    ...createRotationVerbs(database),
    ...createListVerbs(database),
    ...createNameVerbs(database),
  }
}

/** Creates the verbs of one session. `resolved` means that the caller has already asked about pending halves. */
function createRowVerbs(database: SessionDatabase) {
  return {
    create(row: Row, most: number): { readonly is: 'ok' | 'taken' } {
      const standing = findInUse(database, row)
      if (standing !== 'free') return { is: standing === 'ours' ? 'ok' : 'taken' }

      keepRow(database, row, most)
      return { is: 'ok' }
    },

    read(ref: Ref, at: ReadAt, resolved: boolean): Found | Gone | Pending {
      const row = findLive(database, ref, at)
      if ('is' in row) return (resolved ? undefined : findPending(database, 'key', ref.key)) ?? row

      return at.now - row.seen >= at.slice ? touch(database, row, at) : toFound(row)
    },

    replace(row: Row, ifVersion: string, resolved: boolean): Replaced | Pending {
      const current = findLive(database, row, row)
      if ('is' in current)
        return (resolved ? undefined : findPending(database, 'key', row.key)) ?? current

      const writtenVersion = findWrite(database, row.key, row.write)
      if (writtenVersion !== undefined) return { is: 'ok', version: `${writtenVersion}` }
      if (`${current.version}` !== ifVersion) return { ...toFound(current), is: 'conflict' }

      const version = current.version + 1
      touch(database, { ...current, record: row.record, version }, row)
      keepWrite(database, row.key, row.write, version)
      return { is: 'ok', version: `${version}` }
    },

    end({ key, index }: Ref, grace: number, resolved: boolean, write?: string): boolean | Pending {
      const row = findRow(database, key)
      if (row?.pending != null) {
        return resolved ? false : (findPending(database, 'key', key) ?? false)
      }
      if (row === undefined || row.version === 0)
        return findWrite(database, key, write) !== undefined

      markEnded(database, key, grace, undefined)
      const wasAlive = index === undefined || row.list === index
      if (wasAlive) keepWrite(database, key, write, 1)
      return wasAlive
    },

    readReplaced(key: string): Replacement | null {
      const row = findRow(database, key)
      return row === undefined || row.version !== 0 ? null : (parseLast(row) ?? null)
    },
  }
}

/** Creates the verbs of a rotation: `rotate` within this object, and the steps of a rotation between two objects. */
function createRotationVerbs(database: SessionDatabase) {
  return {
    rotate(old: Ref, next: Row, options: RotateOptions, most: number): Rotated {
      const standing = findInUse(database, next)
      if (standing !== 'free') return { is: standing === 'ours' ? 'ok' : 'ended' }

      const problem = checkOld(database, old, options, next)
      if (problem !== undefined) return problem

      markEnded(database, old.key, options.grace, findReplaced(database, old, next.index))
      keepRow(database, next, most)
      return { is: 'ok' }
    },

    /** The first step, in the object of the new session: writes it as pending, so that no read shows it yet. */
    prepare(next: Row, source: string): { readonly is: 'ready' | 'ok' | 'ended' } {
      const standing = findInUse(database, next)
      if (standing === 'used') return { is: 'ended' }
      if (standing === 'ours') return { is: 'ok' }
      if (standing === 'free') putRow(database, next, { source })

      return { is: 'ready' }
    },

    /** The second step, in the object of the old session: ends it. From this moment the new session counts. */
    commit(old: Ref, options: CommitOptions): { readonly is: 'ok' } | Conflict | Gone {
      const name = `c ${options.write}`
      if (findName(database, name) !== undefined) return { is: 'ok' }

      const problem = checkOld(database, old, options, options)
      if (problem !== undefined) return problem

      markEnded(database, old.key, options.grace, findReplaced(database, old, options.by))
      // This name outlives the pending half, so a caller that finds the half also finds this name.
      keepName(database, name, 1, 2 * writeMemory)
      return { is: 'ok' }
    },

    committed: (write: string): boolean => findName(database, `c ${write}`) !== undefined,

    /** The third step, in the object of the new session: makes it visible. */
    confirm({ key, write }: PendingRow, most: number): { readonly is: 'ok' | 'lost' } {
      const row = findRow(database, key)
      if (row?.pending !== write) {
        return { is: findWrite(database, key, write) === undefined ? 'lost' : 'ok' }
      }

      const { record, seen, stop, list } = row
      // A pending half stores its idle timeout in the column `last`, where marks store the session that was replaced.
      const next = { key, record, now: seen, end: stop, write, idle: Number(row.last) }
      keepRow(database, { ...next, ...(list !== null && { index: list }) }, most)
      return { is: 'ok' }
    },

    abort({ key, write }: PendingRow): { readonly is: 'ok' } {
      database.sql.exec('DELETE FROM sessions WHERE key = ? AND pending = ?', key, write)
      return { is: 'ok' }
    },
  }
}

/** Creates the verbs of a user's list of sessions. */
function createListVerbs(database: SessionDatabase) {
  const { sql, clock } = database

  return {
    list(index: string, resolved: boolean): Found[] | Pending {
      const pending = resolved ? undefined : findPending(database, 'list', index)
      if (pending !== undefined) return pending

      const rows = sql.exec(
        'SELECT * FROM sessions WHERE list = ? AND pending IS NULL AND until > ?',
        ...[index, clock()],
      )
      return (rows.toArray() as unknown as StoredRow[]).map(toFound)
    },

    endAll(
      index: string,
      keep: string | null,
      resolved: boolean,
      write?: string,
    ): number | Pending {
      const knownAnswer = findWrite(database, index, write)
      if (knownAnswer !== undefined) return knownAnswer

      const pending = resolved ? undefined : findPending(database, 'list', index)
      if (pending !== undefined) return pending

      // A session to keep that this user does not have is marked as ended, because only listed sessions are alive.
      if (keep !== null && findRow(database, keep) === undefined)
        markEnded(database, keep, writeMemory, undefined)

      const ended = sql.exec(
        `UPDATE sessions SET list = NULL WHERE list = ? AND pending IS NULL AND key IS NOT ?
         RETURNING until`,
        ...[index, keep],
      )
      const count = ended.toArray().filter(({ until }) => (until as number) > clock()).length
      if (count > 0) keepWrite(database, index, write, count)
      return count
    },
  }
}

/** Whether another call brought this message. A call that is repeated brings its own. */
function isRepeated(database: SessionDatabase, id: string, write: string | undefined): boolean {
  const isKnown = findName(database, `j ${id}`) !== undefined
  return isKnown && findWrite(database, `j ${id}`, write) === undefined
}

/** Creates the verbs of names: marks of outside sessions that have ended, and messages that were seen. */
function createNameVerbs(database: SessionDatabase) {
  return {
    endMarked(mark: string, life: number): boolean {
      keepName(database, `o ${mark}`, 1, life)
      return true
    },

    isMarked: (mark: string): boolean => findName(database, `o ${mark}`) !== undefined,

    hasMessage: (id: string, write?: string): boolean => isRepeated(database, id, write),

    /** Remembers a message. Returns false if another call brought it before. */
    keepMessage(id: string, life: number, write?: string): boolean {
      if (isRepeated(database, id, write)) return false

      keepName(database, `j ${id}`, 1, life)
      keepWrite(database, `j ${id}`, write, 1)
      return true
    },
  }
}
