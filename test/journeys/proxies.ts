/** A gateway's routes, bindings, proxy, cache and pages, and the gateway on Node. */
import assert from 'node:assert/strict'
import { freePort } from '../../tools/dev/free-port.ts'
import { startRedis } from '../support/redis.ts'
import { loadGateway } from './checks.ts'
import type { Journey, Trip } from './support/journey.ts'
import { fill } from './support/pages.ts'
import { eventually, run } from './support/services.ts'
import { startUpstream, type Upstream } from './support/upstream.ts'
import { createVisitor, inProcess } from './support/visitor.ts'

const secret = 'P6w2Xn8Vk4Tz9Lc3Rb7Hm1Yd5Gq0JsFa'
const origin = 'https://app.example.com'

interface App {
  fetch(request: Request, env?: never): Promise<Response>
}

export const proxiesJourney: Journey = {
  name: 'proxy, pages and the gateway on Node',
  pages: ['docs/gateway.md', 'docs/proxy.md', 'docs/pages.md', 'docs/node.md', 'docs/origins.md'],
  async walk(trip) {
    const redis = trip.use(await startRedis())
    const upstream = trip.use(await startUpstream(answer))
    const env = {
      SESSION_SECRET: secret,
      ASSERTION_KEY: await assertionKey(),
      PUBLIC_ORIGIN: origin,
      UPSTREAM_URL: upstream.url,
      LEGACY_URL: upstream.url,
      UPSTASH_REDIS_REST_URL: redis.url,
      UPSTASH_REDIS_REST_TOKEN: redis.token,
    }
    await walkRoutes(trip, env, upstream)
    await walkBindings(trip)
    await walkProxy(trip, env, upstream)
    await walkPages(trip, env)
    await walkNode(trip, upstream)
    await walkVerifier(trip, env)
  },
}

let calls = 0

const answer: Parameters<typeof startUpstream>[0] = ({ path, method }, response) => {
  calls++
  response.setHeader('server', 'Apache/2.4')
  response.setHeader('x-powered-by', 'PHP')
  if (path.startsWith('/down')) return void response.socket?.destroy()
  if (path === '/debug') response.statusCode = 500
  if (path === '/move') response.setHeader('location', 'http://127.0.0.1/next')
  response.setHeader('set-cookie', 'sid=1; Domain=127.0.0.1')
  response.end(`${method} ${path} ${calls}`)
}

async function walkRoutes(trip: Trip, env: object, upstream: Upstream): Promise<void> {
  await trip.step('docs/gateway.md: hosts, methods, limits and access by route', async () => {
    const block = trip.page('docs/gateway.md').next('ts', 'perAddress').text
    const text = fill(block, {
      'https://origin.example.net': upstream.url,
      'https://api.example.net': upstream.url,
    })
    const { default: gateway } = await trip.load<{ default: App }>('routes.ts', text)
    const guest = createVisitor(origin, inProcess(gateway, env))
    const client = { 'cf-connecting-ip': '198.51.100.4' }
    assert.equal((await guest.open('/login', client)).status, 200)
    assert.equal((await guest.open('/orders', client)).status, 303)
    assert.equal((await guest.send('DELETE', '/login', client)).status, 405)
    assert.equal(
      (await guest.open('/assets/a.css', client)).headers.get('set-cookie')?.includes('Domain'),
      false,
    )
    const api = createVisitor('https://api.example.com', inProcess(gateway, env))
    const statuses: number[] = []
    for (let count = 0; count < 32; count++)
      statuses.push((await api.send('GET', '/search', client)).status)
    assert.deepEqual([statuses[0], statuses.at(-1)], [200, 429])
    assert.equal((await api.send('GET', '/anything', client)).status, 401)
    const other = createVisitor('https://other.example', inProcess(gateway, env))
    assert.equal((await other.open('/login')).status, 421)
  })
}

async function walkBindings(trip: Trip): Promise<void> {
  await trip.step(
    'docs/gateway.md: files, other Workers, Durable Objects and an app stand behind it',
    async () => {
      const page = trip.page('docs/gateway.md')
      const gateway = await loadGateway(trip, 'bindings', page.next('ts', 'getByName').text)
      const asked: string[] = []
      const binding = (name: string) => ({
        fetch: async (input: string | Request, init?: RequestInit) => {
          asked.push(`${name} ${new Request(input, init).url}`)
          return new Response(name)
        },
      })
      const env = {
        ASSETS: binding('files'),
        API: binding('api'),
        STOCK: binding('stock'),
        ROOMS: { getByName: (name: string) => binding(`room ${name}`) },
      }
      const guest = createVisitor(origin, inProcess(gateway, env))
      const pages = ['/assets/a.css', '/api/x', '/stock/7', '/rooms/1', '/account']
      const texts = await Promise.all(pages.map(async (path) => (await guest.open(path)).text))
      assert.deepEqual(texts, ['files', 'api', 'stock', 'room lobby', 'Hello'])
      assert.ok(asked.includes('stock http://stock.internal:8080/v1/stock/7'))
      assert.ok(asked.includes('api https://app.example.com/api/x'))
      assert.match(page.next('toml', 'run_worker_first').text, /run_worker_first = true/)
    },
  )
}

async function walkProxy(trip: Trip, env: object, upstream: Upstream): Promise<void> {
  const page = trip.page('docs/proxy.md')
  await trip.step(
    'docs/proxy.md: what a client says of itself, and what a server says of itself, is removed',
    async () => {
      const gateway = await loadGateway(
        trip,
        'proxy',
        fill(page.next('ts', 'circuitBreaker').text, {
          'https://app.internal.example': upstream.url,
          'https://search.internal.example': 'http://127.0.0.1:9',
        }),
      )
      const guest = createVisitor(origin, inProcess(gateway, env))
      const page1 = await guest.open('/x', {
        'remote-user': 'root',
        'x-authentik-username': 'root',
        authorization: 'Bearer own',
      })
      const got = upstream.received.at(-1)?.headers ?? {}
      assert.deepEqual(
        [got['remote-user'], got['x-authentik-username'], got.authorization],
        [undefined, undefined, 'Bearer own'],
      )
      assert.deepEqual(
        [page1.headers.get('server'), page1.headers.get('x-powered-by')],
        [null, null],
      )
      assert.match(
        page1.headers.get('set-cookie') ?? '',
        /^sid=1;(?!.*Domain).*Secure.*SameSite=Lax|^sid=1;(?!.*Domain)/,
      )
      assert.deepEqual(
        [(await guest.open('/move')).status, (await guest.open('/down')).status],
        [200, 502],
      )
      const looped = await guest.open('/x', { via: '1.1 a, 1.1 b' })
      assert.equal(looped.status, 200)
    },
  )
  await trip.step('docs/proxy.md: an upstream that fails again and again is paused', async () => {
    const gateway = await loadGateway(
      trip,
      'breaker',
      fill(trip.page('docs/proxy.md').next('ts', 'circuitBreaker').text, {
        'https://app.internal.example': upstream.url,
        'https://search.internal.example': 'http://127.0.0.1:9',
      }),
    )
    const guest = createVisitor(origin, inProcess(gateway, env))
    const statuses: number[] = []
    for (let count = 0; count < 7; count++)
      statuses.push((await guest.open(`/search?q=${count}`)).status)
    // Each attempt counts, and a GET has two.
    assert.deepEqual([statuses[0], statuses.at(-1)], [502, 503])
  })
  await trip.step('docs/proxy.md: headers that only your own proxy knows', async () => {
    const gateway = await loadGateway(
      trip,
      'named',
      fill(page.next('ts', 'dropHeaders').text, { 'https://app.internal.example': upstream.url }),
    )
    await createVisitor(origin, inProcess(gateway, env)).open('/', {
      'x-user-id': '1',
      'x-company-role': 'root',
      'x-other': 'stays',
    })
    const got = upstream.received.at(-1)?.headers ?? {}
    assert.deepEqual(
      [got['x-user-id'], got['x-company-role'], got['x-other']],
      [undefined, undefined, 'stays'],
    )
  })
  await trip.step('docs/proxy.md: a cache of your own', async () => {
    const text = `${page.next('ts', 'const kept = new Map').text}
export const config = { publicOrigin: '${origin}', upstreams: { app: { url: '${upstream.url}' } }, routes: [{ path: '/*', to: 'app', access: 'public', anonymous: true, cache }] }
`
    trip.write('cache/config.ts', text)
    const { gateway } = await trip.load<{ gateway: App }>(
      'cache/gateway.ts',
      "import { createGateway } from 'portcullis/gateway'\nimport { config } from './config.ts'\nexport const gateway = createGateway(config as never)\n",
    )
    const guest = createVisitor(origin, inProcess(gateway, env))
    const first = await guest.open('/cached')
    assert.match(first.headers.get('cache-status') ?? '', /portcullis/)
  })
  await trip.step('docs/proxy.md: proxy() in a Hono app', async () => {
    const { app } = await trip.load<{ app: App }>(
      'hono.ts',
      page.next('ts', "from 'portcullis/proxy'").text,
    )
    const guest = createVisitor(origin, inProcess(app, env))
    assert.equal((await guest.open('/')).text, 'served here')
    assert.match((await guest.open('/legacy/a')).text, /^GET \/legacy\/a/)
  })
}

async function walkPages(trip: Trip, env: object): Promise<void> {
  const page = trip.page('docs/pages.md')
  await trip.step(
    'docs/pages.md: error pages have the name and the language of the site',
    async () => {
      const { default: gateway } = await trip.load<{ default: App }>(
        'pages.ts',
        page.next('ts', 'languages: [').text,
      )
      const guest = createVisitor(origin, inProcess(gateway, env))
      const german = await guest.open('/a%2fb', { 'accept-language': 'de-CH, en;q=0.5' })
      assert.match(german.text, /<html lang="de"/)
      assert.match(german.text, /Example Shop/)
      const program = await guest.send('GET', '/a%2fb', { accept: 'application/json' })
      assert.match(program.headers.get('content-type') ?? '', /problem\+json/)
    },
  )
  await trip.step('docs/pages.md: a page of your own', async () => {
    const text = `${page.next('ts', 'render:').text}
import { Hono } from 'hono'
import { notFoundPage } from 'portcullis/page'
export const app = new Hono()
app.notFound(notFoundPage({ pages: site }))
`
    const { app } = await trip.load<{ app: App }>('own-page.ts', text)
    assert.match(
      (await createVisitor(origin, inProcess(app)).open('/x')).text,
      /<title>404<\/title><style nonce="[^"]+">h1\{color:navy\}/,
    )
  })
}

async function walkNode(trip: Trip, upstream: Upstream): Promise<void> {
  await trip.step(
    'docs/node.md: serve() listens, believes one proxy, and stops gracefully',
    async () => {
      const page = trip.page('docs/node.md')
      const port = await freePort()
      const text = fill(page.next('ts', 'serve(').text, {
        'http://127.0.0.1:8080': upstream.url,
        'port: 3000': `port: ${port}`,
      })
      trip.write('node/main.ts', text)
      const server = trip.use(run(process.execPath, ['main.ts'], { cwd: `${trip.folder}/node` }))
      await server.saying(`:${port}`)
      const guest = createVisitor(`http://localhost:${port}`)
      const proxied = {
        host: 'app.example.com',
        'x-forwarded-proto': 'https',
        'x-forwarded-for': '203.0.113.9',
      }
      await eventually(async () => assert.equal((await guest.open('/shop', proxied)).status, 200))
      assert.match(`${upstream.received.at(-1)?.headers['x-forwarded-for']}`, /203\.0\.113\.9/)
      assert.equal((await guest.open('/shop', { host: 'app.example.com' })).status, 308)
      page.promises('No more connections are accepted')
    },
  )
}

async function walkVerifier(trip: Trip, env: object): Promise<void> {
  await trip.step(
    'docs/origins.md: a server without the helper verifies an assertion, too',
    async () => {
      const text = trip.page('docs/origins.md').next('ts', 'assertionVerifier').text
      const { handle } = await trip.load<{ handle(request: Request): Promise<Response> }>(
        'verify.ts',
        text,
      )
      assert.equal((await handle(new Request(origin))).status, 401)
      assert.ok(env)
    },
  )
}

async function assertionKey(): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const { privateKey } = (await crypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
  return JSON.stringify({
    ...(await crypto.subtle.exportKey('jwk', privateKey)),
    kid: 'one',
    alg: 'ES256',
  })
}
