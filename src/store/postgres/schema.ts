/**
 * Defines the tables of the Postgres store, and collects all statements that create its schema.
 * `postgres.ts` runs them in `migrate` and returns them from `postgresStatements`.
 *
 * Each verb of the store is one function, so it is one statement and one transaction. A row of
 * `sessions` with `version` 0 is the mark of a session that has ended, and its `last_...` columns hold the
 * session that a login replaced. `list` names the user whose list has the row. All times are
 * milliseconds since the epoch; `until` is by the clock of the database. A statement that fails makes
 * the migration fail as a whole. The schema name is inserted as text, so the caller must validate it.
 */
import { quoteName } from './define.ts'
import { sharedFunctions } from './shared-functions.ts'
import { verbFunctions } from './verb-functions.ts'

/** Returns the statements that create or update everything in a schema. They can run any number of times. */
export function createStatements(schema: string): string[] {
  const quotedSchema = quoteName(schema)
  return [
    ...tables(quotedSchema),
    ...sharedFunctions(quotedSchema, schema),
    ...verbFunctions(quotedSchema),
  ]
}

/**
 * Returns the same statements as one, which runs in one transaction. Deployments that migrate at the same time wait for
 * each other by a lock, because `IF NOT EXISTS` and `OR REPLACE` fail while another transaction creates the same
 * object.
 */
export function createMigration(schema: string): string {
  return `DO $migration$
BEGIN
PERFORM pg_advisory_xact_lock(hashtextextended('${schema} migration', 0));
${createStatements(schema).join(';\n')};
END
$migration$`
}

function tables(schema: string): string[] {
  return [
    `CREATE SCHEMA IF NOT EXISTS ${schema}`,
    `CREATE TABLE IF NOT EXISTS ${schema}.sessions (
  key text PRIMARY KEY,
  version bigint NOT NULL,
  record text,
  seen bigint,
  stop bigint,
  list text,
  last_version bigint,
  last_record text,
  last_seen bigint,
  last_stop bigint,
  last_by text,
  until bigint NOT NULL
)`,
    `CREATE INDEX IF NOT EXISTS sessions_list ON ${schema}.sessions (list) WHERE list IS NOT NULL`,
    `CREATE INDEX IF NOT EXISTS sessions_until ON ${schema}.sessions (until)`,
    `CREATE TABLE IF NOT EXISTS ${schema}.writes (
  key text NOT NULL,
  write text NOT NULL,
  version bigint NOT NULL,
  until bigint NOT NULL,
  PRIMARY KEY (key, write)
)`,
    `CREATE INDEX IF NOT EXISTS writes_until ON ${schema}.writes (until)`,
    `CREATE TABLE IF NOT EXISTS ${schema}.marks (
  name text PRIMARY KEY,
  until bigint NOT NULL
)`,
    `CREATE INDEX IF NOT EXISTS marks_until ON ${schema}.marks (until)`,
  ]
}
