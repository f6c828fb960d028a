/**
 * Stores values as JSON by key in a table inside a Durable Object, each with an expiry. The limiter's
 * counts and the throttle's login attempts (`limit/durable-object/`) use it inside the object.
 *
 * Nothing here awaits, so it is atomic within the object's transaction. An error of the database is
 * thrown. Expired values are invisible and are deleted by the object's alarm. `name` is inserted into
 * SQL as text, so it must be a constant.
 */
import type { ObjectSql } from './platform.ts'

/** A table of JSON values with an expiry. */
export interface ValueTable {
  /** Finds a value that has not expired. */
  find<T>(key: string): T | undefined
  /** Stores a value for `life` milliseconds, and replaces an existing one. */
  keep(key: string, value: unknown, life: number): void
  /** Changes a value and keeps its expiry. Without a value it does nothing. */
  change(key: string, value: unknown): void
  /** Deletes a value, if there is one. */
  forget(key: string): void
}

/** The database and the clock of an object. */
export interface ValueTableParts {
  readonly sql: ObjectSql
  readonly clock: () => number
  /** Receives the moment from which a row may be deleted. */
  readonly forgetAt: (until: number) => void
}

/** Creates the table if it is missing. `name` must be a plain word. */
export function createValueSchema(sql: ObjectSql, name: string): void {
  sql.exec(
    `CREATE TABLE IF NOT EXISTS ${name} (key TEXT PRIMARY KEY, kept TEXT NOT NULL, until INTEGER NOT NULL)
     WITHOUT ROWID`,
  )
  sql.exec(`CREATE INDEX IF NOT EXISTS ${name}_until ON ${name} (until)`)
}

/** Opens a table that exists. */
export function openValueTable(
  name: string,
  { sql, clock, forgetAt }: ValueTableParts,
): ValueTable {
  return {
    find<T>(key: string): T | undefined {
      const query = `SELECT kept FROM ${name} WHERE key = ? AND until > ?`
      const [row] = sql.exec(query, key, clock()).toArray()

      return row === undefined ? undefined : (JSON.parse(row.kept as string) as T)
    },
    keep(key, value, life) {
      const until = Math.ceil(clock() + life)
      const query = `INSERT OR REPLACE INTO ${name} (key, kept, until) VALUES (?, ?, ?)`

      forgetAt(until)
      sql.exec(query, key, JSON.stringify(value), until)
    },
    change(key, value) {
      sql.exec(`UPDATE ${name} SET kept = ? WHERE key = ?`, JSON.stringify(value), key)
    },
    forget(key) {
      sql.exec(`DELETE FROM ${name} WHERE key = ?`, key)
    },
  }
}
