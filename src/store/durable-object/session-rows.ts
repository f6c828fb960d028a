/**
 * Defines the rows of sessions in the database of a Durable Object, creates their tables, and parses the rows.
 * `row-access.ts` and `session-table.ts` read rows with it, the object class creates the tables, and
 * `store.ts` shares the types. Creating tables can be repeated. `parseLast` throws for text that is not
 * JSON, which only another program could have written.
 */
import type { Found, Replacement, RotateOptions } from '../contract.ts'
import type { ObjectSql } from './platform.ts'

/** The half of a rotation that is written and not confirmed. The object `source` knows whether it counts. */
export interface PendingRow {
  readonly key: string
  readonly write: string
  /** Name of the object that has the old session. */
  readonly source: string
}

/** The answer of a verb that met pending halves. The caller resolves them and calls the verb again with `resolved`. */
export interface Pending {
  readonly is: 'pending'
  readonly rows: readonly PendingRow[]
}

/** The options of `commit`, which ends the old session where it is in another object. */
export interface CommitOptions extends RotateOptions {
  /** Id of the write that makes the new session. */
  readonly write: string
  /** The index of the new session. */
  readonly by?: string
  readonly now: number
  readonly idle: number
}

/** A row of the table `sessions`. */
export interface StoredRow {
  readonly key: string
  /** 0 for the mark that a session has ended. */
  readonly version: number
  readonly record: string
  readonly seen: number
  readonly stop: number
  readonly list: string | null
  readonly last: string | null
  readonly until: number
  readonly pending: string | null
  readonly source: string | null
}

/**
 * The statements that create the tables. `WITHOUT ROWID` stores rows in the primary key itself. Otherwise the key would
 * be a separate index: one more page in each object, and one more row written for each row, and written rows are
 * billed.
 */
const statements: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS sessions (key TEXT PRIMARY KEY, version INTEGER NOT NULL, record TEXT, seen INTEGER,
    stop INTEGER, list TEXT, last TEXT, until INTEGER NOT NULL, pending TEXT, source TEXT) WITHOUT ROWID`,
  'CREATE INDEX IF NOT EXISTS sessions_list ON sessions (list)',
  'CREATE INDEX IF NOT EXISTS sessions_until ON sessions (until)',
  // Kinds of names: w a write with its version, c a committed rotation, o an ended mark, j a message.
  `CREATE TABLE IF NOT EXISTS names (name TEXT PRIMARY KEY, value INTEGER NOT NULL, until INTEGER NOT NULL)
    WITHOUT ROWID`,
  'CREATE INDEX IF NOT EXISTS names_until ON names (until)',
]

/** Creates the tables that are missing. */
export function createTables(sql: ObjectSql): void {
  for (const statement of statements) sql.exec(statement)
}

/** Parses the row that a login replaced, where a mark remembers it. */
export function parseLast({ last }: StoredRow): Replacement | undefined {
  return last === null ? undefined : (JSON.parse(last) as Replacement)
}

/** Converts a row to the form in which verbs return it. */
export function toFound({ version, record, seen, stop }: StoredRow): Found {
  return { is: 'found', version: `${version}`, record, seen, end: stop }
}
