/**
 * The stores of the races, each over a real server that loses replies: what is lost is lost between the server and
 * the client of the store, which asks again as it would in production.
 */
import { Redis } from 'ioredis'
import { durableObjectStore } from '../../src/durable-object/index.ts'
import { ioredisSender, redis, type SendCommands } from '../../src/redis/index.ts'
import { type D1Database, type D1Store, d1Store } from '../../src/store/d1.ts'
import type { AtomicStore } from '../../src/store/index.ts'
import type { PostgresQuery } from '../../src/store/postgres.ts'
import { upstashStore } from '../../src/store/upstash.ts'
import { createPostgresStore } from '../node/store/postgres-support.ts'
import { memoryAt } from '../session/stored-support.ts'
import { startObjects } from '../support/objects.ts'
import { noPostgres, startPostgres } from '../support/postgres.ts'
import { noRedis, startRedis, type TestRedis } from '../support/redis.ts'

/** The store of one history: as it is, and as the requests of the race have it. */
export interface Stores {
  readonly calm: AtomicStore
  readonly lossy: AtomicStore
}

/** What one history needs: its clock, whether the next reply is lost, and which of several at the same time it is. */
export interface History {
  readonly clock: { now: number }
  readonly lose: () => boolean
  readonly lane: number
}

/** A server that races run over. */
export interface RaceServer {
  /** Opens an empty store. */
  open(history: History): Stores | Promise<Stores>
  /**
   * What a transport failed with by itself, where nothing was made to fail: a store asks once more after it, so that
   * nobody else would see it. Races expect none.
   */
  readonly failures: readonly unknown[]
  stop(): Promise<void>
}

/** A store that is raced: `FUZZ_STORE` is its name. */
export interface RaceStore {
  readonly name: string
  readonly title: string
  /** Histories in a plain test run. */
  readonly runs: number
  /** Histories at the same time. */
  readonly lanes: number
  start(): Promise<RaceServer>
}

const lost = (): Error => new Error('the reply was lost')
/** Nothing was done: another transaction was there first, and the store asks again. */
const conflictCodes: ReadonlySet<unknown> = new Set(['40001', '40P01', '55P03'])
const calmly = (): boolean => false
const timeoutMs = 30_000

/** Calls a transport, keeps what it failed with, and loses its reply where it is to be lost. */
async function deliver<Reply>(
  failures: unknown[],
  lose: () => boolean,
  send: () => Promise<Reply>,
): Promise<Reply> {
  const reply = await send().catch((error: unknown) => {
    if (!conflictCodes.has((error as { code?: unknown }).code)) failures.push(error)
    throw error
  })
  if (lose()) throw lost()
  return reply
}

async function startMemory(): Promise<RaceServer> {
  return {
    failures: [],
    open({ clock, lose }) {
      const calm = memoryAt(clock)
      return { calm, lossy: resending(calm, lose) }
    },
    stop: async () => {},
  }
}

/** Each history has keys of its own; a script whose reply was lost is sent again. */
async function startRedisHttp(): Promise<RaceServer> {
  const server = await startRedis()
  const failures: unknown[] = []

  function createStore(prefix: string, lose: () => boolean): AtomicStore {
    const { url, token } = server
    const losing: typeof fetch = (...request) => {
      return deliver(failures, lose, async () => {
        const response = await fetch(...request)
        return new Response(await response.arrayBuffer(), response)
      })
    }
    return upstashStore({ redis: redis({ url, token, timeoutMs, fetch: losing }), prefix })
  }
  return { failures, open: openByPrefix(server, createStore), stop: () => server.stop() }
}

/** The same over Redis's own protocol. */
async function startRedisTcp(): Promise<RaceServer> {
  const server = await startRedis()
  const client = new Redis(server.socket)
  const failures: unknown[] = []
  const sender = ioredisSender(client)

  function createStore(prefix: string, lose: () => boolean): AtomicStore {
    const send: SendCommands = (...call) => deliver(failures, lose, () => sender(...call))
    return upstashStore({ redis: redis({ send, timeoutMs }), prefix })
  }
  async function stop(): Promise<void> {
    client.disconnect()
    await server.stop()
  }
  return { failures, open: openByPrefix(server, createStore), stop }
}

function openByPrefix(
  server: TestRedis,
  createStore: (prefix: string, lose: () => boolean) => AtomicStore,
): RaceServer['open'] {
  let histories = 0
  return async ({ lose }) => {
    if (histories++ % 100 === 0) await server.flush({ keepScripts: true })
    const prefix = `h${histories}:`
    return { calm: createStore(prefix, calmly), lossy: createStore(prefix, lose) }
  }
}

/** Each lane has a schema, which a history empties. */
async function startPostgresRace(): Promise<RaceServer> {
  const server = await startPostgres()
  const failures: unknown[] = []
  const migrated = new Set<string>()

  return {
    failures,
    async open({ lane, lose }) {
      const { pool } = server
      const schema = `lane_${lane}`
      const createStore = (lose: () => boolean) => {
        const query: PostgresQuery = (text, values) =>
          deliver(failures, lose, () => pool.query(text, values))
        return createPostgresStore(server, { schema, timeoutMs, query })
      }
      const calm = createStore(calmly)
      if (!migrated.has(schema)) await calm.migrate()
      migrated.add(schema)
      for (const table of ['sessions', 'writes', 'marks'])
        await pool.query(`DELETE FROM ${schema}.${table}`)
      return { calm, lossy: createStore(lose) }
    },
    stop: () => server.stop(),
  }
}

/** Each lane has a socket to workerd and objects of its own, which a history empties. */
async function startObjectRace(): Promise<RaceServer> {
  const server = await startObjects()
  const failures: unknown[] = []
  const bridges = new Map<number, ReturnType<typeof server.bridge>>()

  return {
    failures,
    async open({ lane, lose }) {
      const opening = bridges.get(lane) ?? server.bridge()
      bridges.set(lane, opening)
      const { namespace, clear } = await opening
      await clear()

      const createStore = (lose: () => boolean): AtomicStore => {
        const losing: typeof namespace = {
          idFromName: (name) => namespace.idFromName(name),
          get: (id) => ({
            fetch: (url, init) => deliver(failures, lose, () => namespace.get(id).fetch(url, init)),
          }),
        }
        const prefix = `lane${lane}:`
        return durableObjectStore({ namespace: losing, prefix, shards: 4, timeoutMs })
      }
      return { calm: createStore(calmly), lossy: createStore(lose) }
    },
    stop: () => server.stop(),
  }
}

/** Each lane has tables of its own, which a history empties. */
async function startD1Race(): Promise<RaceServer> {
  const server = await startObjects()
  const { database } = await server.bridge()
  const failures: unknown[] = []
  const migrated = new Set<string>()

  return {
    failures,
    async open({ lane, lose }) {
      const prefix = `lane_${lane}_`
      const createStore = (lose: () => boolean): D1Store => {
        const losing: D1Database = {
          withSession(constraint) {
            const session = database.withSession(constraint)
            return {
              prepare: (text) => session.prepare(text),
              batch: (statements) => deliver(failures, lose, () => session.batch(statements)),
            }
          },
        }
        return d1Store({ database: losing, prefix, timeoutMs })
      }
      const calm = createStore(calmly)
      if (!migrated.has(prefix)) await calm.migrate()
      migrated.add(prefix)
      const session = database.withSession('first-primary')
      const tables = ['sessions', 'names'].map((table) => `DELETE FROM ${prefix}${table}`)
      await session.batch(tables.map((text) => session.prepare(text)) as never[])
      return { calm, lossy: createStore(lose) }
    },
    stop: () => server.stop(),
  }
}

/** The verbs that ask; what a store has besides is not raced. */
export function listVerbs(
  store: AtomicStore,
): Array<[string, (...args: unknown[]) => Promise<unknown>]> {
  const names = [
    'create',
    'read',
    'replace',
    'rotate',
    'end',
    'list',
    'endAll',
    'endMarked',
    'readReplaced',
  ] as const
  return names.map((name) => [name, store[name] as (...args: unknown[]) => Promise<unknown>])
}

/** A client that asks again for each reply that was lost, and gives up when that is lost too. */
function resending(inner: AtomicStore, lose: () => boolean): AtomicStore {
  return Object.fromEntries(
    listVerbs(inner).map(([name, verb]) => [
      name,
      async (...args: unknown[]): Promise<unknown> => {
        const answer = await verb(...args)
        if (!lose()) return answer
        const again = await verb(...args)
        if (lose()) throw new Error('both replies were lost')
        return again
      },
    ]),
  ) as unknown as AtomicStore
}

/** Every store with every promise whose server can be started here. */
export const raceStores: readonly RaceStore[] = [
  { name: 'memory', title: 'in memory', runs: 120, lanes: 1, start: startMemory },
  ...(noRedis
    ? []
    : [
        { name: 'redis', title: 'in Redis', runs: 20, lanes: 1, start: startRedisHttp },
        {
          name: 'redis-tcp',
          title: 'in Redis over TCP',
          runs: 20,
          lanes: 1,
          start: startRedisTcp,
        },
      ]),
  ...(noPostgres
    ? []
    : [{ name: 'postgres', title: 'in Postgres', runs: 20, lanes: 4, start: startPostgresRace }]),
  {
    name: 'durable-object',
    title: 'in Durable Objects',
    runs: 20,
    lanes: 4,
    start: startObjectRace,
  },
  { name: 'd1', title: 'in D1', runs: 20, lanes: 4, start: startD1Race },
]
