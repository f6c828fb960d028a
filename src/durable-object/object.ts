/**
 * The class of a Durable Object that stores sessions, rate limits and failed logins in its SQLite database.
 * Workers export it and bind it; the session store, the limiter and the throttle of this library call its
 * `fetch` with one verb as JSON.
 *
 * Each verb runs in a transaction, so one that throws changes nothing, and the caller gets the error. An
 * unknown verb is answered with 501, which callers report as `ERR_STORE_UNAVAILABLE`; a body that is not
 * JSON rejects. Expired rows are deleted by an alarm, at most about a minute late; an empty object deletes
 * itself.
 */
import { createAttempts, createAttemptTables } from '../limit/durable-object/attempts.ts'
import { createCounts, createCountTables } from '../limit/durable-object/counts.ts'
import type { ObjectSql, ObjectState, ObjectStorage } from '../store/durable-object/platform.ts'
import { createTables } from '../store/durable-object/session-rows.ts'
import { createSessionTable } from '../store/durable-object/session-table.ts'

/** A verb, and the tables that it uses. */
interface Verb {
  readonly run: (...args: never[]) => unknown
  readonly tableSet: TableSet
}

/**
 * The tables of one kind of verbs. An object creates only the tables of those kinds that were called: an empty table
 * and its indexes take 12 KB or more, and every user has an object.
 */
interface TableSet {
  /** The names of the tables, whose rows expire. */
  readonly tables: readonly string[]
  readonly create: (sql: ObjectSql) => void
}

const sessionSet: TableSet = { tables: ['sessions', 'names'], create: createTables }
const countSet: TableSet = { tables: ['counts'], create: createCountTables }
const attemptSet: TableSet = { tables: ['attempts'], create: createAttemptTables }
const knownTables = [sessionSet, countSet, attemptSet].flatMap(({ tables }) => tables)

/** Least milliseconds between two deletions of expired rows, since an alarm costs as much as a request. */
const alarmEveryMs = 60_000

/**
 * A Durable Object of this library: export it from the Worker, bind it, and name it in a migration as one of
 * `new_sqlite_classes`. Only stores and limiters of this library call it; it cannot be reached from the internet.
 *
 * @example
 * export { PortcullisObject } from 'portcullis/store/durable-object'
 */
export class PortcullisObject {
  readonly #storage: ObjectStorage
  readonly #verbs: ReadonlyMap<string, Verb>
  readonly #ready = new Set<TableSet>()
  /** When `alarm()` will be called; infinite if it is not known that it will be. */
  #alarmAt = Number.POSITIVE_INFINITY
  /** The earliest end of a row for which no alarm is set yet; infinite if there is none. */
  #dueAt = Number.POSITIVE_INFINITY

  constructor(state: ObjectState, _env?: unknown) {
    const { storage } = state
    this.#storage = storage
    const clock = (): number => Date.now()
    const forgetAt = (rowEnd: number): void => {
      if (rowEnd < this.#dueAt) this.#dueAt = rowEnd
    }

    const parts = { sql: storage.sql, clock, forgetAt }

    this.#verbs = new Map<string, Verb>([
      ...listVerbs(createSessionTable(storage.sql, clock, forgetAt), sessionSet),
      ...listVerbs(createCounts(parts), countSet),
      ...listVerbs(createAttempts(parts), attemptSet),
    ])
    // Where the alarm cannot be read it is set anew, which does no harm.
    const readAlarm = (): Promise<number | null> => storage.getAlarm().catch(() => null)
    void state.blockConcurrencyWhile(async () => {
      this.#alarmAt = (await readAlarm()) ?? Number.POSITIVE_INFINITY
    })
  }

  /** Runs one verb in a transaction: the body is `[verb, ...arguments]` as JSON, and so is the response. */
  async fetch(request: Request): Promise<Response> {
    const [name = '', ...args] = (await request.json()) as [name: string, ...args: never[]]
    const verb = this.#verbs.get(name)
    if (verb === undefined) return new Response('no such verb', { status: 501 })

    this.#createTables(verb.tableSet)
    const result = this.#storage.transactionSync(() => verb.run(...args))
    // After the transaction, since one that is rolled back takes its alarm along. Nothing waits between the two, so the
    // platform writes both or neither.
    await this.#setAlarm()
    return Response.json(result ?? null)
  }

  /** Deletes expired rows. If no row is left, the object deletes its whole storage. */
  async alarm(): Promise<void> {
    this.#alarmAt = Number.POSITIVE_INFINITY
    // If this fails for good, the next request sets another alarm.
    this.#dueAt = Date.now()
    const { sql } = this.#storage
    const tables = this.#listTables()
    for (const table of tables) sql.exec(`DELETE FROM ${table} WHERE until <= ?`, Date.now())

    this.#dueAt = this.#findFirstEnd(tables)
    if (this.#dueAt !== Number.POSITIVE_INFINITY) return this.#setAlarm()

    this.#ready.clear()
    await this.#storage.deleteAll()
  }

  /** Finds when the first row of these tables ends; infinite if there are no rows. */
  #findFirstEnd(tables: readonly string[]): number {
    const rowEnds = tables.map((table) => {
      const [row] = this.#storage.sql.exec(`SELECT min(until) AS until FROM ${table}`).toArray()
      return typeof row?.until === 'number' ? row.until : Number.POSITIVE_INFINITY
    })

    return Math.min(...rowEnds)
  }

  #createTables(tableSet: TableSet): void {
    if (this.#ready.has(tableSet)) return
    tableSet.create(this.#storage.sql)
    this.#ready.add(tableSet)
    // Rows whose alarm was lost, such as after an alarm that failed too often, get one with the next request.
    if (this.#alarmAt === Number.POSITIVE_INFINITY)
      this.#dueAt = Math.min(this.#dueAt, this.#findFirstEnd(tableSet.tables))
  }

  /** Lists the tables that exist, among them those that the object created before it was last evicted from memory. */
  #listTables(): string[] {
    const query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    const names = this.#storage.sql
      .exec(query)
      .toArray()
      .map(({ name }) => `${name}`)
    return knownTables.filter((table) => names.includes(table))
  }

  /**
   * Makes the platform call `alarm()` some time after the first row ends, unless it will be called before that anyway. If
   * no alarm can be set the request fails, and the next one tries again.
   */
  async #setAlarm(): Promise<void> {
    const currentTime = Date.now()
    // An alarm that is overdue was lost. The platform may be late, but not for that long.
    if (this.#alarmAt + alarmEveryMs < currentTime) {
      this.#dueAt = Math.min(this.#dueAt, this.#alarmAt)
      this.#alarmAt = Number.POSITIVE_INFINITY
    }

    const dueAt = this.#dueAt
    const alarmAt = Math.max(dueAt + alarmEveryMs, currentTime)
    this.#dueAt = Number.POSITIVE_INFINITY
    if (dueAt === Number.POSITIVE_INFINITY || this.#alarmAt <= alarmAt) return

    const previousAlarmAt = this.#alarmAt
    this.#alarmAt = alarmAt
    try {
      await this.#storage.setAlarm(alarmAt)
    } catch (error) {
      this.#alarmAt = previousAlarmAt
      this.#dueAt = Math.min(this.#dueAt, dueAt)
      throw error
    }
  }
}

function listVerbs(
  verbs: Readonly<Record<string, Verb['run']>>,
  tableSet: TableSet,
): Array<[name: string, verb: Verb]> {
  return Object.entries(verbs).map(([name, run]) => [name, { run, tableSet }])
}
