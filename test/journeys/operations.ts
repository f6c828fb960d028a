/** The runbook under load: rotation of every secret, rollback, maintenance, Redis away; nobody is logged out. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../tools/dev/free-port.ts'
import { startRedisHttp } from '../../tools/dev/redis-http.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { startWorkerd, type Workerd } from '../support/workerd.ts'
import { configureProject } from './gateway.ts'
import { expressServer } from './gateway-servers.ts'
import { type Front, startFront } from './support/front.ts'
import type { Journey, Trip } from './support/journey.ts'
import { type Load, signIn, startLoad } from './support/load.ts'
import { fill, type Page } from './support/pages.ts'
import { eventually, shell, shellOk } from './support/services.ts'
import { createVisitor } from './support/visitor.ts'

type Bindings = Record<string, string>

/** What runs: the module that was built, and the versions of it. */
interface Site {
  readonly trip: Trip
  readonly project: string
  readonly origin: string
  readonly front: Front
  readonly module: string
  readonly load: Load
  bindings: Bindings
  version: Workerd
}

export const operationsJourney: Journey = {
  name: 'operations under load',
  pages: [
    'docs/operations.md',
    'docs/cli.md',
    'docs/login-throttle.md',
    'docs/storage.md',
    'docs/origins.md',
  ],
  async walk(trip) {
    const redis = trip.use(await startRedis())
    const page = trip.page('docs/operations.md')
    const site = await deployFirst(trip, page, redis)
    await rotateByCommand(site, page)
    await rotateSecrets(site, page)
    await rotateRedisToken(site, page, redis)
    await closeForMaintenance(site, page)
    await loseRedis(site, trip, redis)
    await leakSecret(site, page)
    await site.load.stop()
  },
}

async function deployFirst(trip: Trip, page: Page, redis: TestRedis): Promise<Site> {
  const [port, upstreamPort] = [await freePort(), await freePort()]
  const origin = `http://localhost:${port}`
  const project = join(trip.folder, 'my-gateway')
  const place = { gateway: origin, port: upstreamPort, cooldown: 1 }
  trip.use(await expressServer.start(trip, place))

  await trip.step(
    'docs/operations.md: check --production finds what a new project lacks, and then nothing',
    async () => {
      await shellOk(`npx portcullis init my-gateway --upstream http://127.0.0.1:${upstreamPort}`, {
        cwd: trip.folder,
      })
      configureProject(trip, project, { port, redisUrl: redis.url, redisToken: redis.token })
      addMaintenance(trip.page('docs/operations.md'), project)
      const check = page.next('sh', 'check --production').text.split('\n')[0] ?? ''
      const before = await shell(check, { cwd: project })
      assert.deepEqual(
        [before.status, /example\.com/.test(before.output)],
        [1, true],
        before.output,
      )
      const production = page.next('toml', '[env.production]').text
      const toml = readFileSync(join(project, 'wrangler.toml'), 'utf8')
      const names = /^required = .*$/m.exec(toml)?.[0] ?? ''
      const own = fill(production, {
        'example.com': 'the-shop.eu',
        'required = ["SESSION_SECRET", "ASSERTION_KEY"]': names,
      })
      writeFileSync(join(project, 'wrangler.toml'), `${toml.split('[env.production]')[0]}${own}`)
      await shellOk(check, { cwd: project })
    },
  )

  let module = ''
  await trip.step(
    'docs/operations.md: wrangler deploy --dry-run builds the Worker for production',
    async () => {
      page.promises('npx wrangler deploy --dry-run -e production')
      await shellOk('npx wrangler deploy --dry-run -e production --outdir out', { cwd: project })
      module = readFileSync(join(project, 'out/worker.js'), 'utf8')
    },
  )

  const bindings = {
    PUBLIC_ORIGIN: origin,
    UPSTREAM_URL: `http://127.0.0.1:${upstreamPort}`,
    ...readVars(join(project, '.dev.vars')),
  }
  const front = trip.use(await startFront(port))
  const version = await startWorkerd({ module }, { bindings })
  front.deploy(version.port)
  const load = await startLoad(origin, 16, '/orders')
  return { trip, project, origin, front, module, load, bindings, version }
}

/** Rolls a version out beside the one before, and then alone, while the load goes on. */
async function deploy(site: Site, changed: Bindings): Promise<void> {
  const bindings = { ...site.bindings, ...changed }
  const next = await startWorkerd({ module: site.module }, { bindings })
  site.front.deploy(site.version.port, next.port)
  await site.load.more(64)
  site.front.deploy(next.port)
  await site.load.more(64)
  await site.version.stop()
  Object.assign(site, { bindings, version: next })
}

/** Every request since the last look was answered with 200. */
function assertServed({ load }: Site): void {
  const statuses = load.take()
  assert.deepEqual(Object.keys(statuses), ['200'], JSON.stringify(statuses))
}

/** The same rotation as the command takes it, in `.dev.vars` and then for production. */
async function rotateByCommand(site: Site, page: Page): Promise<void> {
  const { trip, project } = site
  page.next('sh', 'npx portcullis secret\n')
  const rotate = page.next('sh', 'npx portcullis secret rotate').text.trim()
  const take = async (command: string): Promise<void> => {
    await shellOk(command, { cwd: project })
    await deploy(site, readVars(join(project, '.dev.vars')))
  }

  await trip.step(
    'docs/operations.md: portcullis secret rotate appends a new secret and moves it first',
    async () => {
      await take(rotate)
      assertServed(site)
      await take(rotate)
      assertServed(site)
    },
  )
  await trip.step(
    'docs/cli.md: it waits for the longest session, and --now removes the old secret',
    async () => {
      const promise = 'does not wait. Sessions that were sealed with the old secret end'
      trip.page('docs/cli.md').promises(promise)
      const early = await shell(rotate, { cwd: project })
      assert.deepEqual([early.status, /must wait 8 hours more/.test(early.output)], [1, true])
      for (const [index, user] of site.load.users.entries()) await signIn(user, `user-${index}`)
      await site.load.more(32)
      site.load.take()
      await take(`${rotate} --now`)
      assertServed(site)
    },
  )

  const production = page.next('sh', 'read -rs SESSION_SECRET').text
  await trip.step(
    'docs/operations.md: for production it prints the value for wrangler alone',
    async () => {
      const { SESSION_SECRET = '', ...others } = site.bindings
      const put = production.replace(/npx wrangler secret put .*/, "sed 's/^/PUT=/'")
      const output = await shellOk(put, {
        cwd: project,
        env: others,
        input: `${SESSION_SECRET}\n`,
      })
      const { PUT = '' } = readText(output)
      assert.deepEqual(PUT.split(' ').slice(0, -1), [SESSION_SECRET])
      assert.equal(output.split(PUT).join('').includes(SESSION_SECRET), false)
    },
  )
}

async function rotateSecrets(site: Site, page: Page): Promise<void> {
  const { trip } = site
  const old = site.bindings
  const fresh = readSecrets(await shellOk('npx portcullis secret', { cwd: trip.folder }))
  const throttle = { old: old.THROTTLE_SECRET ?? '', next: 'u3Xn8Vq5Tz1Wc7Lm2Rb9Kd4Hy6Gp0JsF' }
  const put = page.next('sh', 'wrangler secret put SESSION_SECRET').text
  const steps = { append: values(put, old, fresh), first: values(put, fresh, old) }

  await trip.step(
    'docs/operations.md: 1. append the new secrets, while both versions run',
    async () => {
      assertServed(site)
      await deploy(site, { ...steps.append, THROTTLE_SECRET: `${throttle.old} ${throttle.next}` })
      assertServed(site)
    },
  )
  await trip.step('docs/operations.md: 2. move them first', async () => {
    await deploy(site, { ...steps.first, THROTTLE_SECRET: `${throttle.next} ${throttle.old}` })
    assertServed(site)
  })
  await trip.step('docs/operations.md: a rollback to step 1 and forward again', async () => {
    const late = createVisitor(site.origin)
    await signIn(late, 'late')
    await deploy(site, { ...steps.append, THROTTLE_SECRET: `${throttle.old} ${throttle.next}` })
    assert.equal((await late.open('/orders')).status, 200)
    await deploy(site, { ...steps.first, THROTTLE_SECRET: `${throttle.next} ${throttle.old}` })
    assertServed(site)
  })
  await trip.step(
    'docs/operations.md: 3. remove the old ones, once everybody has signed in since',
    async () => {
      for (const [index, user] of site.load.users.entries()) await signIn(user, `user-${index}`)
      // A request under way with the cookie from before its login has been sent to the login again.
      await site.load.more(32)
      site.load.take()
      await deploy(site, { ...fresh, THROTTLE_SECRET: throttle.next })
      assertServed(site)
    },
  )
}

async function rotateRedisToken(site: Site, page: Page, redis: TestRedis): Promise<void> {
  await site.trip.step(
    'docs/operations.md: a second token of Redis, and then without the first',
    async () => {
      page.promises('create a second token if your provider allows two')
      const second = site.trip.use(
        await startRedisHttp({ redisSocket: redis.socket, token: 'the-second-token-of-redis' }),
      )
      await deploy(site, {
        UPSTASH_REDIS_REST_URL: second.url,
        UPSTASH_REDIS_REST_TOKEN: second.token,
      })
      assertServed(site)
      Object.assign(site, { control: second.control })
    },
  )
}

async function closeForMaintenance(site: Site, page: Page): Promise<void> {
  await site.trip.step(
    'docs/operations.md: maintenance answers 503 and keeps every session',
    async () => {
      page.promises('npx wrangler deploy -e production --var MAINTENANCE:on')
      const [user] = site.load.users
      await deploy(site, { MAINTENANCE: 'on' })
      const closed = await user?.open('/orders')
      assert.deepEqual([closed?.status, closed?.headers.get('retry-after')], [503, '900'])
      assert.equal((await createVisitor(site.origin).open('/.portcullis/health')).status, 200)
      await deploy(site, { MAINTENANCE: 'off' })
      site.load.take()
      await site.load.more(32)
      assertServed(site)
    },
  )
}

async function loseRedis(site: Site, trip: Trip, redis: TestRedis): Promise<void> {
  const { control } = site as Site & { control: TestRedis['control'] }
  await trip.step(
    'docs/operations.md: while Redis is away users get 503, strangers their page, and nobody is logged out',
    async () => {
      trip.page('docs/storage.md').promises('works again when Redis is back: nobody is logged out')
      const stranger = createVisitor(site.origin)
      control.fault({ kind: 'drop-before' }, { times: Number.POSITIVE_INFINITY })
      await eventually(async () =>
        assert.equal((await site.load.users[0]?.open('/orders'))?.status, 503),
      )
      site.load.take()
      await site.load.more(64)
      assert.deepEqual(Object.keys(site.load.take()), ['503'])
      assert.equal((await stranger.open('/')).status, 200)
      assert.equal(
        (await stranger.submit('/login', { user: 'x', password: 'wonderland' })).status,
        503,
      )
      control.reset()
      await eventually(async () => {
        site.load.take()
        await site.load.more(64)
        assertServed(site)
      })
      assert.ok(redis.url)
    },
  )
}

async function leakSecret(site: Site, page: Page): Promise<void> {
  await site.trip.step(
    'docs/operations.md: a leaked secret: a new one alone, and everyone signs in again',
    async () => {
      page.promises('put a new one alone, without appending or waiting')
      await deploy(
        site,
        readSecrets(await shellOk('npx portcullis secret', { cwd: site.trip.folder })),
      )
      site.load.take()
      await site.load.more(64)
      assert.deepEqual(Object.keys(site.load.take()), ['303'])
      const [user] = site.load.users
      // Redis was away a moment ago, and a busy machine may miss the second that it has.
      if (user) await eventually(() => signIn(user, 'user-0'))
      assert.equal((await user?.open('/orders'))?.status, 200)
    },
  )
}

/** What the two lines of the page put, as the shell makes it of the variables. */
function values(put: string, old: Bindings, fresh: Bindings): Bindings {
  const echo = put.replaceAll(
    /\| npx wrangler secret put (\w+).*$/gm,
    (_line, name) => `| sed 's/^/${name}=/'`,
  )
  const output = execFileSync('bash', ['--norc', '-eu', '-c', echo], {
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH,
      OLD: old.SESSION_SECRET,
      NEW: fresh.SESSION_SECRET,
      OLD_KEY: old.ASSERTION_KEY,
      NEW_KEY: fresh.ASSERTION_KEY,
    },
  })

  return readText(output)
}

function addMaintenance(page: Page, project: string): void {
  const block = page.next('ts', 'maintenance: (c)').text
  const option = /maintenance: \(c\).*$/m.exec(block)?.[0] ?? ''
  const path = join(project, 'gateway.config.ts')
  const config = readFileSync(path, 'utf8')
  writeFileSync(
    path,
    fill(config, {
      "    signIn: '/login',\n": `    signIn: '/login',\n    ${option}\n`,
      '      THROTTLE_SECRET: string\n':
        '      THROTTLE_SECRET: string\n      MAINTENANCE?: string\n',
    }),
  )
}

function readVars(path: string): Bindings {
  return readText(readFileSync(path, 'utf8'))
}

/** SESSION_SECRET and ASSERTION_KEY out of what the command printed. */
function readSecrets(output: string): Bindings {
  const { SESSION_SECRET = '', ASSERTION_KEY = '' } = readText(output)
  return { SESSION_SECRET, ASSERTION_KEY }
}

function readText(text: string): Bindings {
  const lines = [...text.matchAll(/^([A-Z_]+)=(.*)$/gm)]
  return Object.fromEntries(
    lines.map(([, name = '', value = '']) => [name, value.replace(/^'(.*)'$/, '$1')]),
  )
}
