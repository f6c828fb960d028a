/** Pages that explain: what they promise of the package is looked for in the package, and in a gateway of README.md. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Journey, Trip } from './support/journey.ts'
import { shellOk } from './support/services.ts'
import { startUpstream } from './support/upstream.ts'
import { createVisitor, inProcess } from './support/visitor.ts'

const origin = 'https://app.example.com'

interface App {
  fetch(request: Request, env?: never): Promise<Response>
}

export const backgroundJourney: Journey = {
  name: 'background pages',
  pages: [
    'README.md',
    'docs/README.md',
    'docs/architecture.md',
    'docs/exports.md',
    'docs/options.md',
    'docs/attacks.md',
    'docs/licences.md',
    'docs/scale.md',
    'docs/security.md',
    'docs/decisions/README.md',
    'docs/decisions/0001-dependencies.md',
    'docs/decisions/0002-sizes.md',
    'docs/decisions/0003-redis-transport.md',
    'docs/decisions/0004-exact-limits.md',
    'docs/decisions/0005-jsr.md',
    'docs/decisions/0006-routes.md',
    'docs/decisions/0007-cpu.md',
    'docs/decisions/0008-aliases-of-a-page.md',
    'docs/decisions/0009-login-protocol.md',
    'docs/decisions/0010-node-upstream.md',
    'docs/decisions/0012-durable-objects.md',
    'docs/decisions/0013-package.md',
    'docs/decisions/0014-site.md',
  ],
  async walk(trip) {
    await walkAttacks(trip)
    await walkDependencies(trip)
    await walkExports(trip)
    await walkOptions(trip)
    await walkBundles(trip)
    await walkDecisions(trip)
    await walkScale(trip)
  },
}

/** A gateway with one open page, one for signed-in users, and everything else closed. */
async function loadGateway(trip: Trip): Promise<App> {
  const upstream = trip.use(await startUpstream())
  const { gateway } = await trip.load<{ gateway: App }>(
    'gateway.ts',
    `import { createGateway } from 'portcullis/gateway'
import { statelessSessions } from 'portcullis/session'
export const gateway = createGateway({
  publicOrigin: '${origin}',
  upstreams: { app: { url: '${upstream.url}' } },
  session: statelessSessions<{ user: string }>({ secret: 'T5n8Vw2Xq7Kz4Lc9Rb3Hm1Yd6Gp0JsFa' }),
  routes: [
    { path: '/admin/*', to: 'app', access: 'session' },
    { path: '/users/:id', to: 'app', access: 'session' },
    { path: '/*', to: 'app', access: 'public' },
  ],
})
`,
  )
  return gateway
}

async function walkAttacks(trip: Trip): Promise<void> {
  const gateway = await loadGateway(trip)
  const visitor = createVisitor(origin, inProcess(gateway))
  const status = async (path: string): Promise<number> => (await visitor.send('GET', path)).status

  await trip.step('docs/attacks.md: paths with two readings', async () => {
    const page = trip.page('docs/attacks.md')
    page.next('sh', 'vitest run')
    const cases: ReadonlyArray<[row: string, path: string, status: number]> = [
      ['%5c', '/assets/%5c../admin', 400],
      ['%2f', '/assets%2f..%2fadmin', 400],
      ['/%61dmin', '/%61dmin', 308],
      ['%25 before two digits', '/%252e%252e/admin', 400],
      ['; in a path', '/assets/..;/admin', 400],
      ['/ADMIN', '/ADMIN', 401],
      ['/admin/, /admin., /admin%20', '/admin%20', 401],
    ]
    for (const [row, path, expected] of cases) {
      page.promises(row)
      assert.equal(await status(path), expected, path)
    }
  })

  await trip.step(
    'docs/decisions: exact paths and prefixes, aliases of a guarded page, methods',
    async () => {
      trip.page('docs/decisions/0006-routes.md').promises('A path is exact or a prefix')
      trip
        .page('docs/decisions/0008-aliases-of-a-page.md')
        .promises('Rails answers /admin.json for /admin')
      assert.deepEqual([await status('/users/7'), await status('/users/:id')], [200, 401])
      for (const path of [
        '/admin.json',
        '/admin.php/x',
        '/_next/data/b/admin.json',
        '/admin/index.html',
      ])
        assert.equal(await status(path), 401, path)
      assert.equal((await visitor.send('PROPFIND', '/')).status, 405)
    },
  )

  await trip.step('docs/security.md: two cookies of one name are no session', async () => {
    const page = trip.page('docs/security.md')
    page.promises('two with one name are ignored')
    const { default: app } = await trip.load<{ default: App }>(
      'visits.ts',
      trip.page('README.md').next('ts', 'Visit $').text,
    )
    const env = { SESSION_SECRET: 'T5n8Vw2Xq7Kz4Lc9Rb3Hm1Yd6Gp0JsFa' }
    const user = createVisitor(origin, inProcess(app, env))
    await user.open('/')
    const cookie = `__Host-session=${user.cookies.get('__Host-session')}`
    const shadowed = createVisitor(origin, inProcess(app, env))
    assert.equal(
      (await shadowed.open('/', { cookie: `${cookie}; __Host-session=x` })).text,
      'Visit 1',
    )
    assert.equal((await shadowed.open('/', { cookie })).text, 'Visit 2')
  })

  await trip.step(
    'docs/architecture.md: an endpoint is a path below /.portcullis/, and no other',
    async () => {
      trip.page('docs/architecture.md').promises('it lies under /.portcullis/ or /.well-known/')
      assert.deepEqual(
        [await status('/.portcullis/health'), await status('/.portcullis/nothing')],
        [200, 404],
      )
    },
  )
}

async function walkDependencies(trip: Trip): Promise<void> {
  const read = (name: string): { dependencies: object; license: string } =>
    JSON.parse(readFileSync(join(trip.installation, 'node_modules', name, 'package.json'), 'utf8'))

  await trip.step(
    'docs/decisions: the package brings three others, each under the licence of the page',
    () => {
      const names = Object.keys(read('portcullis').dependencies)
      assert.deepEqual(names.sort(), ['bowser', 'jose', 'oauth4webapi'])
      const licences = trip.page('docs/licences.md')
      for (const name of names) {
        trip.page('docs/decisions/0001-dependencies.md').promises(name)
        licences.promises(`| ${name} | ${read(name).license} |`)
      }
      trip.page('docs/decisions/0009-login-protocol.md').promises('oauth4webapi')
      trip.page('docs/decisions/0005-jsr.md').promises('The name stays')
    },
  )
}

/** What somebody's bundler makes of the installed package. */
async function bundle(trip: Trip, code: string): Promise<{ text: string; kilobytes: number }> {
  trip.write('bundle/entry.ts', code)
  await shellOk(
    'npx esbuild entry.ts --bundle --minify --format=esm --external:hono --external:hono/* --outfile=out.js',
    { cwd: join(trip.folder, 'bundle') },
  )
  const text = readFileSync(join(trip.folder, 'bundle/out.js'), 'utf8')
  return { text, kilobytes: gzipSync(text, { level: 9 }).length / 1000 }
}

/** Names of the values in the tables of docs/exports.md, by entry point. */
function readExports(markdown: string): Map<string, string[]> {
  const sections = markdown.split(/^## /m).slice(1)
  return new Map(
    sections.map((section): [string, string[]] => [
      section.split('\n')[0] ?? '',
      [...section.matchAll(/^\| `(\w+)` \| (?:function|class|value) /gm)].map(
        ([, name]) => `${name}`,
      ),
    ]),
  )
}

async function walkExports(trip: Trip): Promise<void> {
  await trip.step(
    'docs/exports.md: each entry point exports what the page lists, and no more',
    async () => {
      trip
        .page('docs/exports.md')
        .promises('every name that each entry point of the package exports')
      const listed = readExports(readFileSync('docs/exports.md', 'utf8'))
      const doors = [...listed.keys()]
      const imports = doors.map((door, index) => `import * as door${index} from '${door}'`)
      const text = `${imports.join('\n')}\nexport const found = [${doors.map((_, index) => `Object.keys(door${index})`)}]\n`
      const { found } = await trip.load<{ found: string[][] }>('doors.ts', text)
      for (const [index, door] of doors.entries())
        assert.deepEqual(found[index]?.sort(), listed.get(door)?.sort(), door)
    },
  )
}

/** Names in the first column of the table of a type in docs/options.md. */
function readOptionNames(type: string): string[] {
  const section = readFileSync('docs/options.md', 'utf8').split(`\n### ${type}\n`)[1] ?? ''
  const [table = ''] = section.split('\n#')
  return [...table.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => `${name}`)
}

/** What `create` says of each option that the page lists, and of one that it does not list. */
const optionCases: ReadonlyArray<[type: string, entryPoint: string, create: string]> = [
  ['MemoryLimiterOptions', 'limit', 'memoryLimiter(options)'],
  ['ExactLimiterOptions', 'limit', 'exactLimiter(options)'],
  ['StatelessOptions', 'session', 'statelessSessions(options)'],
  ['CsrfOptions', 'csrf', 'csrf(options)'],
  ['UrlUpstream', 'gateway', 'createGateway({ upstreams: { app: options } })'],
  ['Route', 'gateway', 'createGateway({ routes: [options] })'],
  ['GatewayConfig', 'gateway', 'createGateway(options)'],
]

async function walkOptions(trip: Trip): Promise<void> {
  await trip.step(
    'docs/options.md: what a page lists is an option, what it does not is not',
    async () => {
      trip.page('docs/options.md').promises('the members of every exported type of options')
      for (const [index, [type, entryPoint, create]] of optionCases.entries()) {
        const names = readOptionNames(type)
        assert.ok(names.length > 0, type)
        const { isUnknown } = await trip.load<{ isUnknown(name: string): boolean }>(
          `options${index}.ts`,
          `import * as door from 'portcullis/${entryPoint}'
export function isUnknown(name) {
  const options = { [name]: 0 }
  try { door.${create} } catch (error) { return error.message.includes(name + ' is not an option') }
  return false
}
`,
        )
        assert.deepEqual(names.filter(isUnknown), [], type)
        assert.equal(isUnknown('shmurf'), true, type)
      }
    },
  )

  await trip.step('docs/README.md and docs/decisions/README.md lead to each other page', () => {
    trip.page('docs/README.md').promises('the whole documentation')
    trip.page('docs/decisions/README.md').promises('a choice that somebody might undo')
    trip.page('docs/decisions/0014-site.md').promises('VitePress')
  })
}

async function walkBundles(trip: Trip): Promise<void> {
  await trip.step('docs/decisions: what is imported is what is in the bundle', async () => {
    trip
      .page('docs/decisions/0002-sizes.md')
      .promises('What a deployment does not use comes in as a function')
    const sessions = await bundle(
      trip,
      "export { session, statelessSessions } from 'portcullis/session'",
    )
    assert.ok(sessions.kilobytes < 18, `${sessions.kilobytes} kB`)
    assert.doesNotMatch(sessions.text, /session-rotate|evalsha/i)
    const gateway = await bundle(trip, "export { createGateway } from 'portcullis/gateway'")
    assert.ok(gateway.kilobytes < 64, `${gateway.kilobytes} kB`)
    assert.doesNotMatch(gateway.text, /oauth4webapi|throttle-attempt/)
    const compiled = await bundle(
      trip,
      "export { compiledCsrf, compiledHeaders } from 'portcullis/compiled'",
    )
    assert.ok(compiled.kilobytes < 5, `${compiled.kilobytes} kB`)
  })

  await trip.step('docs/decisions: the client of Redis is small', async () => {
    trip.page('docs/decisions/0003-redis-transport.md').promises('errors that quote nothing')
    const client = await bundle(trip, "export { redis } from 'portcullis/redis'")
    assert.ok(client.kilobytes < 11, `${client.kilobytes} kB`)
  })
}

async function walkDecisions(trip: Trip): Promise<void> {
  await trip.step(
    'docs/decisions: an exact limit lets no more than the limit into any window',
    async () => {
      trip.page('docs/decisions/0004-exact-limits.md').promises('at most limit in any window')
      const { limiter, pass } = await trip.load<{
        limiter: { take(key: string): Promise<{ allowed: boolean }> }
        pass(ms: number): void
      }>(
        'limiter.ts',
        `import { memoryLimiter } from 'portcullis/limit'
let now = 1_800_000_000_000
export const pass = (ms: number) => { now += ms }
export const limiter = memoryLimiter({ limit: 10, window: 60, clock: () => now })
`,
      )
      const passed: number[] = []
      for (let second = 0; second < 300; second++) {
        if ((await limiter.take('a')).allowed) passed.push(second)
        pass(1000)
      }
      for (const start of passed)
        assert.ok(passed.filter((second) => second >= start && second < start + 60).length <= 10)
    },
  )

  await trip.step('docs/decisions: the door for Node is the one that needs Node', async () => {
    trip.page('docs/decisions/0010-node-upstream.md').promises('so that src/ stays free of Node')
    trip
      .page('docs/decisions/0012-durable-objects.md')
      .promises('there is no moment at which both live')
    trip.page('docs/decisions/0007-cpu.md').promises('npm run bench')
    trip.page('docs/decisions/0013-package.md').promises('neither maps nor sources')
    const { text } = await bundle(trip, "export * from 'portcullis/gateway'")
    assert.doesNotMatch(text, /["']node:/)
    await assert.rejects(bundle(trip, "export { serve } from 'portcullis/node'"), /node:/)
  })
}

async function walkScale(trip: Trip): Promise<void> {
  await trip.step(
    'docs/scale.md: a gateway with 10,000 routes starts, and finds the last',
    async () => {
      trip.page('docs/scale.md').promises('10,000 routes')
      const { gateway } = await trip.load<{ gateway: App }>(
        'routes.ts',
        `import { createGateway } from 'portcullis/gateway'
import { statelessSessions } from 'portcullis/session'
export const gateway = createGateway({
  publicOrigin: '${origin}',
  upstreams: { app: { url: 'http://127.0.0.1:9' } },
  session: statelessSessions<{ user: string }>({ secret: 'T5n8Vw2Xq7Kz4Lc9Rb3Hm1Yd6Gp0JsFa' }),
  routes: Array.from({ length: 10_000 }, (_, i) => ({ path: \`/shop\${i}/*\` as const, to: 'app', access: 'session' })),
})
`,
      )
      const visitor = createVisitor(origin, inProcess(gateway))
      assert.equal((await visitor.send('GET', '/shop9999/page')).status, 401)
      assert.equal((await visitor.send('GET', '/shop10000/page')).status, 404)
    },
  )
}
