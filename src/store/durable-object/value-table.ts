/**
 * Keeps values by key in a table inside a Durable Object, each of which is forgotten at its time.
 * The counts and the login attempts of an object use it. It does no I/O beyond the object's own
 * database.
 */
import type { ObjectSql } from './platform.ts'

/** Values as JSON. Every statement happens at once. */
export interface ValueTable {
  /** Finds a value that is not past its time. */
  find<T>(key: string): T | undefined
  /** Keeps a value for `life` milliseconds, in the place of one that is there. */
  keep(key: string, value: unknown, life: number): void
  /** Changes a value, and not when it is forgotten. */
  change(key: string, value: unknown): void
  /** Forgets a value; harmless where there is none. */
  forget(key: string): void
}

/** The database of an object, and its time. */
export interface ValueTableParts {
  readonly sql: ObjectSql
  readonly clock: () => number
  /** Receives when something may be deleted. */
  readonly forgetAt: (until: number) => void
}

/** Makes the table. `name` is a plain word. */
export function createValueSchema(sql: ObjectSql, name: string): void {
  sql.exec(
    `CREATE TABLE IF NOT EXISTS ${name} (key TEXT PRIMARY KEY, kept TEXT NOT NULL, until INTEGER NOT NULL)`,
  )
  sql.exec(`CREATE INDEX IF NOT EXISTS ${name}_until ON ${name} (until)`)
}

/** Opens a table that is there. */
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
