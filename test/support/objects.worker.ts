/** A Worker over Durable Objects: an app with sessions, limits and a login throttle, and a door to the objects for tests. */
import { Hono } from 'hono'
import {
  durableObjectLimiter,
  durableObjectStore,
  durableObjectThrottle,
  type ObjectState,
  PortcullisObject,
} from '../../src/durable-object/index.ts'
import { errorPage } from '../../src/page/index.ts'
import { session, storedSessions } from '../../src/session/index.ts'
import type { D1Database } from '../../src/store/d1.ts'

interface Env {
  PORTCULLIS: {
    idFromName(name: string): unknown
    get(id: unknown): { fetch(url: string, init: RequestInit): Promise<Response> }
  }
  SECRET: string
  DB: D1Database
}
interface Data {
  userId?: string
  visits?: number
}

/** Time stands still for the throttle, so that no wait is over before a test is. */
const noon = Date.UTC(2026, 10, 20, 12)
const namespace = ({ env }: { env: Env }) => env.PORTCULLIS
const tables = ['sessions', 'names', 'counts', 'attempts']

/** The class as applications export it, with what tests need to see and to move. */
export class TestObject extends PortcullisObject {
  readonly #storage: ObjectState['storage'] & { deleteAlarm?(): Promise<void> }
  readonly #sql: ObjectState['storage']['sql']

  constructor(state: ObjectState, env: unknown) {
    super(state, env)
    this.#storage = state.storage
    this.#sql = state.storage.sql
  }

  override async fetch(request: Request): Promise<Response> {
    const [, , path, ms] = new URL(request.url).pathname.split('/')
    if (path === 'elapse') {
      for (const table of this.#tables())
        this.#sql.exec(`UPDATE ${table} SET until = until - ?`, Number(ms))
      return Response.json(true)
    }
    if (path === 'clear') {
      for (const table of this.#tables()) this.#sql.exec(`DELETE FROM ${table}`)
      return Response.json(true)
    }
    if (path === 'alarm') {
      await this.alarm()
      return Response.json(this.#tables().length)
    }
    if (path === 'alarm-at') return Response.json(await this.#storage.getAlarm())
    if (path === 'lose-alarm') {
      await this.#storage.deleteAlarm?.()
      return Response.json(true)
    }
    if (path === 'dump')
      return Response.json(
        this.#tables().map((table) => this.#sql.exec(`SELECT * FROM ${table}`).toArray()),
      )
    return super.fetch(request)
  }

  #tables(): string[] {
    const all = this.#sql.exec("SELECT name FROM sqlite_master WHERE type = 'table'").toArray()
    return all.map(({ name }) => `${name}`).filter((name) => tables.includes(name))
  }
}

const sessions = storedSessions<Data>({
  secret: (c) => (c.env as unknown as Env).SECRET,
  store: durableObjectStore({ namespace, timeoutMs: 20_000, locationHint: 'weur' }),
  user: (data) => data.userId,
})
const limiter = durableObjectLimiter<Env>({
  ...{ namespace, secret: (c) => c.env.SECRET, limit: 20, window: 600 },
  ...{ maxBlocked: 0, timeoutMs: 20_000 },
})
const throttle = durableObjectThrottle<Env>({ namespace, timeoutMs: 20_000 })

/** One request to an object, and its answer, as they travel on the socket of a test. */
interface BridgeRequest {
  readonly id: number
  readonly name: string
  readonly path: string
  readonly body: string | null
  /** Statements for the database in the place of a request to an object. */
  readonly batch?: ReadonlyArray<{ readonly text: string; readonly values: Array<string | null> }>
}

declare const WebSocketPair: new () => { 0: WebSocket; 1: WebSocket & { accept(): void } }

/** Passes requests to objects that come over one socket: the HTTP of each one costs more than its verb. */
function openBridge(env: Env): Response {
  const { 0: client, 1: server } = new WebSocketPair()
  server.accept()
  server.addEventListener('message', async ({ data }) => {
    const { id, name, path, body, batch } = JSON.parse(`${data}`) as BridgeRequest
    try {
      if (batch !== undefined) {
        const session = env.DB.withSession('first-primary')
        const statements = batch.map(({ text, values }) => session.prepare(text).bind(...values))
        const answers = await session.batch(statements as never[])
        return server.send(JSON.stringify({ id, status: 200, text: JSON.stringify(answers) }))
      }
      const stub = env.PORTCULLIS.get(env.PORTCULLIS.idFromName(name))
      const init = body === null ? {} : { method: 'POST', body }
      const response = await stub.fetch(`https://objects.test/object${path}`, init)
      server.send(JSON.stringify({ id, status: response.status, text: await response.text() }))
    } catch (error) {
      server.send(JSON.stringify({ id, error: `${error}` }))
    }
  })
  return new Response(null, { status: 101, webSocket: client } as ResponseInit)
}

const app = new Hono<{ Bindings: Env }>()
  .get('/bridge', (c) => openBridge(c.env))
  .all('/object/*', (c) => {
    const stub = c.env.PORTCULLIS.get(c.env.PORTCULLIS.idFromName(c.req.query('name') ?? ''))
    const { method, body } = c.req.raw
    return stub.fetch(c.req.url, { method, ...(body && { body }) })
  })
  .get('/take/:key', async (c) => {
    const { allowed } = await limiter.take(c.req.param('key'), 1, { env: c.env })
    return c.json(allowed)
  })
  .get('/attempt/:account/:address/:ticket', async (c) => {
    const { account, address, ticket } = c.req.param()
    const streaks = [{ key: `S${account}`, free: 5, longest: 60_000 }]
    const days = [{ key: `D${address}`, most: 100 }]
    const counters = { ticket, streaks, days }
    return c.json(await throttle.attempt(counters, noon, { env: c.env }))
  })
  .use(session(sessions))
  .get('/login/:user', async (c) => {
    await c.var.session.start({ userId: c.req.param('user') }, { keep: ['visits'] })
    return c.json(true)
  })
  .get('/count', async (c) =>
    c.json(await c.var.session.update((d) => ({ ...d, visits: (d?.visits ?? 0) + 1 }))),
  )
  .get('/read', async (c) => c.json((await c.var.session.get()) ?? null))
  .get('/devices', async (c) => c.json(await c.var.session.list()))
  .get('/everywhere', async (c) => {
    await c.var.session.endAll()
    return c.json(true)
  })
  .get('/logout', async (c) => {
    await c.var.session.end()
    return c.json(true)
  })
  .onError(errorPage({ report: (error) => console.error(error) }))

export default app
