/** (scale-requests) What a session asks of its store, page by page: requests, and what providers bill for them. */
import { Hono } from 'hono'
import { redis } from '../../../src/redis/index.ts'
import { session, storedSessions } from '../../../src/session/index.ts'
import type { AtomicStore } from '../../../src/store/index.ts'
import { postgresStore } from '../../../src/store/postgres.ts'
import { upstashStore } from '../../../src/store/upstash.ts'
import { startPostgres } from '../../../test/support/postgres.ts'
import { startRedis } from '../../../test/support/redis.ts'
import type { Report, Settings } from '../../lib/report.ts'
import { dataOf, secret } from '../../workers/data.ts'
import { openObjects } from './objects.ts'

/** What was asked of a store since the last time, by name. */
export type Usage = Readonly<Record<string, number>>

/** A store that counts. */
export interface CountedStore {
  readonly name: string
  readonly store: AtomicStore
  take(): Promise<Usage>
  /** Bytes of one session, where there are so many. */
  readBytes(sessions: number): Promise<number>
  /** Rows written when a session is past its time, where that is billed. */
  countEnd?(): Promise<number>
  stop(): Promise<void>
}

interface Data {
  user?: string
  n: number
  pad: string
}

/** Minutes that pass before a page: a tenth of the idle limit, an hour, after which a request is recorded. */
const pages: ReadonlyArray<readonly [page: string, path: string, minutes: number]> = [
  ['first visit, without a session', '/visit', 0],
  ['login', '/login', 0],
  ['page that reads', '/read', 0],
  ['page that reads, recorded', '/read', 10],
  ['page that writes', '/write', 0],
  ['list of devices', '/devices', 0],
  ['login in place of a session', '/login', 0],
  ['logout', '/logout', 0],
  ['page with the cookie of an ended session', '/read', 0],
  ['visitor with a session of their own', '/cart', 0],
  ['login of that visitor', '/login', 0],
]
const sessionsForBytes = 200

export async function countRequests({ log }: Settings): Promise<Report> {
  const rows: string[][] = []
  const bytes: string[][] = []
  const ends: string[][] = []
  for (const open of [openRedis, openObjects, openPostgres]) {
    const counted = await open()
    log(counted.name)
    try {
      const usages = await countPages(counted)
      const names = [...new Set([...usages.values()].flatMap((usage) => Object.keys(usage)))]
      for (const name of names)
        rows.push([
          `${counted.name}: ${name}`,
          ...pages.map(([page]) => String(usages.get(page)?.[name] ?? 0)),
        ])
      bytes.push([counted.name, await measureBytes(counted)])
      await counted.take()
      ends.push(...(counted.countEnd ? [[counted.name, `${await counted.countEnd()}`]] : []))
    } finally {
      await counted.stop()
    }
  }

  return {
    title: 'Scale: what a session asks of its store',
    text:
      'A Hono app with stored sessions and their defaults, in Node, over the real stores: Redis over HTTP, Durable Objects in workerd, Postgres. ' +
      'Commands are all that Redis counts, those inside of scripts among them. Rows are those that workerd counts for a statement, indexes and the making of tables included, and each alarm that is set is one more. ' +
      'The first login of a user makes the tables of that user’s object. Bytes are those of 100 bytes of data, one session for each user.',
    tables: [
      { caption: 'For each page', columns: ['', ...pages.map(([page]) => page)], rows },
      {
        caption: `Bytes of a session in the store, of ${sessionsForBytes}`,
        columns: ['', 'bytes'],
        rows: bytes,
      },
      {
        caption: 'Rows written when a session is past its time',
        columns: ['', 'rows'],
        rows: ends,
      },
    ],
    goals: [],
  }
}

/** Counts what each page asks of a store. */
export async function countPages(counted: CountedStore): Promise<Map<string, Usage>> {
  const { visit } = createSite(counted.store)
  // Scripts are loaded, objects and plans made.
  await visit('warm', async () => ({}))
  await counted.take()
  return visit('ada', () => counted.take())
}

/** An app whose pages are walked by one browser after the other. */
function createSite(store: AtomicStore): {
  visit(user: string, take: () => Promise<Usage>): Promise<Map<string, Usage>>
  login(user: string): Promise<void>
} {
  let now = Date.now()
  const sessions = storedSessions<Data>({
    secret,
    store,
    user: (data: Data) => data.user,
    initial: () => ({ n: 0, pad: '' }),
    clock: () => now,
  })
  const app = new Hono<{ Variables: { session: ReturnType<typeof sessions.open> } }>()
    .use(session(sessions) as never)
    .get('/visit', (c) => c.text('hello'))
    .get('/login', async (c) => {
      await c.var.session.start({ ...dataOf(100), user: c.req.query('user') ?? '' } as never)
      return c.text('in')
    })
    .get('/read', async (c) => c.text(`${(await c.var.session.get())?.n}`))
    .get('/write', async (c) => {
      await c.var.session.update((data) => ({ ...(data as Data), n: 2 }))
      return c.text('written')
    })
    .get('/cart', async (c) => {
      await c.var.session.set('n', 1)
      return c.text('in the cart')
    })
    .get('/devices', async (c) => c.text(`${(await c.var.session.list()).length}`))
    .get('/logout', async (c) => {
      await c.var.session.end()
      return c.text('out')
    })

  async function send(path: string, user: string, cookie: string): Promise<string> {
    const url = `https://bench.test${path}?user=${user}`
    const response = await app.fetch(new Request(url, { headers: { cookie } }))
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    const [set] = response.headers.getSetCookie()
    return set === undefined ? cookie : (set.split(';', 1)[0] ?? '')
  }

  return {
    async visit(user, take) {
      const usages = new Map<string, Usage>()
      let [cookie, last] = ['', '']
      for (const [page, path, minutes] of pages) {
        now += minutes * 60_000
        const isEnded = page.includes('ended')
        const sent = isEnded ? last : cookie
        if (path === '/logout') last = cookie
        cookie = await send(path, user, sent)
        if (isEnded || path === '/logout') cookie = ''
        usages.set(page, await take())
      }
      return usages
    },
    async login(user) {
      await send('/login', user, '')
    },
  }
}

async function measureBytes({ store, readBytes }: CountedStore): Promise<string> {
  const before = await readBytes(1)
  const { login } = createSite(store)
  for (let i = 0; i < sessionsForBytes; i++) await login(`user${i}`)
  const bytes = (await readBytes(1)) - before
  return Math.round(bytes / sessionsForBytes).toLocaleString('en')
}

/** Redis over HTTP, as Upstash has it. */
export async function openRedis(): Promise<CountedStore> {
  const server = await startRedis()
  const call = (...command: string[]): Promise<unknown> => server.raw.call(...command)

  return {
    name: 'Redis',
    store: upstashStore({ redis: redis({ url: server.url, token: server.token }) }),
    async take() {
      const stats = `${await call('INFO', 'commandstats')}`
      await call('CONFIG', 'RESETSTAT')
      const commands = [...stats.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)]
        .filter(([, name = '']) => !/^(?:info|config|command|client|hello|ping|select)/.test(name))
        .reduce((sum, [, , calls]) => sum + Number(calls), 0)
      const { requests, commands: scripts } = server.control
      server.control.reset()
      return { requests, scripts, 'commands, inside of scripts too': commands }
    },
    async readBytes() {
      let sum = 0
      // The id of a write is gone after a minute.
      for (const key of (await call('KEYS', '*')) as string[])
        if (!key.startsWith('portcullis:w:')) sum += Number(await call('MEMORY', 'USAGE', key))
      return sum
    },
    stop: () => server.stop(),
  }
}

/** Postgres over `pg`. */
export async function openPostgres(): Promise<CountedStore> {
  const server = await startPostgres()
  let statements = 0
  const store = postgresStore({
    query(text, values) {
      statements++
      return server.pool.query(text, values)
    },
    timeoutMs: 20_000,
  })
  await store.migrate()

  return {
    name: 'Postgres',
    store,
    async take() {
      const usage = { statements }
      statements = 0
      return usage
    },
    async readBytes() {
      const { rows } = await server.pool.query<{ bytes: string }>(
        `SELECT pg_total_relation_size('portcullis.sessions')::text AS bytes`,
      )
      return Number(rows[0]?.bytes)
    },
    stop: () => server.stop(),
  }
}
