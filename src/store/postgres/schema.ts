/**
 * Defines the tables and functions in Postgres that sessions need. `postgres.ts` runs the statements when it
 * migrates; a statement that fails is thrown. Each verb of a store is one function, so it is one statement and
 * one transaction. A row of `sessions` with `version` 0 is the mark of an ended session, and its `last_...`
 * columns hold the session that a login replaced. `list` names the user whose list has the row. All times are
 * milliseconds since the epoch; `until` is by the clock of the database.
 */
import { sharedFunctions } from './shared-functions.ts'
import { verbFunctions } from './verb-functions.ts'

/** The statements that make or update everything in a schema. They can run any number of times. */
export function createStatements(schema: string): string[] {
  return [...tables(schema), ...sharedFunctions(schema), ...verbFunctions(schema)]
}

/**
 * The same as one statement, and so one transaction. Deployments that run it at the same time wait for each other:
 * `IF NOT EXISTS` and `OR REPLACE` fail where another transaction makes the same thing.
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
