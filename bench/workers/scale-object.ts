/** A Durable Object that tells with each answer how many rows it read and wrote, and how often it set an alarm. */
import { type ObjectState, PortcullisObject } from '../../src/durable-object/index.ts'

interface Env {
  readonly OBJECTS: {
    idFromName(name: string): unknown
    get(id: unknown): { fetch(url: string, init: RequestInit): Promise<Response> }
  }
}

/** A cursor as the platform has it. */
interface CountingCursor {
  readonly rowsRead: number
  readonly rowsWritten: number
  toArray(): Array<Record<string, unknown>>
}

interface Counts {
  read: number
  written: number
  alarms: number
}

/** Wraps the state of an object, so that its statements are counted. A statement is done when `exec` returns. */
function countStatements(state: ObjectState, counts: Counts): ObjectState {
  const { storage } = state
  return {
    blockConcurrencyWhile: (body) => state.blockConcurrencyWhile(body),
    storage: {
      sql: {
        exec(query, ...bindings) {
          const cursor = storage.sql.exec(query, ...bindings) as CountingCursor
          const rows = cursor.toArray()
          counts.read += cursor.rowsRead
          counts.written += cursor.rowsWritten
          return { toArray: () => rows }
        },
      },
      transactionSync: (body) => storage.transactionSync(body),
      getAlarm: () => storage.getAlarm(),
      setAlarm(at) {
        counts.alarms++
        return storage.setAlarm(at)
      },
      deleteAll: () => storage.deleteAll(),
    },
  }
}

export class CountedObject extends PortcullisObject {
  readonly #counts: Counts
  readonly #size: () => number
  readonly #expire: () => void

  constructor(state: ObjectState, env: unknown) {
    const counts = { read: 0, written: 0, alarms: 0 }
    super(countStatements(state, counts), env)
    this.#counts = counts
    const { sql } = state.storage as { sql: { readonly databaseSize?: number } }
    this.#size = () => sql.databaseSize ?? 0
    this.#expire = () => {
      for (const table of ['sessions', 'names'])
        state.storage.sql.exec(`UPDATE ${table} SET until = 0`)
    }
  }

  /** Has everything expire, and the platform call the alarm. */
  async #end(): Promise<Response> {
    this.#expire()
    await this.alarm()
    return Response.json(null)
  }

  override async fetch(request: Request): Promise<Response> {
    const response = request.headers.has('x-expire')
      ? await this.#end()
      : await super.fetch(request)
    const counted = new Response(response.body, response)
    counted.headers.set('x-counts', JSON.stringify({ ...this.#counts, bytes: this.#size() }))
    Object.assign(this.#counts, { read: 0, written: 0, alarms: 0 })
    return counted
  }
}

export default {
  fetch(request: Request, env: Env): Promise<Response> {
    const name = new URL(request.url).searchParams.get('name') ?? ''
    const { method, body, headers } = request
    return env.OBJECTS.get(env.OBJECTS.idFromName(name)).fetch('https://objects.test/', {
      method,
      body,
      headers,
    })
  },
}
