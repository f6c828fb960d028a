/**
 * Sessions against a model, under random interleavings, over a store that loses replies: in memory, in a real Redis, in a
 * real PostgreSQL and in Durable Objects of a real workerd.
 * `npm run fuzz -- sessions 20000 [seed] [memory|redis|postgres|durable-object]` runs as many as are asked for.
 */
import { setTimeout } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { durableObjectStore } from '../../src/durable-object/index.ts'
import { redis } from '../../src/redis/index.ts'
import type { AtomicStore } from '../../src/store/index.ts'
import { upstashStore } from '../../src/store/upstash.ts'
import { createPostgresStore } from '../node/store/postgres-support.ts'
import { memoryAt, siteWith, type Visit, type Visitor } from '../session/stored-support.ts'
import { noon } from '../session/support.ts'
import { startObjects, type TestObjects } from '../support/objects.ts'
import { noPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { noRedis, startRedis, type TestRedis } from '../support/redis.ts'
import { holds } from './support.ts'

// What the model knows of a browser: who it is, and what was acknowledged to it.
interface Known {
  user: string | undefined
  /** Increments that were answered with 200 since this session began. */
  counted: number
  /** A message that waits to be shown. */
  flash: boolean
}

type Act = 'read' | 'count' | 'login' | 'logout' | 'endAll' | 'flash' | 'take' | 'theme'

const users = ['ada', 'bob']
const act = fc.constantFrom<Act>(
  'read',
  'count',
  'count',
  'login',
  'login',
  'logout',
  'endAll',
  'flash',
  'take',
  'theme',
)
/**
 * A history, step by step: several requests at the same time, of any browsers, then a look at what is left. `pause` is in
 * seconds; `fault` the store call of the step that fails (0: none), `lost` whether only its answer does.
 */
const steps = fc.array(
  fc.record({
    acts: fc.array(fc.record({ who: fc.nat(2), act, user: fc.nat(1) }), {
      minLength: 1,
      maxLength: 4,
    }),
    pause: fc.constantFrom(0, 0, 1, 59, 400, 1000),
    fault: fc.constantFrom(0, 0, 0, 1, 2, 3),
    lost: fc.boolean(),
  }),
  { minLength: 1, maxLength: 5 },
)
const changing: ReadonlySet<Act> = new Set(['login', 'logout', 'endAll'])

/** Of every hundred replies three are lost on their way; the client asks again, as that of `portcullis/redis` does. */
const lostReplies = 0.03

/** The store of one history: as it is, and as the requests of the race have it. */
interface Stores {
  readonly calm: AtomicStore
  readonly lossy: AtomicStore
}

const only = process.env.FUZZ_STORE
const runs = (store: string): boolean => !only || only === store
let server: TestRedis | undefined
let database: TestPostgres | undefined
let objects: TestObjects | undefined
let histories = 0

beforeAll(async () => {
  if (!noRedis && runs('redis')) server = await startRedis()
  if (!noPostgres && runs('postgres')) {
    database = await startPostgres()
    await createPostgresStore(database).migrate()
  }
  if (runs('durable-object')) objects = await startObjects()
})
afterAll(async () => {
  await server?.stop()
  await database?.stop()
  await objects?.stop()
})

function inMemory(clock: { now: number }, lose: () => boolean): Stores {
  const calm = memoryAt(clock)
  return { calm, lossy: resending(calm, lose) }
}

/** Each history has keys of its own; lost replies are lost between Redis and the client, which sends its script again. */
async function inRedis(_clock: { now: number }, lose: () => boolean): Promise<Stores> {
  if (server === undefined) throw new Error('needs a redis-server')
  if (histories++ % 100 === 0) await server.flush({ keepScripts: true })

  const address = { url: server.url, token: server.token, timeoutMs: 30_000 }
  const prefix = `h${histories}:`
  const losing: typeof fetch = async (...request) => {
    const response = await fetch(...request)
    if (!lose()) return response
    await response.arrayBuffer()
    throw new TypeError('the reply was lost')
  }
  return {
    calm: upstashStore({ redis: redis(address), prefix }),
    lossy: upstashStore({ redis: redis({ ...address, fetch: losing }), prefix }),
  }
}

/** Replies are lost between Postgres and the store, which sends its statement again. */
async function inPostgres(_clock: { now: number }, lose: () => boolean): Promise<Stores> {
  const { pool } = database as TestPostgres
  await pool.query('TRUNCATE portcullis.sessions, portcullis.writes, portcullis.marks')
  return {
    calm: createPostgresStore(database as TestPostgres),
    lossy: createPostgresStore(database as TestPostgres, {
      async query(text, values) {
        const result = await pool.query(text, values)
        if (lose()) throw new Error('the reply was lost')
        return result
      },
    }),
  }
}

/** Replies are lost between the objects and the store, which asks again; each history has objects of its own. */
async function inObjects(_clock: { now: number }, lose: () => boolean): Promise<Stores> {
  const { namespace } = objects as TestObjects
  const prefix = `h${histories++}:`
  const losing: typeof namespace = {
    idFromName: (name) => namespace.idFromName(name),
    get: (id) => ({
      async fetch(url, init) {
        const response = await namespace.get(id).fetch(url, init)
        if (lose()) throw new Error('the reply was lost')
        return response
      },
    }),
  }
  return {
    calm: durableObjectStore({ namespace, prefix, timeoutMs: 30_000 }),
    lossy: durableObjectStore({ namespace: losing, prefix, timeoutMs: 30_000 }),
  }
}

describe('sessions against a model, under random interleavings', () => {
  if (runs('memory')) race('in memory', 120, inMemory)
  if (runs('redis') && !noRedis) race('in Redis', 20, inRedis)
  if (runs('postgres') && !noPostgres) race('in Postgres', 20, inPostgres)
  if (runs('durable-object')) race('in Durable Objects', 10, inObjects)
})

function race(
  where: string,
  runs: number,
  open: (clock: { now: number }, lose: () => boolean) => Stores | Promise<Stores>,
): void {
  holds(
    `${where}: three browsers of two users, several tabs each, a store that loses calls and answers: nobody is somebody else, nothing ended comes back, nothing acknowledged is lost`,
    runs,
    fc.asyncProperty(fc.scheduler(), steps, fc.integer(), async (scheduler, history, seed) => {
      const clock = { now: noon }
      const broken = { at: 0, lost: false, calls: 0, failed: false }
      const random = mulberry(seed)
      const stores = await open(clock, () => random() < lostReplies)
      const failures: unknown[] = []
      const raced = siteWith(unreliable(stores.lossy, scheduler, broken), {}, clock)
      const calm = siteWith(patient(stores.calm, failures), {}, clock)
      const browsers = [raced.visitor(), raced.visitor(), raced.visitor()]
      const known: Known[] = browsers.map(() => ({ user: undefined, counted: 0, flash: false }))
      /** Cookies whose session was ended, with an answer that said so. */
      const dead: string[] = []

      for (const step of history) {
        clock.now += step.pause * 1000
        Object.assign(broken, { at: step.fault, lost: step.lost, calls: 0, failed: false })
        const before = browsers.map((browser) => browser.cookies.get('__Host-session'))
        // Tabs of one browser send the cookie it had when the step began.
        const tabs = step.acts.map(({ who }) => (browsers[who] as Visitor).twin())
        const visits = await scheduler.waitFor(
          Promise.all(
            step.acts.map(({ act, user }, at) =>
              perform(tabs[at] as Visitor, act, users[user] as string),
            ),
          ),
        )
        broken.at = 0

        for (const [who, browser] of browsers.entries()) {
          const mine = step.acts.flatMap((each, at) =>
            each.who === who
              ? [{ ...each, visit: visits[at] as Visit, tab: tabs[at] as Visitor }]
              : [],
          )
          const model = known[who] as Known
          for (const { act, visit } of mine) {
            expect([200, 401, 409, 503]).toContain(visit.status)
            // Without a fault of the store a request is refused only where another one ended its session.
            if (!broken.failed) expect(visit.status).not.toBe(503)
            if (act === 'read' && visit.status === 200 && visit.body !== null) {
              const names = [
                model.user,
                ...mine.filter((each) => each.act === 'login').map((each) => users[each.user]),
              ]
              expect(names).toContain(visit.body.userId)
            }
            // A read sets no cookie, and neither does a write to a stored session that was there.
            if (!changing.has(act) && before[who] !== undefined && act !== 'count')
              expect(visit.cookies).toEqual([])
          }
          const everywhere = visits.some(
            ({ status, body }, at) =>
              step.acts[at]?.act === 'endAll' &&
              status === 200 &&
              body !== null &&
              body === model.user,
          )
          const ended = mine.some(
            ({ act, visit }) =>
              changing.has(act) &&
              visit.status === 200 &&
              (act !== 'endAll' || visit.body !== null),
          )
          const old = before[who]
          if ((ended || everywhere) && old !== undefined) dead.push(old)
          const shown = mine.filter(
            ({ act, visit }) => act === 'take' && visit.status === 200 && visit.body !== null,
          )
          if (!mine.some(({ act }) => act === 'flash'))
            expect(shown.length).toBeLessThanOrEqual(model.flash ? 1 : 0)

          // What the browser keeps is what its last answer set: the jar is the browser's, not ours.
          for (const { tab } of mine) {
            const now = tab.cookies.get('__Host-session')
            if (now === old) continue
            if (now === undefined) browser.cookies.delete('__Host-session')
            else browser.cookies.set('__Host-session', now)
          }
          const left = await look(calm, browser.cookies, failures)
          const logins = mine.filter(({ act }) => act === 'login').map(({ user }) => users[user])
          if (left?.userId !== undefined) expect([model.user, ...logins]).toContain(left.userId)
          const untouched = !step.acts.some(({ act }) => changing.has(act)) && !broken.failed
          if (untouched && model.user !== undefined && left !== null) {
            const counts = mine.filter(
              ({ act, visit }) => act === 'count' && visit.status === 200,
            ).length
            expect(left.visits ?? 0).toBe(model.counted + counts)
          }
          Object.assign(model, {
            user: left?.userId,
            counted: left?.visits ?? 0,
            flash: left !== null && (model.flash || mine.some(({ act }) => act === 'flash')),
          })
        }

        for (const cookie of dead) {
          const stolen = new Map([['__Host-session', cookie]])
          expect(await look(calm, stolen, failures)).toBe(null)
        }
      }
    }),
    'interleaving',
  )
}

/** The verbs that ask; what a store has besides is not raced. */
function asynchronous(
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
    'readReplaced',
  ] as const
  return names.map((name) => [name, store[name] as (...args: unknown[]) => Promise<unknown>])
}

/** A client that asks again for each reply that was lost, and gives up when that is lost too. */
function resending(inner: AtomicStore, lose: () => boolean): AtomicStore {
  const verbs = asynchronous(inner)
  return Object.fromEntries(
    verbs.map(([name, verb]) => [
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

/** A generator of numbers from 0 to 1, the same ones for the same seed. */
function mulberry(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

function perform(tab: Visitor, act: Act, user: string): Promise<Visit> {
  if (act === 'read') return tab.visit((s) => s.get())
  if (act === 'count')
    return tab.visit((s) => s.update((data) => ({ ...data, visits: (data?.visits ?? 0) + 1 })))
  if (act === 'login') return tab.login(user)
  if (act === 'logout') return tab.logout()
  if (act === 'take') return tab.visit((s) => s.takeFlash('notice'))
  if (act === 'flash')
    return tab.visit(async (s) => void ((await s.get()) && s.flash('notice', 'Saved')))
  if (act === 'theme')
    return tab.visit(async (s) => void ((await s.get()) && s.set('theme', 'dark')))
  return tab.visit(async (s) => {
    const user = (await s.get())?.userId
    if (user !== undefined) await s.endAll()
    return user
  })
}

/**
 * The session that cookies stand for. An error page is no session and no lack of one: it fails the race, with the
 * reason of the store.
 */
async function look(
  site: ReturnType<typeof siteWith>,
  cookies: ReadonlyMap<string, string>,
  failures: readonly unknown[],
): Promise<{ userId?: string; visits?: number } | null> {
  const other = site.visitor()
  for (const [name, value] of cookies) other.cookies.set(name, value)
  const { status, body } = await other.visit((s) => s.get())
  if (status !== 200)
    throw new Error(`The calm store answered ${status}`, { cause: new AggregateError(failures) })
  return body
}

/** What a connection from this process to the server of a store comes to on a busy machine. */
const connectionFailures: ReadonlySet<unknown> = new Set(['timeout', 'network'])
const mostTries = 20
const pauseMs = 1000

/**
 * The calm store. It sends a call again while the server cannot be reached from here, since that says nothing about
 * the store; an error that the server answered is thrown at its first time. `failures` keeps every error.
 */
function patient(inner: AtomicStore, failures: unknown[]): AtomicStore {
  const verbs = asynchronous(inner)
  return Object.fromEntries(
    verbs.map(([name, verb]) => [
      name,
      async (...args: unknown[]): Promise<unknown> => {
        for (let tries = 1; ; tries++) {
          try {
            return await verb(...args)
          } catch (error) {
            failures.push(error)
            const { reason } = error as { reason?: unknown }
            if (!connectionFailures.has(reason) || tries === mostTries) throw error
            await setTimeout(pauseMs)
          }
        }
      },
    ]),
  ) as unknown as AtomicStore
}

/** A store that hears and answers when the scheduler says, and loses the call that was chosen, or its answer. */
function unreliable(
  inner: AtomicStore,
  scheduler: fc.Scheduler,
  broken: { at: number; lost: boolean; calls: number; failed: boolean },
): AtomicStore {
  const verbs = asynchronous(inner)
  return Object.fromEntries(
    verbs.map(([name, verb]) => [
      name,
      async (...args: unknown[]): Promise<unknown> => {
        const fails = ++broken.calls === broken.at
        await scheduler.schedule(Promise.resolve(), `${name} asked`)
        if (fails) broken.failed = true
        if (fails && !broken.lost) throw new Error('the store is down')
        const answer = await verb(...args).catch((error: unknown) => {
          broken.failed = true
          throw error
        })
        await scheduler.schedule(Promise.resolve(), `${name} answered`)
        if (fails) throw new Error('the answer was lost')
        return answer
      },
    ]),
  ) as unknown as AtomicStore
}
