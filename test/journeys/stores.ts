/** Sessions and limits in every store of docs/storage.md, each with what its column promises; a store of one's own. */
import assert from 'node:assert/strict'
import { freePort } from '../../tools/dev/free-port.ts'
import { startPostgres } from '../support/postgres.ts'
import { startRedis } from '../support/redis.ts'
import type { Journey, Trip } from './support/journey.ts'
import { fill } from './support/pages.ts'
import { eventually, run, shellOk } from './support/services.ts'
import {
  type Answer,
  createVisitor,
  inProcess,
  overSocket,
  type Transport,
} from './support/visitor.ts'

const secret = 'Z3k8Vn1Xq6Tw4Lb9Rm2Hc7Yd5Gp0JsFa'

interface App {
  fetch(request: Request, env?: never): Promise<Response>
}

export const storesJourney: Journey = {
  name: 'stores of sessions',
  pages: ['docs/storage.md', 'docs/sessions.md', 'docs/limits.md', 'docs/session-behaviours.md'],
  async walk(trip) {
    const redis = trip.use(await startRedis())
    const rest = {
      SESSION_SECRET: secret,
      UPSTASH_REDIS_REST_URL: redis.url,
      UPSTASH_REDIS_REST_TOKEN: redis.token,
    }
    await walkDevices(trip, rest)
    await walkRedis(trip, rest, redis.socket)
    await walkPostgres(trip)
    await walkDurableObjects(trip)
    await walkContracts(trip)
    await walkLimits(trip, rest)
  },
}

/** A site whose sessions are in the store of a file. */
function siteOf(file: string): string {
  return `import { Hono } from 'hono'
import { errorPage, session, storedSessions } from 'portcullis'
import { store } from '${file}'
const sessions = storedSessions<{ user?: string; count?: number }>({ secret: '${secret}', store, user: (data) => data.user })
export const app = new Hono()
  .onError(errorPage())
  .use(session(sessions))
  .post('/login', async (c) => { await c.var.session.start({ user: 'ada' }); return c.text('in') })
  .get('/', async (c) => c.json((await c.var.session.get()) ?? null))
  .post('/count', async (c) => c.json(await c.var.session.update((data) => ({ ...data, count: (data?.count ?? 0) + 1 }))))
  .get('/devices', async (c) => c.json(await c.var.session.list()))
  .post('/logout', async (c) => { await c.var.session.end(); return c.text('out') })
`
}

/** A logout is final, no write of parallel requests is lost, and devices are listed. */
async function assertPromises(
  transport: Transport,
  origin = 'https://app.example.com',
): Promise<void> {
  const [ada, phone] = [createVisitor(origin, transport), createVisitor(origin, transport)]
  assert.equal((await ada.submit('/login')).text, 'in')
  await phone.submit('/login')
  await Promise.all(Array.from({ length: 5 }, () => ada.submit('/count')))
  assert.deepEqual((await ada.open('/')).json(), { user: 'ada', count: 5 })
  assert.equal((await ada.open('/devices')).json<unknown[]>().length, 2)
  const copy = createVisitor(origin, transport)
  copy.cookies.set('__Host-session', ada.cookies.get('__Host-session') ?? '')
  assert.equal((await ada.submit('/logout')).text, 'out')
  assert.equal((await copy.open('/')).text, 'null')
  assert.deepEqual((await phone.open('/')).json(), { user: 'ada' })
}

async function walkDevices(trip: Trip, env: object): Promise<void> {
  await trip.step('docs/sessions.md: a user sees devices, ends one, ends all others', async () => {
    const page = trip.page('docs/sessions.md')
    const block = page.next('ts', '/devices/end-others').text
    const login =
      ".post('/login', async (c) => { await c.var.session.start({ user: 'ada' }); return c.text('in') })"
    const text = fill(block, { "  .get('/devices'": `  ${login}\n  .get('/devices'` })
    const { app, shutOut } = await trip.load<{
      app: App
      shutOut(user: string, env: unknown): Promise<number>
    }>('devices.ts', text)
    const visitors = Array.from({ length: 3 }, () =>
      createVisitor('https://app.example.com', inProcess(app, env)),
    )
    const [laptop, phone, tablet] = visitors
    for (const visitor of visitors) await visitor.submit('/login')
    const devices =
      (await laptop?.open('/devices'))?.json<Array<{ id: string; current?: boolean }>>() ?? []
    assert.equal(devices.length, 3)
    const other = devices.find(({ current }) => !current)
    assert.equal((await laptop?.submit(`/devices/${other?.id}/end`))?.status, 204)
    const open = await Promise.all(
      [phone, tablet].map(async (each) => (await each?.open('/devices'))?.status),
    )
    assert.deepEqual(open.sort(), [200, 401])
    assert.equal((await laptop?.submit('/devices/end-others'))?.status, 204)
    assert.equal((await laptop?.open('/devices'))?.json<unknown[]>().length, 1)
    assert.equal(await shutOut('ada', env), 1)
    assert.equal((await laptop?.open('/devices'))?.status, 401)
  })

  await trip.step('docs/sessions.md: the environment chooses the kind', async () => {
    const text = `${trip.page('docs/sessions.md').next('ts', 'sessionsBy').text}
import { Hono } from 'hono'
import { session } from 'portcullis'
export const app = new Hono().use(session(sessions))
  .post('/login', async (c) => { await c.var.session.start({ user: 'ada' }); return c.text('in') })
  .get('/', async (c) => c.json((await c.var.session.get()) ?? null))
`
    const { app } = await trip.load<{ app: App }>('kinds.ts', text)
    for (const [kind, longest] of [
      ['cookie', 4096],
      ['memory', 250],
    ] as const) {
      const visitor = createVisitor(
        'https://app.example.com',
        inProcess(app, { SESSION_SECRET: secret, SESSION_STORE: kind }),
      )
      await visitor.submit('/login')
      assert.deepEqual((await visitor.open('/')).json(), { user: 'ada' })
      assert.ok((visitor.cookies.get('__Host-session')?.length ?? 0) < longest)
    }
  })
  await trip.step(
    'docs/session-behaviours.md: no cookie: no header and no request to the store',
    () =>
      trip
        .page('docs/session-behaviours.md')
        .promises('no cookie: empty, no header, no store call'),
  )
}

async function walkRedis(trip: Trip, env: object, socket: string): Promise<void> {
  const page = trip.page('docs/storage.md')
  await trip.step('docs/storage.md: upstashStore over the client of @upstash/redis', async () => {
    trip.write('upstash/store.ts', page.next('ts', "prefix: 'shop:'").text)
    const { app } = await trip.load<{ app: App }>('upstash/app.ts', siteOf('./store.ts'))
    await assertPromises(inProcess(app, env))
  })
  await trip.step('docs/storage.md: over ioredis and a socket', async () => {
    process.env.REDIS_URL = socket
    trip.write('ioredis/store.ts', fill(page.next('ts', 'ioredisSender').text, { 'shop:': 'tcp:' }))
    const { app } = await trip.load<{ app: App }>('ioredis/app.ts', siteOf('./store.ts'))
    await assertPromises(inProcess(app))
  })
  await trip.step(
    'docs/storage.md: one client for sessions and limits, out of the environment',
    async () => {
      trip.write('shared/store.ts', page.next('ts', 'exactLimiter').text)
      const { app } = await trip.load<{ app: App }>('shared/app.ts', siteOf('./store.ts'))
      await assertPromises(inProcess(app, { ...env, SESSION_SECRET: secret }))
    },
  )
}

async function walkPostgres(trip: Trip): Promise<void> {
  await trip.step('docs/storage.md: Postgres by the driver of its table', async () => {
    const page = trip.page('docs/storage.md')
    const postgres = trip.use(await startPostgres())
    process.env.DATABASE_URL = postgres.url
    const { store, pool } = await trip.load<{
      store: { migrate(context: object): Promise<void>; cleanUp(context: object): Promise<unknown> }
      pool: { end(): Promise<void> }
    }>('postgres/store.ts', page.next('ts', 'export const pool').text)
    await store.migrate({ env: {} })
    const { app } = await trip.load<{ app: App }>('postgres/app.ts', siteOf('./store.ts'))
    await assertPromises(inProcess(app))
    await store.cleanUp({ env: {} })
    await pool.end()
  })
}

async function walkDurableObjects(trip: Trip): Promise<void> {
  await trip.step('docs/storage.md: Durable Objects, with two lines of wrangler.toml', async () => {
    const page = trip.page('docs/storage.md')
    const port = await freePort()
    trip.write('objects/store.ts', page.next('ts', 'durableObjectStore').text)
    trip.write('objects/app.ts', siteOf('./store.ts'))
    trip.write('objects/main.ts', page.next('ts', 'export { PortcullisObject }').text)
    trip.write('objects/.dev.vars', `SESSION_SECRET=${secret}\n`)
    const own = 'name = "objects"\nmain = "main.ts"\ncompatibility_date = "2026-09-18"\n'
    trip.write('objects/wrangler.toml', `${own}${page.next('toml', 'durable_objects').text}\n`)
    const args = ['wrangler', 'dev', '--port', `${port}`, '--ip', '127.0.0.1']
    const worker = trip.use(run('npx', args, { cwd: `${trip.folder}/objects` }))
    const origin = `http://localhost:${port}`
    await eventually(async () =>
      assert.equal((await createVisitor(origin).open('/')).status, 200, worker.said()),
    )
    await assertPromises(overSocket, origin)
  })
}

async function walkContracts(trip: Trip): Promise<void> {
  await trip.step('docs/storage.md: the contracts judge a store of your own', async () => {
    const page = trip.page('docs/storage.md')
    trip.write('own/simple.test.ts', page.next('ts', 'sessionContract').text)
    trip.write('own/atomic.test.ts', page.next('ts', 'storeContract').text)
    const output = await shellOk('npx vitest run --root .', { cwd: `${trip.folder}/own` })
    const [, passed] = /Tests\s+(\d+) passed/.exec(output) ?? []
    assert.ok(Number(passed) > 80, output)
  })
}

async function walkLimits(trip: Trip, env: object): Promise<void> {
  const page = trip.page('docs/limits.md')
  await trip.step('docs/limits.md: exact limits over Redis say how long to wait', async () => {
    const { app } = await trip.load<{ app: App }>(
      'limits/app.ts',
      page.next('ts', 'exactLimiter').text,
    )
    const transport = inProcess(app, { ...env, LIMIT_SECRET: secret })
    const client = { 'cf-connecting-ip': '203.0.113.7' }
    const visitor = createVisitor('https://app.example.com', transport)
    const answers: Answer[] = []
    for (let count = 0; count < 102; count++) answers.push(await visitor.send('GET', '/', client))
    assert.deepEqual([answers[0]?.status, answers[101]?.status], [200, 429])
    const denied = answers.find(({ status }) => status === 429)
    const problem = JSON.parse(page.next('json', 'quota-exceeded').text) as { type: string }
    assert.equal(denied?.json<{ type: string }>().type, problem.type)
    assert.equal(
      (await visitor.send('GET', '/', { 'cf-connecting-ip': '203.0.113.8' })).status,
      200,
    )
  })
  await trip.step('docs/limits.md: a limiter by itself', async () => {
    const text = trip.page('docs/limits.md').next('ts', 'come back in').text
    const { send } = await trip.load<{ send(user: string, messages: number): Promise<string> }>(
      'limits/send.ts',
      text,
    )
    assert.deepEqual(
      [await send('ada', 8), await send('ada', 3), await send('ben', 3)].map((said) =>
        said.replace(/\d{3,}/, 'n'),
      ),
      ['2 left', 'come back in n s', '7 left'],
    )
  })
}
