/**
 * The class of a Durable Object that keeps sessions, limits and failed logins. The store and
 * limiters of this library call its `fetch` with one verb as JSON. An unknown verb is answered
 * with 501; a verb that throws changes nothing, since each runs in a transaction.
 */
import { createAttempts, createAttemptTables } from '../limit/durable-object/attempts.ts'
import { createCounts, createCountTables } from '../limit/durable-object/counts.ts'
import type { ObjectState, ObjectStorage } from '../store/durable-object/platform.ts'
import { createTables } from '../store/durable-object/session-rows.ts'
import { createSessionTable } from '../store/durable-object/session-table.ts'

type Verb = (...args: never[]) => unknown

/** Tables whose rows have an end. */
const tables = ['sessions', 'names', 'counts', 'attempts'] as const
/** Between two looks for what is past its time: an alarm costs as much as a request. */
const alarmEveryMs = 60_000

/**
 * A Durable Object of this library: export it from the Worker, bind it, and name it in a migration as one of
 * `new_sqlite_classes`. Only stores and limiters of this library call it; nothing reaches it from outside.
 *
 * @example
 * export { PortcullisObject } from 'portcullis/store/durable-object'
 */
export class PortcullisObject {
  readonly #storage: ObjectStorage
  readonly #verbs: ReadonlyMap<string, Verb>
  #ready = false
  #alarmAt: number | undefined

  constructor(state: ObjectState, _env?: unknown) {
    const { storage } = state
    this.#storage = storage
    const clock = (): number => Date.now()
    const forgetAt = (until: number): void => this.#wake(until)
    const parts = { sql: storage.sql, clock, forgetAt }

    this.#verbs = new Map<string, Verb>([
      ...listVerbs(createSessionTable(storage.sql, clock, forgetAt)),
      ...listVerbs(createCounts(parts)),
      ...listVerbs(createAttempts(parts)),
    ])
    void state.blockConcurrencyWhile(async () => {
      this.#alarmAt = (await storage.getAlarm()) ?? undefined
    })
  }

  /** Runs one verb: `[verb, ...arguments]` as JSON, answered as JSON. All of it happens, or none. */
  async fetch(request: Request): Promise<Response> {
    const [name = '', ...args] = (await request.json()) as [name: string, ...args: never[]]
    const verb = this.#verbs.get(name)
    if (verb === undefined) return new Response('no such verb', { status: 501 })

    this.#createTables()
    const answer = this.#storage.transactionSync(() => verb(...args))
    return Response.json(answer ?? null)
  }

  /** Deletes what is past its time. Where nothing is left the object ceases to be. */
  async alarm(): Promise<void> {
    this.#alarmAt = undefined
    this.#createTables()
    const { sql } = this.#storage
    for (const table of tables) sql.exec(`DELETE FROM ${table} WHERE until <= ?`, Date.now())

    const next = tables
      .map((table) => sql.exec(`SELECT min(until) AS until FROM ${table}`).toArray()[0]?.until)
      .filter((until): until is number => typeof until === 'number')
    if (next.length > 0) return this.#wake(Math.min(...next))

    this.#ready = false
    await this.#storage.deleteAll()
  }

  #createTables(): void {
    if (this.#ready) return
    createTables(this.#storage.sql)
    createCountTables(this.#storage.sql)
    createAttemptTables(this.#storage.sql)
    this.#ready = true
  }

  /** Has `alarm()` called some time after `until`, unless it will be called before that. */
  #wake(until: number): void {
    if (this.#alarmAt !== undefined && this.#alarmAt <= until + alarmEveryMs) return
    this.#alarmAt = Math.max(until, Date.now()) + alarmEveryMs
    void this.#storage.setAlarm(this.#alarmAt)
  }
}

function listVerbs(verbs: object): Array<[name: string, verb: Verb]> {
  return Object.entries(verbs) as Array<[string, Verb]>
}
