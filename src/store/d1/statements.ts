/**
 * Compiles the SQL statements of the D1 store: a list of statements for each verb, which D1 runs as one
 * transaction. `d1.ts` compiles them once and sends their lists; `migrate` runs `createTables`.
 *
 * D1 has no procedural SQL, so each statement repeats the condition under which it acts. A row of
 * `sessions` with version 0 marks a session that has ended; its `last_...` columns hold the session that
 * a login replaced. `names` holds ids of writes (`w`), ended marks (`o`) and messages (`j`). All rows
 * expire at `until`, by the clock of the database. A statement that fails rejects the whole batch. The
 * prefix is inserted as text, so the caller must validate it.
 */
import { writeMemory } from '../contract.ts'

/** One statement, and the names of its values in the order of the placeholders `?1`, `?2` and so on. */
export interface Statement {
  readonly text: string
  readonly names: readonly string[]
}

type VerbName =
  | 'create'
  | 'read'
  | 'replace'
  | 'rotate'
  | 'end'
  | 'replaced'
  | 'list'
  | 'endAll'
  | 'endMarked'
  | 'cleanUp'

/** The statements of every verb. */
export type Statements = Readonly<Record<VerbName, readonly Statement[]>>

/** Milliseconds since the epoch, by the clock of the database. */
const clock = "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
const writeName = "'w ' || :key || ' ' || :write"
const columns = 'CAST(s.version AS TEXT) AS version, s.record, s.seen, s.stop AS "end"'

/** The answer to this write, if it is repeated: no other write has its id. */
const findAnswer = (names: string): string => `SELECT value FROM ${names} WHERE name = ${writeName}`

/** Compiles the statements over tables whose names begin with a prefix. */
export function compileStatements(prefix: string): Statements {
  const pieces = createPieces(prefix)

  const verbs = Object.entries({ ...listRowVerbs(pieces), ...listOtherVerbs(pieces) })
  return Object.fromEntries(
    verbs.map(([verb, texts]) => [verb, texts.map(compileStatement)]),
  ) as unknown as Statements
}

/** Returns the statements that create the tables. They can run any number of times. */
export function createTables(prefix: string): string[] {
  const [sessions, names] = [`${prefix}sessions`, `${prefix}names`]
  return [
    `CREATE TABLE IF NOT EXISTS ${sessions} (
  key TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  record TEXT,
  seen INTEGER,
  stop INTEGER,
  list TEXT,
  write TEXT,
  last_version TEXT,
  last_record TEXT,
  last_seen INTEGER,
  last_stop INTEGER,
  last_by TEXT,
  until INTEGER NOT NULL
)`,
    `CREATE INDEX IF NOT EXISTS ${sessions}_list ON ${sessions} (list, stop) WHERE list IS NOT NULL`,
    `CREATE INDEX IF NOT EXISTS ${sessions}_until ON ${sessions} (until)`,
    `CREATE TABLE IF NOT EXISTS ${names} (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL,
  until INTEGER NOT NULL
)`,
    `CREATE INDEX IF NOT EXISTS ${names}_until ON ${names} (until)`,
  ]
}

/** Replaces each named placeholder by a number, since D1 accepts only numbered ones. */
function compileStatement(text: string): Statement {
  const names: string[] = []
  const sql = text.replace(/:([a-z]+)/gi, (_, name: string) => {
    if (!names.includes(name)) names.push(name)
    return `?${names.indexOf(name) + 1}`
  })

  return { text: sql, names }
}

/** Pieces of SQL that several verbs have in common, over two tables. */
interface Pieces {
  readonly sessions: string
  readonly names: string
  /** A condition: the name is in the table and has not expired. */
  hasName(name: string): string
  /** An expression for the state of a row for this reader: `found`, `none`, `expired` or `ended`. */
  describe(list: string): string
  /** Assignments that record a request and extend the idle timeout. */
  readonly noteRequest: string
  /** Deletes an expired row at the key. */
  readonly forgetOld: string
  /** Inserts a new row, unless this write has run before. */
  readonly insertRow: string
  /** Stores the id of the write that made this version. */
  remember(value: string): string
  /** An expression for the row at a key that must be free: `ours` (made by this write), `used`, or null. */
  readonly standing: string
  /**
   * A condition: this write has made the row and is not remembered yet. Statements with this condition change nothing
   * when the batch is repeated.
   */
  readonly isNew: string
}

function createPieces(prefix: string): Pieces {
  const [sessions, names] = [`${prefix}sessions`, `${prefix}names`]
  const hasName = (name: string): string =>
    `EXISTS (SELECT 1 FROM ${names} WHERE name = ${name} AND until > ${clock})`

  const isKnown = hasName(writeName)

  return {
    sessions,
    names,
    hasName,
    describe: (list) => `CASE
    WHEN ${hasName("'o ' || :mark")} THEN 'ended'
    WHEN s.key IS NULL OR s.until <= ${clock} THEN 'none'
    WHEN s.version = 0 OR (${list} IS NOT NULL AND s.list IS NOT ${list}) THEN 'ended'
    WHEN :now - s.seen >= :idle OR :now >= s.stop THEN 'expired'
    ELSE 'found' END`,
    noteRequest: `seen = max(s.seen, :now),
    until = ${clock} + CAST(min(:idle, s.stop - :now) AS INTEGER)`,
    forgetOld: `DELETE FROM ${sessions} WHERE key = :key AND until <= ${clock}`,
    insertRow: `INSERT INTO ${sessions} (key, version, record, seen, stop, list, write, until)
SELECT :key, 1, :record, :now, :end, :index, :write,
  ${clock} + CAST(min(:idle, :end - :now) AS INTEGER)
WHERE NOT ${isKnown}`,
    remember: (value) => `INSERT INTO ${names} (name, value, until)
SELECT ${writeName}, ${value}, ${clock} + ${writeMemory} FROM ${sessions}
WHERE key = :key AND write = :write AND version > 0
ON CONFLICT (name) DO UPDATE SET value = excluded.value, until = excluded.until
WHERE until <= ${clock}`,
    standing: `(SELECT CASE WHEN version > 0 AND ${isKnown} THEN 'ours' ELSE 'used' END
  FROM ${sessions} WHERE key = :key AND until > ${clock})`,
    isNew: `EXISTS (
    SELECT 1 FROM ${sessions} WHERE key = :key AND write = :write AND version = 1
  ) AND NOT ${isKnown}`,
  }
}

/** Makes room for a new row in the list of its user: expired rows are delisted first, then the ones that end first. */
function makeRoom({ sessions, isNew }: Pieces): string[] {
  const others = `SELECT key FROM ${sessions} WHERE list = :index AND key <> :key`

  return [
    `UPDATE ${sessions} SET list = NULL
WHERE list = :index AND key <> :key AND (SELECT count(*) FROM (${others})) >= :most AND ${isNew}
  AND (until <= ${clock} OR :now - seen >= :idle OR :now >= stop)`,
    `UPDATE ${sessions} SET list = NULL
WHERE ${isNew} AND key IN (
  ${others} ORDER BY stop LIMIT max(0, (SELECT count(*) FROM (${others})) - (:most - 1))
)`,
  ]
}

/**
 * Ends the session that a login replaces, and keeps its content for a login form that is sent twice, even if another
 * login has ended it already. It leaves a mark even if there was no row, so that a parallel request with the old cookie
 * cannot create a session in its place.
 */
function endReplaced({ sessions, isNew }: Pieces): string {
  const wasLive = `s.until > ${clock} AND s.version > 0 AND (:list IS NULL OR s.list IS :list)`
  const keepLast = (column: string, value: string): string => `${column} = CASE
    WHEN ${wasLive} THEN ${value}
    WHEN s.until > ${clock} AND s.version = 0 THEN s.${column} END`

  return `INSERT INTO ${sessions} AS s (key, version, until)
SELECT :old, 0, ${clock} + CAST(:grace AS INTEGER) WHERE ${isNew}
ON CONFLICT (key) DO UPDATE SET version = 0, record = NULL, seen = NULL, stop = NULL, list = NULL,
  write = NULL, until = excluded.until,
  ${keepLast('last_version', 'CAST(s.version AS TEXT)')},
  ${keepLast('last_record', 's.record')},
  ${keepLast('last_seen', 's.seen')},
  ${keepLast('last_stop', 's.stop')},
  ${keepLast('last_by', ':index')}`
}

type RowVerb = 'create' | 'read' | 'replace' | 'rotate'

function listRowVerbs(pieces: Pieces): Record<RowVerb, readonly string[]> {
  const { sessions, names, describe, noteRequest, forgetOld, insertRow, standing, remember } =
    pieces
  return {
    create: [
      forgetOld,
      `${insertRow} ON CONFLICT (key) DO NOTHING`,
      ...makeRoom(pieces),
      remember('1'),
      `SELECT ${standing} AS standing`,
    ],

    read: [
      `UPDATE ${sessions} AS s SET ${noteRequest}
WHERE s.key = :key AND :now - s.seen >= :slice AND ${describe(':index')} = 'found'`,
      `SELECT ${describe(':index')} AS "is", ${columns}
FROM (SELECT 1) LEFT JOIN ${sessions} AS s ON s.key = :key`,
    ],

    replace: [
      `UPDATE ${sessions} AS s
SET version = s.version + 1, record = :record, write = :write, ${noteRequest}
WHERE s.key = :key AND CAST(s.version AS TEXT) = :version AND ${describe(':index')} = 'found'
  AND NOT ${pieces.hasName(writeName)}`,
      remember('version'),
      `SELECT ${describe(':index')} AS "is", ${columns}, CAST((${findAnswer(names)}) AS TEXT) AS made
FROM (SELECT 1) LEFT JOIN ${sessions} AS s ON s.key = :key`,
    ],

    rotate: [
      forgetOld,
      `${insertRow} AND (:version IS NULL OR EXISTS (
  SELECT 1 FROM ${sessions} AS s
  WHERE s.key = :old AND CAST(s.version AS TEXT) = :version AND ${describe(':list')} = 'found'
)) ON CONFLICT (key) DO NOTHING`,
      endReplaced(pieces),
      ...makeRoom(pieces),
      remember('1'),
      `SELECT ${standing} AS standing, ${describe(':list')} AS "is", ${columns}
FROM (SELECT 1) LEFT JOIN ${sessions} AS s ON s.key = :old`,
    ],
  }
}

function listOtherVerbs({
  sessions,
  names,
  hasName,
}: Pieces): Record<Exclude<VerbName, RowVerb>, readonly string[]> {
  const rememberOnce = (value: string, source: string): string =>
    `INSERT OR IGNORE INTO ${names} (name, value, until)
SELECT ${writeName}, ${value}, ${clock} + ${writeMemory} ${source}`

  const answer = findAnswer(names)

  return {
    // Each of these remembers what it is about to end, so that a call which is repeated has the same answer.
    end: [
      rememberOnce(
        `1`,
        `FROM ${sessions}
WHERE key = :key AND until > ${clock} AND version > 0 AND (:index IS NULL OR list IS :index)`,
      ),
      `UPDATE ${sessions} SET version = 0, record = NULL, seen = NULL, stop = NULL, list = NULL,
  write = NULL, until = ${clock} + CAST(:grace AS INTEGER)
WHERE key = :key AND until > ${clock} AND version > 0`,
      answer,
    ],

    replaced: [
      `SELECT last_version AS version, last_record AS record, last_seen AS seen, last_stop AS "end",
  last_by AS "by"
FROM ${sessions}
WHERE key = :key AND version = 0 AND last_version IS NOT NULL AND until > ${clock}`,
    ],

    list: [`SELECT ${columns} FROM ${sessions} AS s WHERE list = :index AND until > ${clock}`],

    endAll: [
      rememberOnce(
        'count(*)',
        `FROM ${sessions}
WHERE list = :index AND key IS NOT :keep AND until > ${clock}`,
      ),
      `UPDATE ${sessions} SET list = NULL WHERE list = :index AND key IS NOT :keep`,
      answer,
    ],

    endMarked: [
      // `:key` is the message here, or the mark where there is none.
      rememberOnce('1', `WHERE :once IS NULL OR NOT ${hasName("'j ' || :once")}`),
      `INSERT INTO ${names} (name, value, until)
SELECT 'o ' || :mark, 1, ${clock} + CAST(:life AS INTEGER) WHERE ${hasName(writeName)}
ON CONFLICT (name) DO UPDATE SET until = max(until, excluded.until)`,
      `INSERT INTO ${names} (name, value, until)
SELECT 'j ' || :once, 1, ${clock} + CAST(:remember AS INTEGER) WHERE :once IS NOT NULL
ON CONFLICT (name) DO UPDATE SET until = excluded.until WHERE until <= ${clock}`,
      answer,
    ],

    cleanUp: [
      `DELETE FROM ${sessions} WHERE key IN (
  SELECT key FROM ${sessions} WHERE until <= ${clock} LIMIT :most
)`,
      `DELETE FROM ${names} WHERE name IN (
  SELECT name FROM ${names} WHERE until <= ${clock} LIMIT :most
)`,
    ],
  }
}
