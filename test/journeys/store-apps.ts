/** The app of docs/storage.md over each store of the page: from an empty folder to a login that survives a restart. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { freePort } from '../../tools/dev/free-port.ts'
import { startPostgres } from '../support/postgres.ts'
import { startRedis } from '../support/redis.ts'
import type { Journey, Trip } from './support/journey.ts'
import { fill } from './support/pages.ts'
import { eventually, type Program, run, type Service, shellOk } from './support/services.ts'

const storagePage = 'docs/storage.md'
const secret = 'Z3k8Vn1Xq6Tw4Lb9Rm2Hc7Yd5Gp0JsFa'

/** What a section of the page adds to its app. */
interface Recipe {
  readonly store: string
  /** Text that only the block of this section contains. */
  readonly block: string
  readonly host: 'Node' | 'Workers'
  readonly env?: Readonly<Record<string, string>>
  /** Text of the blocks for `index.ts` and wrangler.toml, where the section has them. */
  readonly index?: string
  readonly toml?: string
  /** Prepares the store once the files are there. */
  readonly prepare?: (cwd: string) => Promise<unknown>
  /** Whether a restart keeps sessions. */
  readonly isLost?: boolean
  readonly hasNoLists?: boolean
  /** Runs while the app runs. */
  readonly afterwards?: (port: number) => Promise<unknown>
}

export const storeAppsJourney: Journey = {
  name: 'stores of sessions from an empty folder',
  pages: [storagePage],
  async walk(trip) {
    const redis = trip.use(await startRedis())
    const postgres = trip.use(await startPostgres())
    const relay = trip.use(await openRelay(redis.socket))
    const rest = { UPSTASH_REDIS_REST_URL: redis.url, UPSTASH_REDIS_REST_TOKEN: redis.token }
    const tcp = { REDIS_URL: relay.url }

    await walk(trip, { store: 'memory', block: 'memoryStore()', host: 'Node', isLost: true })
    await walk(trip, { store: 'upstash', block: 'Redis.fromEnv', host: 'Workers', env: rest })
    await walk(trip, { store: 'redis', block: 'redis.fromEnv()', host: 'Node', env: rest })
    await walk(trip, { store: 'ioredis', block: 'ioredisSender(', host: 'Node', env: tcp })
    await walk(trip, { store: 'node-redis', block: 'nodeRedisSender(', host: 'Node', env: tcp })
    await walk(trip, { store: 'sockets', block: 'cloudflare:sockets', host: 'Workers', env: tcp })
    await walk(trip, {
      ...{ store: 'objects', block: 'durableObjectStore({', host: 'Workers' },
      ...{ index: 'export { PortcullisObject }', toml: 'durable_objects' },
    })
    await walkPostgres(trip, postgres.url)
    await walk(trip, {
      ...{ store: 'd1', block: 'd1Store({', host: 'Workers' },
      ...{ index: 'async scheduled', toml: 'd1_databases' },
      prepare: (cwd) => applyMigrations(trip, cwd),
      afterwards: (port) => cleanUp(trip, port),
    })
    await walk(trip, {
      ...{ store: 'unstorage', block: 'unstorageStore(', host: 'Node', hasNoLists: true },
    })
  },
}

async function walkPostgres(trip: Trip, url: string): Promise<void> {
  const env = { DATABASE_URL: url }
  const page = trip.page(storagePage)
  await walk(trip, {
    ...{ store: 'postgres', block: 'export const pool', host: 'Node', env },
    async prepare(cwd) {
      trip.write('postgres/migrate.js', page.next('js', '// migrate.js').text)
      const migrate = page.next('sh', 'migrate.js').text
      await shellOk(migrate, { cwd })
      await shellOk(page.next('sh', 'postgresStatements').text, { cwd })
      assert.match(await shellOk('cat sessions.sql', { cwd }), /CREATE SCHEMA IF NOT EXISTS/)
      const text = `${page.next('ts', '// clean-up.ts').text}\nprocess.exit(0)\n`
      trip.write('postgres/clean-up.ts', text)
      await shellOk('node --env-file=.env clean-up.ts', { cwd })
    },
  })
}

/** Walks the app over one store. */
async function walk(trip: Trip, recipe: Recipe): Promise<void> {
  const { store, host, isLost = false } = recipe
  const end = isLost ? 'a login, which a restart ends' : 'a login that survives a restart'

  await trip.step(`${storagePage}: ${store} on ${host}: ${end}`, async () => {
    const port = await freePort()
    const cwd = `${trip.folder}/${store}`
    writeApp(trip, recipe, port)
    await recipe.prepare?.(cwd)

    const start = (): Program =>
      host === 'Node'
        ? run('node', ['--env-file=.env', 'server.js'], { cwd })
        : run('npx', ['wrangler', 'dev', '--port', `${port}`, '--ip', '127.0.0.1'], { cwd })
    await assertLogin(trip, recipe, { start, port, cwd })
  })
}

/** Writes the files of the page. */
function writeApp(trip: Trip, recipe: Recipe, port: number): void {
  const { store, host, block, env = {} } = recipe
  const put = (name: string, text: string): string => trip.write(`${store}/${name}`, text)
  const take = (info: string, containing: string): string =>
    trip.page(storagePage).next(info, containing).text
  const settings = Object.entries({ SESSION_SECRET: secret, ...env })
  const variables = settings.map(([name, value]) => `${name}=${value}\n`).join('')
  const app = take('ts', '// app.ts')
  const devices = "  .get('/devices', async (c) => c.json(await c.var.session.list()))\n"

  put('package.json', '{ "private": true, "type": "module" }')
  put('app.ts', recipe.hasNoLists ? fill(app, { [devices]: '' }) : app)
  put('store.ts', take('ts', block))
  if (host === 'Node') {
    put('.env', variables)
    put('server.js', fill(take('js', '// server.js'), { '8787': `${port}` }))
    return
  }

  put('.dev.vars', variables)
  put('index.ts', take('ts', recipe.index ?? '// index.ts'))
  const own = take('toml', '# wrangler.toml')
  put('wrangler.toml', recipe.toml === undefined ? own : `${own}\n${take('toml', recipe.toml)}\n`)
}

interface RunningApp {
  start(): Program
  readonly port: number
  readonly cwd: string
}

/** Signs in, starts the app anew, looks whether the session is there, and signs out, by the commands of the page. */
async function assertLogin(trip: Trip, recipe: Recipe, app: RunningApp): Promise<void> {
  const { port, cwd } = app
  const page = trip.page(storagePage)
  const commands = page.next('sh', '/login').text.replaceAll('8787', `${port}`).split('\n')
  const [signIn = '', show = '', list = ''] = commands
  const curl = (command: string): Promise<string> =>
    shellOk(command.replace('curl ', 'curl -sS '), { cwd })
  const appears = (program: Program, text: string): Promise<void> =>
    eventually(async () => assert.equal(await curl(show), text, program.said()))
  page.promises('The second line prints {"user":"ada"}')

  const first = trip.use(app.start())
  await appears(first, 'null')
  assert.equal(await curl(signIn), 'signed in', first.said())
  await appears(first, '{"user":"ada"}')
  if (!recipe.hasNoLists) assert.equal((JSON.parse(await curl(list)) as unknown[]).length, 1)
  await first.stop()

  const second = trip.use(app.start())
  await appears(second, recipe.isLost ? 'null' : '{"user":"ada"}')
  await recipe.afterwards?.(port)
  if (!recipe.isLost) {
    const copy = show.replace('jar', 'copy')
    await shellOk('cp jar copy', { cwd })
    assert.equal(await curl(signIn.replace('/login', '/logout')), 'signed out')
    assert.deepEqual([await curl(show), await curl(copy)], ['null', 'null'])
  }
  await second.stop()
}

async function applyMigrations(trip: Trip, cwd: string): Promise<void> {
  const page = trip.page(storagePage)
  page.promises('A first request before the migration is 503, with store-refused: not-migrated')
  await shellOk(page.next('sh', 'd1Statements').text, { cwd })
}

/** Calls the scheduled handler, as the page does. */
async function cleanUp(trip: Trip, port: number): Promise<void> {
  const command = trip.page(storagePage).next('sh', 'cdn-cgi/handler/scheduled').text
  const cwd = trip.folder
  const answer = await shellOk(`${command.replace('8787', `${port}`)} -sS -w ' %{http_code}'`, {
    cwd,
  })
  assert.match(answer, /200$/)
}

/** A port of loopback that leads to the socket of a Redis. */
async function openRelay(path: string): Promise<Service & { readonly url: string }> {
  const sockets = new Set<Socket>()
  const relay = createServer((socket) => {
    const inner = connect(path)
    sockets.add(socket)
    socket.on('close', () => inner.destroy()).on('error', () => inner.destroy())
    inner.on('error', () => socket.destroy())
    socket.pipe(inner).pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(relay, 'listening')
  const { port } = relay.address() as { port: number }

  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      for (const socket of sockets) socket.destroy()
      relay.close()
    },
  }
}
