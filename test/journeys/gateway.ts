/** A gateway in front of Express, of Flask and of Go's net/http: each with login, logout, roles, devices, throttle. */
import assert from 'node:assert/strict'
import { cpSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { freePort } from '../../tools/dev/free-port.ts'
import { startRedis } from '../support/redis.ts'
import { expressServer, flaskServer, goServer, type ServerRecipe } from './gateway-servers.ts'
import type { Journey, Trip } from './support/journey.ts'
import { fill } from './support/pages.ts'
import { eventually, run, shellOk } from './support/services.ts'
import { createVisitor, type Visitor } from './support/visitor.ts'

export const gatewayJourneys: readonly Journey[] = [expressServer, flaskServer, goServer].map(
  (recipe) => ({
    name: `gateway in front of ${recipe.name}`,
    pages: [
      'README.md',
      'docs/cli.md',
      'docs/gateway.md',
      'docs/origins.md',
      'docs/login-throttle.md',
      'docs/session-protocol.md',
      'docs/storage.md',
    ],
    walk: (trip) => walkGateway(trip, recipe),
  }),
)

async function walkGateway(trip: Trip, recipe: ServerRecipe): Promise<void> {
  const redis = trip.use(await startRedis())
  const [port, upstreamPort] = [await freePort(), await freePort()]
  const origin = `http://localhost:${port}`
  const upstream = `http://127.0.0.1:${upstreamPort}`
  // npm installs into the nearest folder above that has packages.
  const home = recipe.installs ? trip.apart() : trip.folder
  const project = join(home, 'my-gateway')

  await trip.step('docs/origins.md: a server with login, logout and devices starts', async () => {
    const server = await recipe.start(trip, { gateway: origin, port: upstreamPort })
    trip.use(server)
    await eventually(async () => assert.equal((await fetch(upstream)).status, 200))
  })

  await trip.step('README.md and docs/cli.md: init makes a project', async () => {
    await makeProject(trip, recipe, home, upstream)
    const files = ['gateway.config.ts', 'worker.ts', 'wrangler.toml', '.dev.vars']
    for (const file of files) assert.ok(existsSync(join(project, file)), file)
    trip.page('README.md').promises('a Worker of three lines and fresh secrets')
    assert.equal(statSync(join(project, '.dev.vars')).mode & 0o777, 0o600)
  })

  configureProject(trip, project, { port, redisUrl: redis.url, redisToken: redis.token })

  await trip.step('docs/cli.md: npm run check finds nothing to mend', async () => {
    const output = await shellOk('npm run --silent check', { cwd: project })
    assert.doesNotMatch(output, /\bfaults?\b/, output)
  })

  await trip.step('README.md: npm run dev serves the gateway', async () => {
    const dev = trip.use(run('npm', ['run', 'dev'], { cwd: project }))
    await dev.saying('Ready on', 90_000)
    await eventually(async () =>
      assert.equal((await createVisitor(origin).open('/.portcullis/health')).status, 200),
    )
  })

  await walkSessions(trip, origin, recipe)
}

/** One server installs the tarball as docs/cli.md says; the others find it above them, without waiting for npm again. */
async function makeProject(
  trip: Trip,
  recipe: ServerRecipe,
  home: string,
  upstream: string,
): Promise<void> {
  const [readme, page] = [trip.page('README.md'), trip.page('docs/cli.md')]
  const short = readme.next('sh', 'npx portcullis init').text
  const long = page.next('sh', 'npm install ../portcullis').text
  const written = /\S*portcullis-[\d.]+\.tgz/.exec(long)?.[0] ?? ''
  const tarball = basename(trip.tarball)
  cpSync(trip.tarball, join(home, tarball))

  const commands = recipe.installs
    ? `mkdir my-gateway && cd my-gateway\n${fill(long, { [written]: `../${tarball}` })}`
    : short.replaceAll(/^npm (?:install|run dev)$/gm, '')
  await shellOk(fill(commands, { 'http://127.0.0.1:3000': upstream }), { cwd: home })
  if (recipe.installs)
    assert.match(readFileSync(join(home, 'my-gateway/package.json'), 'utf8'), /\.tgz/)
}

/** What the pages tell to add to a new project: sessions in Redis, the throttle, routes of devices. */
export function configureProject(
  trip: Trip,
  project: string,
  { port, redisUrl, redisToken }: { port: number; redisUrl: string; redisToken: string },
): void {
  const throttlePage = trip.page('docs/login-throttle.md').next('ts', 'gatewayThrottle').text
  const throttle = /throttle: gatewayThrottle\(\{[\s\S]*?\n {4}\}\),/.exec(throttlePage)?.[0] ?? ''
  const store = trip.page('docs/storage.md').next('ts', "from 'portcullis/store/upstash'").text
  const config = readFileSync(join(project, 'gateway.config.ts'), 'utf8')

  writeFileSync(
    join(project, 'gateway.config.ts'),
    fill(config, {
      "import { defineGateway, type GatewayConfig } from 'portcullis/gateway'": `import { defineGateway, type GatewayConfig, gatewayThrottle } from 'portcullis/gateway'
import { redisThrottle } from 'portcullis/limit'
import { redis } from 'portcullis/redis'
${/^import \{ upstashStore \}.*$/m.exec(store)?.[0]}`,
      '      ASSERTION_KEY: string\n':
        '      ASSERTION_KEY: string\n      THROTTLE_SECRET: string\n',
      '/** A function, so': 'const client = redis.fromEnv()\n\n/** A function, so',
      statelessSessions: 'storedSessions',
      'user: (data) => data.user })':
        'user: (data) => data.user, store: upstashStore({ redis: client }) })',
      "    signIn: '/login',\n": `    signIn: '/login',\n    ${throttle}\n`,
      "access: 'public', sessions: ['start'] },": `access: 'public', sessions: ['start'],
        throttle: { account: { form: 'user' }, success: 'portcullis' } },
      { path: '/devices', methods: ['GET'], to: 'app', sessions: ['list'] },
      { path: '/devices', methods: ['POST'], to: 'app', sessions: ['end'] },`,
    }),
  )

  // docs/cli.md, "A variable of your own": three files, of which the first is above.
  const names = ['THROTTLE_SECRET', 'UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN']
  const toml = readFileSync(join(project, 'wrangler.toml'), 'utf8')
  writeFileSync(
    join(project, 'wrangler.toml'),
    fill(toml, {
      '"ASSERTION_KEY"]': `"ASSERTION_KEY", ${names.map((name) => `"${name}"`).join(', ')}]`,
      '8787': `${port}`,
    }),
  )
  const vars = readFileSync(join(project, '.dev.vars'), 'utf8')
  const values = ['t9QmZr4xKc7Wv2Lp8Ns5Hb3Yd6Gf1JaE', redisUrl, redisToken]
  const lines = names.map((name, index) => `${name}=${values[index]}`)
  writeFileSync(join(project, '.dev.vars'), `${vars}${lines.join('\n')}\n`)
}

async function walkSessions(trip: Trip, origin: string, recipe: ServerRecipe): Promise<void> {
  const alice = createVisitor(origin)
  const ben = createVisitor(origin)
  const login = (visitor: Visitor, user: string, password = 'wonderland') =>
    visitor.submit('/login', { user, password })

  await trip.step('a page that nobody listed leads to the login, and back', async () => {
    const closed = await alice.open('/orders?page=2')
    assert.equal(closed.status, 303)
    assert.equal(closed.location, `/login?return_to=${encodeURIComponent('/orders?page=2')}`)
  })

  await trip.step('docs/origins.md: a wrong password is 401, the right one signs in', async () => {
    assert.equal((await login(alice, 'alice', 'guess')).status, 401)
    assert.equal(alice.cookies.size <= 1, true)
    const signedIn = await login(alice, 'alice')
    assert.deepEqual([signedIn.status, signedIn.location], [303, '/'])
    assert.equal(signedIn.headers.get('portcullis-session'), null)
    assert.match((await alice.open('/')).text, /Hello, alice/)
    assert.match((await ben.open('/')).text, /Hello, stranger/)
  })

  await trip.step('README.md: a form of another site is refused', async () => {
    const forged = await alice.submit('/logout', {}, 'https://evil.example')
    assert.equal(forged.status, 403)
    assert.match((await alice.open('/')).text, /Hello, alice/)
  })

  await trip.step('docs/gateway.md: only the role of a route opens it', async () => {
    trip.page('docs/gateway.md').next('ts', "role: 'admin'")
    assert.equal((await login(ben, 'ben')).status, 303)
    assert.equal((await ben.open('/admin/reports')).status, 403)
    assert.equal((await ben.open('/ADMIN/reports')).status, 403)
    assert.equal((await alice.open('/admin/reports')).status, 200)
  })

  await trip.step(
    'docs/session-protocol.md: devices are listed, and one is signed out',
    async () => {
      trip
        .page('docs/session-protocol.md')
        .promises('A device that was signed out remotely still has its cookie')
      const phone = createVisitor(origin)
      await login(phone, 'alice')
      const list = (await alice.open('/devices')).json<Array<{ id: string; current: boolean }>>()
      assert.equal(list.length, 2)
      const other = list.find(({ current }) => !current)
      assert.equal((await alice.submit('/devices', { id: other?.id ?? '' })).status, 303)
      assert.equal((await phone.open('/orders')).status, 303)
      assert.equal((await alice.open('/orders')).status, 200)
    },
  )

  await trip.step(
    'docs/session-protocol.md: what a client claims to be is not believed',
    async () => {
      const liar = createVisitor(origin)
      const headers = { 'portcullis-assertion': 'x.y.z', 'x-forwarded-user': 'alice' }
      assert.match((await liar.open('/', headers)).text, /Hello, stranger/)
    },
  )

  await trip.step(
    'docs/login-throttle.md: after five failures in a row the sixth waits',
    async () => {
      const thief = createVisitor(origin)
      const statuses: number[] = []
      for (let count = 0; count < 5; count++)
        statuses.push((await login(thief, 'carol', `guess-${count}`)).status)
      assert.deepEqual(statuses, [401, 401, 401, 401, 401])
      // The first wait is one second: of three at once on a slow machine, one arrives within it.
      const more = [5, 6, 7].map((count) => login(thief, 'carol', `guess-${count}`))
      assert.ok((await Promise.all(more)).some(({ status }) => status === 429))
      assert.equal((await login(createVisitor(origin), 'dora')).status, 303)
    },
  )

  await trip.step('docs/origins.md: a logout is final', async () => {
    const copy = createVisitor(origin)
    for (const [name, value] of alice.cookies) copy.cookies.set(name, value)
    assert.equal((await alice.submit('/logout')).status, 303)
    assert.match((await alice.open('/')).text, /Hello, stranger/)
    assert.equal((await copy.open('/orders')).status, 303)
  })

  await trip.step(
    `docs/origins.md: ${recipe.name} refuses an assertion that does not verify`,
    async () => {
      trip.page('docs/origins.md').promises('A request without one is a visitor')
      assert.equal(await recipe.askForged(), 401)
    },
  )
}
