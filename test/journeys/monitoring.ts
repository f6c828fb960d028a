/** Logs, audit trail, traces, metrics, health checks, notifications and the console, as their pages say. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { freePort } from '../../tools/dev/free-port.ts'
import { startRedis } from '../support/redis.ts'
import type { Journey, Trip } from './support/journey.ts'
import { fill } from './support/pages.ts'
import { eventually, run } from './support/services.ts'
import { startUpstream } from './support/upstream.ts'
import { createVisitor, inProcess, type Visitor } from './support/visitor.ts'

const origin = 'https://shop.example.com'
const secret = 'N8x2Vw5Kq7Rt3Lz9Bm4Hc6Yd1Gp0JfSa'

interface Worker {
  fetch(request: Request, env?: never, context?: never): Promise<Response>
  scheduled?(event: object, env: object, context: object): Promise<void>
}

export const monitoringJourney: Journey = {
  name: 'monitoring and audit',
  pages: ['docs/monitoring.md', 'docs/console.md', 'docs/errors.md'],
  async walk(trip) {
    const redis = trip.use(await startRedis())
    const upstream = trip.use(await startShop())
    const env = {
      PUBLIC_ORIGIN: origin,
      UPSTREAM_URL: upstream.url,
      UPSTASH_REDIS_REST_URL: redis.url,
      UPSTASH_REDIS_REST_TOKEN: redis.token,
      SESSION_SECRET: secret,
    }
    await walkLog(trip, env)
    await walkUptime(trip, env)
    await walkAudit(trip, env, redis.raw.call)
    await walkTelemetry(trip, env, upstream)
    await walkConsole(trip, env)
    await walkErrors(trip)
  },
}

/** A server that signs in whoever asks, and is down where the path says so. */
function startShop() {
  return startUpstream(({ method, path, headers }, response) => {
    const nonce = headers['portcullis-session-nonce']
    const command = (value: object): string =>
      `${nonce}.${Buffer.from(JSON.stringify(value)).toString('base64url')}`
    if (path === '/health') response.statusCode = shopIsDown ? 503 : 200
    if (path === '/broken') response.statusCode = 500
    if (method === 'POST' && path === '/login')
      response.setHeader(
        'Portcullis-Session',
        command({ start: { data: { user: 'alice', roles: ['admin'] } } }),
      )
    if (method === 'POST' && path === '/logout')
      response.setHeader('Portcullis-Session', command({ end: true }))
    response.setHeader('content-type', 'text/plain')
    response.end(`shop ${path}`)
  })
}

let shopIsDown = false

async function walkLog(trip: Trip, env: object): Promise<void> {
  const page = trip.page('docs/monitoring.md')
  const { default: worker } = await trip.load<{ default: Worker }>(
    'gateway.ts',
    page.next('ts', 'redisProbe').text,
  )
  const points: unknown[] = []
  const all = { ...env, ANALYTICS: { writeDataPoint: (point: unknown) => points.push(point) } }
  const visitor = createVisitor(origin, inProcess(worker, all))

  await trip.step(
    'docs/monitoring.md: each request is one line, without path, query and address',
    async () => {
      const lines = await capture(async () => {
        const answer = await visitor.open('/orders/17?token=geheim', {
          'cf-connecting-ip': '203.0.113.77',
        })
        assert.equal(answer.status, 200)
        assert.match(answer.headers.get('x-request-id') ?? '', /^[\w-]{8,64}$/)
      })
      const line = lines
        .map((text) => JSON.parse(text) as Record<string, unknown>)
        .find(({ event }) => event === 'request')
      assert.deepEqual(
        [line?.level, line?.method, line?.route, line?.status, line?.decision, line?.upstream],
        ['info', 'GET', '/*', 200, 'passed', 'app'],
      )
      assert.match(`${line?.traceId}`, /^[0-9a-f]{32}$/)
      assert.equal(line?.client, '203.0.113.0/24')
      assert.doesNotMatch(lines.join('\n'), /geheim|orders|113\.77/)
      assert.equal(points.length, 1)
    },
  )

  await trip.step(
    'docs/errors.md: a refused request is an event and a line with one id and a reason',
    async () => {
      const lines = await capture(async () =>
        assert.equal((await visitor.open('/a%2fb')).status, 400),
      )
      const [event, line] = lines.map((text) => JSON.parse(text) as Record<string, unknown>)
      assert.deepEqual([event?.type, event?.reason], ['request-refused', 'path-not-canonical'])
      assert.deepEqual(
        [line?.decision, line?.reason, line?.requestId],
        ['refused', 'path-not-canonical', event?.request],
      )
    },
  )

  await trip.step('docs/monitoring.md: health and readiness', async () => {
    const health = await visitor.send('GET', '/.portcullis/health', { host: '10.0.0.7' })
    assert.deepEqual([health.status, health.text], [200, '{"ok":true}'])
    assert.deepEqual((await visitor.send('GET', '/.portcullis/ready')).text, '{"ok":true}')
    const lines = await capture(async () => void (await visitor.send('GET', '/.portcullis/health')))
    assert.deepEqual(lines, [])
  })
}

async function walkUptime(trip: Trip, env: object): Promise<void> {
  await trip.step(
    'docs/monitoring.md: a server that goes down is a signed notification, and another when it is back',
    async () => {
      const page = trip.page('docs/monitoring.md')
      const text = page.next('ts', 'uptime({ webhook').text
      const example = JSON.parse(page.next('json', '"event": "uptime"').text) as object
      // The webhook must be https; its requests are caught here instead of at a chat service.
      const { default: worker } = await trip.load<{ default: Worker }>('uptime.ts', text)
      const posts: Array<{ body: string; signature: string }> = []
      const key = 'webhook-key-4Qm8Tz2Vx6Lc0Ws9Rb3Ku7'
      const all = { ...env, UPTIME_WEBHOOK: 'https://chat.example.com/hook', UPTIME_KEY: key }
      const real = globalThis.fetch
      globalThis.fetch = async (input, init) => {
        const request = new Request(input as Request, init)
        if (!request.url.startsWith('https://chat.example.com/')) return real(input, init)
        posts.push({
          body: await request.text(),
          signature: request.headers.get('portcullis-signature') ?? '',
        })
        return new Response('ok')
      }
      try {
        const check = async (): Promise<void> => {
          const work: Array<Promise<unknown>> = []
          await worker.scheduled?.({ cron: '*/5 * * * *' }, all, {
            waitUntil: (promise: Promise<unknown>) => work.push(promise),
          })
          await Promise.all(work)
        }
        await capture(async () => {
          await check()
          shopIsDown = true
          for (let count = 0; count < 3; count++) await check()
          shopIsDown = false
          await check()
        })
      } finally {
        globalThis.fetch = real
        shopIsDown = false
      }
      const notices = posts.map(
        ({ body }) => JSON.parse(body) as { text: string; changes: Array<{ state: string }> },
      )
      assert.deepEqual(
        notices.map(({ changes }) => changes[0]?.state),
        ['down', 'up'],
      )
      assert.deepEqual(Object.keys(notices[0] ?? {}).sort(), Object.keys(example).sort())
      assert.match(notices[0]?.text ?? '', /app is down \(http-503\)/)
      const [, time, digest] = /^t=(\d+),v1=([0-9a-f]+)$/.exec(posts[0]?.signature ?? '') ?? []
      assert.equal(
        createHmac('sha256', key).update(`${time}.${posts[0]?.body}`).digest('hex'),
        digest,
      )
    },
  )
}

async function walkAudit(
  trip: Trip,
  env: object,
  call: (...command: Array<string | number>) => Promise<unknown>,
): Promise<void> {
  await trip.step(
    'docs/monitoring.md: the audit trail says who did what to which session, and from where',
    async () => {
      const page = trip.page('docs/monitoring.md')
      const block = page.next('ts', 'redisStreamSink').text
      const example = JSON.parse(page.next('json', '"event": "audit"').text) as object
      // The block has no sessions yet: those of the page on the session protocol.
      const text = fill(block, {
        'upstreams: { app: { url: (c) => c.env.UPSTREAM_URL } },': `upstreams: { app: { url: (c) => c.env.UPSTREAM_URL, sessions: true } },
    session: storedSessions<{ user: string }>({ secret: (c) => c.env.SESSION_SECRET, user: ({ user }) => user, store: upstashStore({ redis: client }) }),
    user: ({ user }) => user,
    assertion: { key: (c) => c.env.ASSERTION_KEY },`,
        "access: 'public' }": "access: 'public', sessions: ['start', 'end'] }",
        "import { redis } from 'portcullis/redis'": `import { redis } from 'portcullis/redis'
import { storedSessions } from 'portcullis/session'
import { upstashStore } from 'portcullis/store/upstash'`,
      })
      const { default: worker } = await trip.load<{ default: Worker }>('audit.ts', text)
      const all = { ...env, ASSERTION_KEY: await assertionKey() }
      const visitor = createVisitor(origin, inProcess(worker, all))
      const agent = {
        'user-agent':
          'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
      }
      const lines = await capture(async () => {
        const form = {
          ...agent,
          origin,
          'sec-fetch-site': 'same-origin',
          'cf-connecting-ip': '203.0.113.9',
        }
        await visitor.send('POST', '/login', form)
        await visitor.send('POST', '/logout', form)
      })
      const records = lines.map((line) => JSON.parse(line) as Record<string, string>)
      const actions = records.filter(({ event }) => event === 'audit').map(({ action }) => action)
      assert.deepEqual(
        actions.filter((action) => action?.startsWith('session-')),
        ['session-start', 'session-end'],
      )
      const end = records.find(({ action }) => action === 'session-end')
      assert.deepEqual(Object.keys(end ?? {}).sort(), Object.keys(example).sort())
      assert.deepEqual(
        [end?.client, end?.browser, end?.system],
        ['203.0.113.0/24', 'Chrome 140', 'Windows'],
      )
      assert.doesNotMatch(lines.join('\n'), /alice/)
      const stored = JSON.stringify(
        await eventually(async () => {
          const keys = (await call('KEYS', '*audit*')) as string[]
          assert.equal(keys.length, 1)
          return call('XRANGE', keys[0] ?? '', '-', '+')
        }),
      )
      assert.match(stored, /session-end/)
    },
  )
}

async function walkTelemetry(
  trip: Trip,
  env: Readonly<Record<string, string>>,
  upstream: { received: ReadonlyArray<{ headers: Record<string, unknown> }> },
): Promise<void> {
  const page = trip.page('docs/monitoring.md')
  await trip.step(
    'docs/monitoring.md: spans and metrics reach a collector, and the trace goes on upstream',
    async () => {
      const collector = trip.use(await startUpstream((_request, response) => response.end('{}')))
      const { default: worker } = await trip.load<{ default: Worker }>(
        'telemetry.ts',
        page.next('ts', 'otel').text,
      )
      const all = {
        ...env,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_TOKEN: 'collector-token',
      }
      const visitor = createVisitor(origin, inProcess(worker, all))
      const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
      await visitor.open('/traced?secret=geheim', {
        traceparent: `00-${trace}-00f067aa0ba902b7-01`,
      })
      const forwarded = upstream.received.at(-1)?.headers.traceparent
      assert.match(`${forwarded}`, new RegExp(`^00-${trace}-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$`))
      await eventually(async () => {
        await visitor.open('/again')
        assert.deepEqual([...new Set(collector.received.map(({ path }) => path))].sort(), [
          '/v1/metrics',
          '/v1/traces',
        ])
      })
      const bodies = collector.received.map(({ body }) => body).join('\n')
      assert.equal(collector.received[0]?.headers.authorization, 'Bearer collector-token')
      assert.match(bodies, /shop-gateway/)
      assert.match(bodies, /http\.server\.request\.duration/)
      assert.doesNotMatch(bodies, /geheim|traced/)
    },
  )

  await trip.step(
    'docs/monitoring.md: Prometheus reads the metrics from a port of their own',
    async () => {
      const [port, metrics] = [await freePort(), await freePort()]
      const block = page.next('ts', 'prometheusContentType').text
      trip.write('prometheus.ts', fill(block, { '3000': `${port}`, '9464': `${metrics}` }))
      const own = { ...env, PUBLIC_ORIGIN: `http://localhost:${port}` }
      trip.use(run(process.execPath, ['prometheus.ts'], { cwd: trip.folder, env: own }))
      const guest = createVisitor(`http://localhost:${port}`)
      await eventually(async () => assert.equal((await guest.open('/orders')).status, 200))
      const scraped = await eventually(() => fetch(`http://127.0.0.1:${metrics}/metrics`))
      assert.match(scraped.headers.get('content-type') ?? '', /^text\/plain; version=/)
      assert.match(
        await scraped.text(),
        /http_server_request_duration_seconds_count\{.*http_route="\/\*"/,
      )
    },
  )
}

async function walkConsole(trip: Trip, env: object): Promise<void> {
  const { default: worker } = await trip.load<{ default: Worker }>(
    'console.ts',
    trip.page('docs/console.md').next('ts', 'gatewayConsole').text,
  )
  const all = { ...env, ASSERTION_KEY: await assertionKey() }
  const admin: Visitor = createVisitor(origin, inProcess(worker, all))

  await trip.step(
    'docs/console.md: only a role opens it, and it shows requests and refusals',
    async () => {
      assert.equal((await admin.open('/.portcullis/console')).status, 303)
      await admin.submit('/login')
      await admin.open('/orders')
      await admin.open('/x%2fy')
      // An isolate sends its counts to Redis every two seconds.
      const page = await eventually(async () => {
        await admin.open('/orders')
        const opened = await admin.open('/.portcullis/console')
        assert.ok(opened.text.includes('path-not-canonical'), 'the refusal is not shown')
        return opened
      })
      assert.equal(page.status, 200)
      assert.match(
        page.headers.get('content-security-policy') ?? '',
        /require-trusted-types-for 'script'/,
      )
      assert.doesNotMatch(page.text, /alice/)
    },
  )
}

async function walkErrors(trip: Trip): Promise<void> {
  await trip.step('docs/errors.md: an error is known by its code', async () => {
    const text = `${trip.page('docs/errors.md').next('ts', 'isOurs').text}
import { statelessSessions } from 'portcullis'
export function build(): unknown {
  try { return statelessSessions({ secret: 'short', maxage: 5 } as never) } catch (error) { return error }
}
`
    const { isOurs, build } = await trip.load<{ isOurs(error: unknown): boolean; build(): Error }>(
      'errors.ts',
      text,
    )
    assert.equal(isOurs(build()), true)
    assert.equal(isOurs(new Error('another')), false)
    assert.match(build().message, /maxage.*maxAge/s)
  })
}

/** The JSON lines that the code under way prints; a journey has a process of its own. */
async function capture(run: () => Promise<void>): Promise<string[]> {
  const lines: string[] = []
  const real = console.log
  console.log = (...values: unknown[]): void => {
    if (`${values[0]}`.startsWith('{')) lines.push(`${values[0]}`)
    else real(...values)
  }
  try {
    await run()
    await new Promise((wake) => setTimeout(wake, 20))
  } finally {
    console.log = real
  }
  return lines
}

async function assertionKey(): Promise<string> {
  const { privateKey } = (await crypto.subtle.generateKey(
    { name: 'ECDSA', namedCurve: 'P-256' },
    true,
    ['sign', 'verify'],
  )) as CryptoKeyPair
  return JSON.stringify({
    ...(await crypto.subtle.exportKey('jwk', privateKey)),
    kid: 'one',
    alg: 'ES256',
  })
}
