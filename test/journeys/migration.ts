/** Users of other libraries stay signed in, or sign in once more where a page says so: real cookies of real libraries. */
import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import type { Journey, Trip } from './support/journey.ts'
import type { Page } from './support/pages.ts'
import { createVisitor, inProcess, type Visitor } from './support/visitor.ts'

const oldSecret = 'w8Zp3Kq6Lm1Xn5Tv9Rb2Gh4Yc7Dj0FsEu1'
const env = {
  SESSION_SECRET: 'c4Hj7Gd2Sf9Ya6Wk1QxPe8Mz3Bn5Vt0Lr2',
  KEYSTONE_SECRET: oldSecret,
  OLD_SESSION_SECRET: oldSecret,
  OLD_ENCRYPTION_KEY: oldSecret,
  IRON_PASSWORD_1: oldSecret,
  IRON_PASSWORD_2: 'f6Tn1Wb8Rc3Kx5Vm0Qz7Ld2Jp9Hs4GyAo5',
}

interface App {
  fetch(request: Request): Response | Promise<Response>
}

export const migrationJourney: Journey = {
  name: 'migration',
  pages: ['docs/migrating.md', 'docs/sessions.md', 'docs/comparison.md'],
  async walk(trip) {
    const page = trip.page('docs/migrating.md')
    await walkKeystone(trip, page)
    await walkExpress(trip, page)
    await walkCookieSession(trip, page)
    await walkIron(trip, page)
    await walkHonoSessions(trip, page)
    await walkAuthJs(trip, page)
    await trip.step('docs/migrating.md: sessions of oauth2-proxy are not imported', () => {
      page.promises('Sessions of oauth2-proxy are not imported')
      trip.page('docs/comparison.md').promises('oauth2-proxy')
    })
  },
}

async function walkKeystone(trip: Trip, page: Page): Promise<void> {
  const { default: Iron } = await installed<{ default: typeof import('@hapi/iron') }>(
    trip,
    '@hapi/iron',
  )
  // As Keystone 6 seals (packages/core/src/session.ts): the defaults of @hapi/iron, with a ttl.
  const seal = (data: unknown) => Iron.seal(data, oldSecret, { ...Iron.defaults, ttl: 28_800_000 })

  await trip.step("docs/migrating.md: Keystone's statelessSessions stay signed in", async () => {
    const site = await createSite(trip, 'keystone', page.next('ts', 'KEYSTONE_SECRET').text)
    await arrive(site, 'keystonejs-session', await seal({ itemId: 'ada' }), { itemId: 'ada' })
  })
  await trip.step(
    'docs/sessions.md: so do they with the importer of the page on sessions',
    async () => {
      const block = trip.page('docs/sessions.md').next('ts', "library: 'keystone'").text
      const site = await createSite(trip, 'keystone-sessions', block)
      await arrive(site, 'keystonejs-session', await seal({ itemId: 'ada' }), { user: 'ada' })
    },
  )
  await trip.step(
    "docs/migrating.md: Keystone's storedSessions do, and a logout is final",
    async () => {
      const site = await createSite(
        trip,
        'keystone-stored',
        storedSite(page.next('ts', 'keystoneStored').text, 'keystoneStored'),
      )
      const cookie = await seal('row-of-ada')
      const visitor = await arrive(site, 'keystonejs-session', cookie, { user: 'ada' })
      await assertFinal(site, visitor, 'keystonejs-session', cookie)
    },
  )
}

async function walkExpress(trip: Trip, page: Page): Promise<void> {
  await trip.step('docs/migrating.md: express-session, with its store at hand', async () => {
    const { default: express } = await installed<{ default: typeof import('express') }>(
      trip,
      'express',
    )
    const { default: session } = await installed<{ default: ExpressSession }>(
      trip,
      'express-session',
    )
    const store = new session.MemoryStore()
    const old = express()
    old.use(session({ secret: oldSecret, store, resave: false, saveUninitialized: false }))
    old.post('/login', (request, response) => {
      Object.assign((request as unknown as { session: object }).session, { user: 'ada' })
      response.send('signed in')
    })
    const cookie = await signInAt(old, 'connect.sid')
    const id = /^s:([\w-]+)\./.exec(decodeURIComponent(cookie))?.[1] ?? ''
    const row = JSON.parse(store.sessions[id] ?? '{}') as { user: string; cookie: unknown }
    const block = storedSite(page.next('ts', 'expressSession').text, 'expressSession')
    const site = await createSite(
      trip,
      'express-session',
      block.replace("'row-of-ada'", JSON.stringify(id)),
    )
    assert.equal(row.user, 'ada')
    const visitor = await arrive(site, 'connect.sid', cookie, { user: 'ada' })
    await assertFinal(site, visitor, 'connect.sid', cookie)
  })
}

async function walkCookieSession(trip: Trip, page: Page): Promise<void> {
  await trip.step('docs/migrating.md: users of cookie-session sign in once more', async () => {
    page.promises('Its users sign in once more')
    const { default: express } = await installed<{ default: typeof import('express') }>(
      trip,
      'express',
    )
    const { default: session } = await installed<{ default: CookieSession }>(trip, 'cookie-session')
    const old = express()
    old.use(session({ name: 'session', keys: [oldSecret] }))
    old.post('/login', (request, response) => {
      Object.assign((request as unknown as { session: object }).session, { user: 'ada' })
      response.send('signed in')
    })
    const cookie = await signInAt(old, 'session')
    const block = trip.page('docs/sessions.md').next('ts', "library: 'keystone'").text
    const visitor = createVisitor(
      'https://app.example.com',
      inProcess(await createSite(trip, 'cookie-session', block), env),
    )
    visitor.cookies.set('session', cookie)
    assert.equal((await visitor.open('/')).text, 'null')
  })
}

async function walkIron(trip: Trip, page: Page): Promise<void> {
  await trip.step('docs/migrating.md: iron-session, also under an older password', async () => {
    const { sealData } = await installed<typeof import('iron-session')>(trip, 'iron-session')
    const site = await createSite(trip, 'iron', page.next('ts', "library: 'iron-session'").text)
    const passwords = { 1: env.IRON_PASSWORD_1, 2: env.IRON_PASSWORD_2 }
    for (const password of [passwords, { 1: env.IRON_PASSWORD_1 }])
      await arrive(site, 'myapp', await sealData({ user: 'ada' }, { password }), { user: 'ada' })
    const foreign = createVisitor('https://app.example.com', inProcess(site, env))
    foreign.cookies.set(
      'myapp',
      await sealData({ user: 'ada' }, { password: { 1: `${oldSecret}x` } }),
    )
    assert.equal((await foreign.open('/')).text, 'null')
  })
}

async function walkHonoSessions(trip: Trip, page: Page): Promise<void> {
  await trip.step('docs/migrating.md: hono-sessions in cookies', async () => {
    // Written as a program of its own: it finds Hono where it was installed.
    const { default: old } = await trip.load<{ default: App }>(
      'hono-sessions.ts',
      `import { Hono } from 'hono'
import { CookieStore, sessionMiddleware } from 'hono-sessions'
const app = new Hono<{ Variables: { session: any } }>()
app.use('*', sessionMiddleware({ store: new CookieStore(), encryptionKey: '${oldSecret}', expireAfterSeconds: 900 }) as never)
app.post('/login', (c) => { c.get('session').set('user', 'ada'); return c.text('signed in') })
export default app
`,
    )
    const visitor = createVisitor('https://app.example.com', inProcess(old))
    assert.equal((await visitor.submit('/login')).text, 'signed in')
    const site = await createSite(trip, 'hono', page.next('ts', "library: 'hono-sessions'").text)
    await arrive(site, 'session', visitor.cookies.get('session') ?? '', { user: 'ada' })
  })
}

async function walkAuthJs(trip: Trip, page: Page): Promise<void> {
  await trip.step(
    'docs/migrating.md: next-auth 4, whose sessions are JSON Web Tokens',
    async () => {
      const { encode } = await installed<NextAuthJwt>(trip, 'next-auth/jwt')
      const token = { sub: 'ada', email: 'ada@example.com' }
      const block = page.next('ts', 'authJs').text
      const site = await createSite(trip, 'auth', storedSite(block, 'authJs'))
      const name = '__Secure-next-auth.session-token'
      const cookie = await encode({ token, secret: oldSecret })
      const visitor = await arrive(site, name, cookie, { user: 'ada' })
      await assertFinal(site, visitor, name, cookie)
      for (const bad of [
        await encode({ token, secret: 'another' }),
        await encode({ token, secret: oldSecret, maxAge: -60 }),
      ]) {
        const stranger = createVisitor('https://app.example.com', inProcess(site, env))
        stranger.cookies.set(name, bad)
        assert.equal((await stranger.open('/')).text, 'null')
      }
    },
  )
}

/** The strategy of a block, in the smallest site. */
async function createSite(trip: Trip, name: string, block: string): Promise<App> {
  trip.write(`${name}/sessions.ts`, block)
  const { app } = await trip.load<{ app: App }>(
    `${name}/app.ts`,
    `import { Hono } from 'hono'
import { session } from 'portcullis'
import { sessions } from './sessions.ts'
export const app = new Hono()
  .use(session(sessions as never))
  .get('/', async (c) => c.json((await (c as any).var.session.get()) ?? null))
  .post('/logout', async (c) => { await (c as any).var.session.end(); return c.text('bye') })
`,
  )
  return app
}

/** An importer of a block, with the row that the old store has. */
function storedSite(block: string, importer: string): string {
  const call =
    importer === 'authJs'
      ? `authJs('${oldSecret}', ({ sub }) => (typeof sub === 'string' ? { user: sub } : undefined))`
      : `${importer}('${oldSecret}', async (id) => (id === 'row-of-ada' ? { user: 'ada' } : undefined))`

  return `${block}
import { storedSessions } from 'portcullis'
import { memoryStore } from 'portcullis/store'
export const sessions = storedSessions<{ user: string }>({
  secret: '${env.SESSION_SECRET}',
  store: memoryStore(),
  user: ({ user }) => user,
  legacy: [${call}],
})
`
}

/** The old cookie opens once, is removed, and the new one goes on. */
async function arrive(site: App, name: string, value: string, data: object): Promise<Visitor> {
  const visitor = createVisitor('https://app.example.com', inProcess(site, env))
  visitor.cookies.set(name, value)
  assert.deepEqual((await visitor.open('/')).json(), data)
  assert.equal(visitor.cookies.has(name), false)
  assert.equal(visitor.cookies.has('__Host-session'), true)
  assert.deepEqual((await visitor.open('/')).json(), data)
  return visitor
}

/** After a logout a copy of the old cookie opens nothing. */
async function assertFinal(
  site: App,
  visitor: Visitor,
  name: string,
  value: string,
): Promise<void> {
  assert.equal((await visitor.submit('/logout')).text, 'bye')
  const copy = createVisitor('https://app.example.com', inProcess(site, env))
  copy.cookies.set(name, value)
  assert.equal((await copy.open('/')).text, 'null')
}

async function signInAt(app: import('express').Express, name: string): Promise<string> {
  const server = app.listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  const visitor = createVisitor(`http://localhost:${(server.address() as AddressInfo).port}`)
  assert.equal((await visitor.submit('/login')).text, 'signed in')
  server.close()
  return visitor.cookies.get(name) ?? ''
}

/** A package as the project of a journey has it. */
async function installed<Module>(trip: Trip, name: string): Promise<Module> {
  const file = `packages/${name.replaceAll(/\W/g, '-')}.ts`
  const { found } = await trip.load<{ found: Module }>(
    file,
    `import * as found from '${name}'\nexport { found }\n`,
  )
  return found
}

interface ExpressSession {
  (options: object): import('express').RequestHandler
  MemoryStore: new () => { sessions: Record<string, string> }
}
type CookieSession = (options: object) => import('express').RequestHandler
interface NextAuthJwt {
  encode(options: { token: object; secret: string; maxAge?: number }): Promise<string>
}
