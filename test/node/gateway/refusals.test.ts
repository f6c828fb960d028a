/** Every reason for which a request is rejected, through a gateway and through `portcullis()`: event, line and audit record. */
import { readFileSync } from 'node:fs'
import { type Context, Hono } from 'hono'
import { describe, expect, it, test } from 'vitest'
import { csrf, csrfTokens } from '../../../src/csrf/index.ts'
import { PortcullisError } from '../../../src/errors.ts'
import { circuitBreaker } from '../../../src/gateway/index.ts'
import { type GraphqlLimits, graphqlGuard, graphqlLimits } from '../../../src/graphql/index.ts'
import { cors, errorPage, notFoundPage, portcullis } from '../../../src/index.ts'
import { limitGate, memoryLimiter } from '../../../src/limit/index.ts'
import {
  type AuditRecord,
  auditTrail,
  monitor,
  type RequestLine,
  requestLog,
} from '../../../src/monitor/index.ts'
import { reasonStatus } from '../../../src/page/index.ts'
import { type ProxyOptions, proxy } from '../../../src/proxy/index.ts'
import {
  deviceBound,
  type SessionStrategy,
  statelessSessions,
  storedSessions,
} from '../../../src/session/index.ts'
import type { StackOptions } from '../../../src/stack/index.ts'
import { memoryStore } from '../../../src/store/index.ts'
import type { Reason, SecurityEvent } from '../../../src/types.ts'
import {
  type Bench,
  bench,
  cookieOf,
  type Data,
  type Overrides,
  order,
  secret,
  signIn,
} from '../../gateway/support.ts'
import { BoundBrowser, bound, Device } from '../../session/device/support.ts'

const origin = 'https://app.example.com'
const quiet = { report: (): void => {} }
const device = new Device()

/** What was told of requests. */
interface Told {
  readonly events: SecurityEvent[]
  readonly lines: RequestLine[]
  readonly records: AuditRecord[]
}

type BuildGateway = (overrides?: Overrides) => Promise<Bench>
type Send = (path: string, init?: RequestInit) => Promise<Response>
type BuildStack = (
  options?: StackOptions<never> & { session?: unknown },
  add?: (app: Hono) => void,
) => Send

/** One rejected request through each face, or why a face cannot have it. */
interface Scenario {
  readonly gateway: ((build: BuildGateway) => Promise<Response>) | string
  readonly stack: ((build: BuildStack) => Promise<Response>) | string
}

const from = (headers: Record<string, string>): RequestInit => ({ method: 'POST', headers })
/** What a server hands over although `new Request` refuses to make it. */
const raw = (request: Partial<Request>): Request =>
  ({ method: 'GET', url: `${origin}/`, headers: new Headers(), body: null, ...request }) as Request

/** The same request through both faces, whose defaults reject it. */
function both(path: string, init?: RequestInit, options: object = {}): Scenario {
  return {
    gateway: async (build) => (await build(options)).ask(path, init),
    stack: (build) => build(options)(path, init),
  }
}

/** A rule that a signed-in session does not fit. */
function denied(access: object, device = false): Scenario {
  const roles = (data: Data): string[] => data.roles ?? []
  const platform = 'cloudflare'
  const user = (data: Data): string | undefined => data.user
  const session = device
    ? storedSessions<Data>({ secret, user, store: memoryStore(), device: deviceBound() })
    : statelessSessions<Data>({ secret, user })
  return {
    async gateway(build) {
      const at = await build({
        session,
        routes: [
          { path: '/login', to: 'app', access: 'public', sessions: ['start'] },
          { path: '/x', to: 'app', access },
        ],
      } as Overrides)
      return at.ask('/x', { headers: { cookie: await signIn(at, { user: 'ada' }) } })
    },
    async stack(build) {
      const rules = [
        { path: '/x', allow: access },
        { path: '/*', allow: 'public' as const },
      ]
      const send = build({ session, access: { rules, roles, platform } as never }, (app) =>
        app.get('/in', async (c) => {
          await (c.get('session' as never) as ReturnType<typeof session.open>).start({
            user: 'ada',
          })
          return c.text('in')
        }),
      )
      return send('/x', { headers: { cookie: cookieOf(await send('/in')) } })
    },
  }
}

/** A query that is too much. */
function graphql(limits: GraphqlLimits, body: unknown): Scenario {
  const headers = { 'content-type': 'application/json', origin }
  const init = { method: 'POST', headers, body: JSON.stringify(body) }
  return {
    async gateway(build) {
      const at = await build({
        routes: [{ path: '/graphql', to: 'app', access: 'public', graphql: graphqlLimits(limits) }],
      })
      return at.ask('/graphql', init)
    },
    stack: (build) =>
      build({ graphql: { path: '/graphql', guard: graphqlGuard(limits) } })('/graphql', init),
  }
}

/** Sessions whose store fails with this error, or in its own way. */
function failingSessions(error: unknown): SessionStrategy<Data> {
  const store = { ...memoryStore(), read: () => Promise.reject(error) }
  return storedSessions<Data>({ secret, user: (data) => data.user, store })
}

/** A cookie that a store is asked about. */
async function storedCookie(): Promise<string> {
  const session = storedSessions<Data>({ secret, user: (data) => data.user, store: memoryStore() })
  const app = new Hono().get('/', async (c) => {
    const handle = session.open(c)
    await handle.start({ user: 'ada' })
    return handle.flush(c.text('in'))
  })
  return cookieOf(await app.request(`${origin}/`))
}

/** Something that a session's handler, or what stands behind a route, throws. */
function thrown(error: Error): Scenario {
  return {
    async gateway(build) {
      const at = await build({
        claims: () => {
          throw error
        },
      })
      return at.ask('/account', { headers: { cookie: await signIn(at, { user: 'ada' }) } })
    },
    stack: (build) =>
      build({}, (app) =>
        app.get('/x', () => {
          throw error
        }),
      )('/x'),
  }
}

/** An upstream that fails; in a Hono app behind `proxy()`. */
function upstream(
  respond: (init: RequestInit) => Response | Promise<Response>,
  {
    init,
    options = {},
    before = 0,
  }: { init?: RequestInit; options?: object; before?: number } = {},
): Scenario {
  const fake = (async (_: unknown, sent: RequestInit = {}) => respond(sent)) as typeof fetch
  async function sendAll(send: Send): Promise<Response> {
    for (let count = 0; count < before; count++) await send('/legacy/x', init)
    return send('/legacy/x', init)
  }
  return {
    async gateway(build) {
      const { fetch, ...rest } = { fetch: fake, ...options }
      const at = await build({
        upstreams: { app: { url: 'http://upstream.test', ...rest } },
        routes: [{ path: '/*', to: 'app', access: 'public', retry: false }],
        fetch,
      } as Overrides)
      return sendAll(at.ask)
    },
    stack: (build) =>
      sendAll(
        build({ csrf: false }, (app) =>
          app.all(
            '/legacy/*',
            proxy({
              upstream: 'http://upstream.test',
              fetch: fake,
              ...(options as Partial<ProxyOptions<object>>),
              retry: false,
            }),
          ),
        ),
      ),
  }
}

/** A session that is bound to a device, and a rule that asks for its proof. */
async function boundSite(
  make: (session: SessionStrategy<Data>, clock: () => number) => Promise<Send>,
): Promise<{ browser: BoundBrowser; clock: { now: number } }> {
  const clock = { now: Date.UTC(2026, 10, 20, 12) }
  const session = storedSessions<Data>({
    secret,
    user: (data) => data.user,
    clock: () => clock.now,
    device: deviceBound(),
    store: memoryStore({ clock: () => clock.now }),
  })
  const send = await make(session, () => clock.now)
  const app = {
    request: (url: string, init?: RequestInit) => send(url.replace(/^https:\/\/[^/]+/, ''), init),
  }
  const browser = new BoundBrowser(app, device)
  await browser.bind()
  return { browser, clock }
}

function boundScenario(
  access: object,
  ask: (browser: BoundBrowser, clock: { now: number }) => Promise<Response>,
): Scenario {
  return {
    async gateway(build) {
      const { browser, clock } = await boundSite(async (session, now) => {
        const at = await build({
          session,
          clock: now,
          routes: [
            { path: '/login', to: 'app', access: 'public', sessions: ['start'] },
            { path: '/x', to: 'app', access },
          ],
        } as Overrides)
        at.answer = (seen) => {
          const start = order(seen, { start: { data: { user: 'ada' } } })
          return new Response('in', {
            headers: seen.url.endsWith('/login') ? { 'portcullis-session': start } : {},
          })
        }
        return at.ask
      })
      return ask(browser, clock)
    },
    async stack(build) {
      const { browser, clock } = await boundSite(async (session, now) => {
        const rules = [
          { path: '/x', allow: access },
          { path: '/*', allow: 'public' as const },
        ]
        return build({ session, access: { rules, clock: now } as never }, (app) =>
          app.post('/login', async (c) => {
            await session.open(c).start({ user: 'ada' })
            return c.text('in')
          }),
        )
      })
      return ask(browser, clock)
    },
  }
}

const noUpstream =
  'a Hono app answers itself; `proxy()` in it has the same reason under a row of its own'
const upgrade = { upgrade: 'websocket', connection: 'Upgrade' }
const cookie = '__Host-session=whatever'
const never = ({ signal }: RequestInit): Promise<never> =>
  new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
const down = (): never => {
  throw new TypeError('connect ECONNREFUSED')
}
const limiting = (): {
  name: string
  limiter: ReturnType<typeof memoryLimiter>
  platform: 'none'
} => ({
  name: 'all',
  limiter: memoryLimiter({ limit: 1, window: 60 }),
  platform: 'none',
})
const awayLimit = {
  name: 'all',
  limiter: { limit: 10, window: 60, take: () => Promise.reject(new Error('away')) },
  onOutage: 'closed',
  platform: 'none',
} as const

/** csrf tokens are a step beside the stack. */
function tokens(headers: Record<string, string>): Scenario {
  const token = csrfTokens<Context>({ secret, session: () => 'a session' })
  return {
    gateway: 'the routes of a gateway have no tokens; an upstream has its own',
    stack: (build) =>
      build({}, (app) => app.use(csrf({ token })).post('/x', (c) => c.text('in')))('/x', {
        method: 'POST',
        headers: { 'sec-fetch-site': 'same-origin', cookie: 'a=b', ...headers },
      }),
  }
}

/** Every reason. One without a row does not compile, and fails the first test. */
const scenarios: Record<Reason, Scenario> = {
  'path-not-canonical': both('/a%2fb'),
  'url-too-long': both(`/?${'a'.repeat(8200)}`),
  'query-too-large': both(`/?${'a&'.repeat(201)}`),
  'headers-too-large': both('/', { headers: { cookie: 'c'.repeat(17_000) } }),
  'host-malformed': {
    async gateway(build) {
      const at = await build()
      const headers = new Headers({ host: 'a@b' })
      return at.gateway.fetch(raw({ headers, signal: new AbortController().signal }))
    },
    stack: 'Hono routes by the URL, which has one host; a Host header that is none never arrives',
  },
  'host-unknown': {
    gateway: async (build) => (await build()).gateway.fetch(new Request('https://evil.example/')),
    stack: (build) => build({ publicOrigin: 'https://other.example' })('/'),
  },
  'https-required': {
    gateway: async (build) =>
      (await build()).gateway.fetch(new Request('http://app.example.com/', { method: 'POST' })),
    stack: (build) =>
      build({ publicOrigin: origin })('http://app.example.com/', { method: 'POST' }),
  },
  'method-not-allowed': {
    gateway: async (build) => (await build()).ask('/login', { method: 'DELETE' }),
    stack: (build) => build({ methods: ['GET'] })('/', { method: 'DELETE' }),
  },
  'content-type-not-allowed': {
    gateway: async (build) =>
      (
        await build({
          routes: [{ path: '/*', to: 'app', access: 'public', contentTypes: ['text/plain'] }],
        })
      ).ask('/', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }),
    stack: (build) =>
      build({ body: { contentTypes: ['text/plain'] } })('/', {
        method: 'POST',
        body: '{}',
        headers: { 'content-type': 'application/json', origin },
      }),
  },
  'body-too-large': both('/', from({ 'content-length': '99999999999', origin })),
  'body-malformed': both('/', from({ 'content-length': '1,2', origin })),
  'origin-not-allowed': {
    gateway: 'a gateway has no CORS; an upstream answers preflights itself',
    stack: (build) =>
      build({}, (app) => app.use(cors({ origins: ['https://a.example'] })))('/', {
        method: 'OPTIONS',
        headers: { origin: 'https://evil.example', 'access-control-request-method': 'PUT' },
      }),
  },
  'no-route': {
    gateway: async (build) =>
      (await build({ routes: [{ path: '/only', to: 'app', access: 'public' }] })).ask('/x'),
    stack: 'the routes are those of the Hono app, whose answer is `not-found`',
  },
  'no-rule': {
    gateway: 'each route has its rule; a path without a route is `no-route`',
    stack: (build) => build({ access: { rules: [{ path: '/only', allow: 'public' }] } })('/x'),
  },
  'no-session': {
    gateway: async (build) => (await build()).ask('/account'),
    stack: (build) =>
      build({
        session: statelessSessions<Data>({ secret }),
        access: { rules: [{ path: '/*', allow: 'session' }] },
      })('/x'),
  },
  'session-too-old': {
    async gateway(build) {
      let now = Date.UTC(2026, 10, 20, 12)
      const at = await build({
        clock: () => now,
        session: statelessSessions<Data>({ secret, user: (data) => data.user, clock: () => now }),
        routes: [
          { path: '/login', to: 'app', access: 'public', sessions: ['start'] },
          { path: '/x', to: 'app', access: { fresh: 60 } },
        ],
      })
      const headers = { cookie: await signIn(at, { user: 'ada' }) }
      now += 61_000
      return at.ask('/x', { headers })
    },
    async stack(build) {
      let now = Date.UTC(2026, 10, 20, 12)
      const session = statelessSessions<Data>({ secret, clock: () => now })
      const rules = [
        { path: '/in', allow: 'public' as const },
        { path: '/*', allow: { fresh: 60 } },
      ]
      const send = build({ session, access: { rules, clock: () => now } }, (app) =>
        app.get('/in', async (c) => {
          await session.open(c).start({ user: 'ada' })
          return c.text('in')
        }),
      )
      const headers = { cookie: cookieOf(await send('/in')) }
      now += 61_000
      return send('/x', { headers })
    },
  },
  'login-too-weak': denied({ acr: 'phr' }),
  'device-not-bound': denied({ device: true }, true),
  'device-not-proved': boundScenario('session' as never, (browser) => {
    browser.cookies.delete(bound)
    const id = browser.instructions?.session_identifier
    return browser.fetch('/x', {
      headers: { 'secure-session-skipped': `quota_exceeded;session_identifier="${id}"` },
    })
  }),
  'device-proof-too-old': boundScenario({ device: { proof: 60 } }, (browser, clock) => {
    clock.now += 61_000
    // A WebSocket follows no redirect, so it cannot be made to repeat its request.
    return browser.fetch('/x', { headers: { ...upgrade, 'sec-fetch-site': 'same-origin' } })
  }),
  'role-missing': denied({ role: 'admin' }),
  'claim-missing': denied({ claim: { plan: 'paid' } }),
  'address-not-allowed': denied({ address: ['198.51.100.0/24'] }),
  'graphql-malformed': graphql({}, { query: '{' }),
  'graphql-too-long': graphql({ maxTokens: 5 }, { query: '{ a b c d e f }' }),
  'graphql-too-deep': graphql({ maxDepth: 1 }, { query: '{ a { b } }' }),
  'graphql-variables-too-deep': graphql(
    { maxVariableDepth: 1 },
    { query: 'query($a: X) { a }', variables: { a: [[[1]]] } },
  ),
  'graphql-too-many-aliases': graphql({ maxAliases: 1 }, { query: '{ a: x b: x c: x }' }),
  'graphql-too-many-directives': graphql({ maxDirectives: 1 }, { query: '{ a @x @y @z }' }),
  'graphql-too-many-fields': graphql({ maxFields: 2 }, { query: '{ a { b c d e } }' }),
  'graphql-batch': graphql({}, [{ query: '{ a }' }]),
  'graphql-page-size': graphql({ maxTake: 10 }, { query: '{ a(first: 100) { b } }' }),
  'graphql-introspection': graphql({}, { query: '{ __schema { types { name } } }' }),
  'cross-origin-upgrade': upstream(() => new Response('in'), {
    init: { headers: { ...upgrade, origin: 'https://evil.example' } },
  }),
  'cross-site': both('/', from({ 'sec-fetch-site': 'cross-site', cookie })),
  'origin-mismatch': both('/', from({ origin: 'https://evil.example', cookie })),
  'origin-null': both('/', from({ origin: 'null', cookie })),
  'metadata-missing': {
    gateway: async (build) => (await build()).ask('/', from({ origin: '', cookie })),
    stack: (build) => build()('/', from({ cookie })),
  },
  'token-missing': tokens({}),
  'token-bad': tokens({ 'x-csrf-token': 'x'.repeat(66) }),
  'resource-isolation': both(
    '/',
    { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', cookie } },
    { csrf: { isolation: true } },
  ),
  'upgrade-unsupported': upstream(() => new Response('in'), {
    init: { headers: upgrade },
    options: { fetch: undefined },
  }),
  'rate-limited': {
    async gateway(build) {
      const at = await build({ limit: limitGate(limiting()) })
      await at.ask('/')
      return at.ask('/')
    },
    async stack(build) {
      const send = build({ rateLimit: limiting() })
      await send('/')
      return send('/')
    },
  },
  'config-invalid': {
    gateway: async (build) => (await build({ publicOrigin: () => undefined })).ask('/'),
    stack: (build) => build({ publicOrigin: () => undefined })('/'),
  },
  'session-unreadable': {
    async gateway(build) {
      const newer = statelessSessions<Data>({ secret: [`${secret}-of-tomorrow`, secret] })
      const ahead = await bench({ session: newer })
      const headers = { cookie: await signIn(ahead, { user: 'ada' }) }
      const at = await build()
      at.answer = (seen) =>
        new Response('in', {
          headers: { 'portcullis-session': order(seen, { set: { visits: 1 } }) },
        })
      return at.ask('/', { headers })
    },
    async stack(build) {
      const session = statelessSessions<Data>({ secret })
      const ahead = await bench({
        session: statelessSessions<Data>({ secret: [`${secret}-of-tomorrow`, secret] }),
      })
      const send = build({ session }, (app) =>
        app.get('/x', async (c) => c.json(await session.open(c).update(() => ({ visits: 1 })))),
      )
      return send('/x', { headers: { cookie: await signIn(ahead, { user: 'ada' }) } })
    },
  },
  'session-conflict': {
    async gateway(build) {
      const store = memoryStore()
      const at = await build({ session: storedSessions<Data>({ secret, store }) })
      const headers = { cookie: await signIn(at, { user: 'ada' }) }
      at.answer = (seen) =>
        new Response('in', {
          headers: { 'portcullis-session': order(seen, { set: { visits: 1 }, ifVersion: '77' }) },
        })
      return at.ask('/', { headers })
    },
    stack(build) {
      const session = storedSessions<Data>({ secret, store: memoryStore() })
      return build({ session }, (app) =>
        app.get('/x', async (c) => {
          const change = (data: Data | undefined): Data => ({ ...data })
          return c.json(await session.open(c).update(change, { ifVersion: '77' }))
        }),
      )('/x')
    },
  },
  'store-unavailable': {
    async gateway(build) {
      const error = new PortcullisError('ERR_STORE_UNAVAILABLE', 'no answer')
      const at = await build({ session: failingSessions(error) })
      return at.ask('/account', { headers: { cookie: await storedCookie() } })
    },
    async stack(build) {
      const session = failingSessions(new PortcullisError('ERR_STORE_UNAVAILABLE', 'no answer'))
      const send = build({ session, access: { rules: [{ path: '/*', allow: 'session' }] } })
      return send('/x', { headers: { cookie: await storedCookie() } })
    },
  },
  // What `c.var.login.token()`, or a route with `token`, throws.
  'token-unavailable': thrown(new PortcullisError('ERR_TOKEN_UNAVAILABLE', 'the provider is away')),
  maintenance: {
    gateway: async (build) => (await build({ maintenance: true })).ask('/'),
    stack: 'a Hono app has no such option',
  },
  'upstream-timeout': upstream(never, { options: { timeoutMs: 100 } }),
  'upstream-unreachable': upstream(down),
  'upstream-paused': upstream(down, {
    options: { breaker: circuitBreaker({ failures: 1, pause: 60 }) },
    before: 1,
  }),
  'upstream-loop': upstream(() => new Response('in'), {
    init: { headers: { 'portcullis-hops': '3' } },
  }),
  'not-found': {
    gateway: async (build) => (await build()).ask('/.portcullis/nothing'),
    stack: (build) => build()('/nothing'),
  },
  fault: thrown(new Error('boom')),
}

/** More of a kind: rejections of single steps that a reason above has already. */
const further: ReadonlyArray<readonly [name: string, reason: Reason, scenario: Scenario]> = [
  [
    'a limit whose store is away, which is closed',
    'store-unavailable',
    {
      gateway: async (build) => (await build({ limit: limitGate(awayLimit) })).ask('/'),
      stack: (build) => build({ rateLimit: awayLimit })('/'),
    },
  ],
  [
    'a body that turns out too long while it is read',
    'body-too-large',
    {
      async gateway(build) {
        const at = await build({
          routes: [{ path: '/*', to: 'app', access: 'public', maxBodyBytes: 10 }],
        })
        at.answer = async ({ init }) => new Response(await new Response(init.body).text())
        return at.ask('/', streaming(100))
      },
      stack: (build) =>
        build({ body: { maxBytes: 10 } }, (app) =>
          app.post('/', async (c) => c.text(await c.req.text())),
        )('/', streaming(100)),
    },
  ],
  [
    'a session that was ended while the request ran',
    'no-session',
    thrown(new PortcullisError('ERR_SESSION_ENDED', 'it was ended')),
  ],
  [
    'a method that an endpoint of the gateway does not take',
    'method-not-allowed',
    {
      gateway: async (build) => (await build()).ask('/.portcullis/jwks.json', { method: 'PUT' }),
      stack: noUpstream,
    },
  ],
]

function streaming(bytes: number): RequestInit {
  const body = new Blob(['x'.repeat(bytes)]).stream()
  return { method: 'POST', body, duplex: 'half', headers: { origin } } as RequestInit
}

const refusals = new Set(['access-refused', 'csrf-refused', 'graphql-refused', 'request-refused'])

/** What must be true of the last request. */
function expectOnce(told: Told, response: Response, reason: Reason): void {
  const line = told.lines.at(-1)
  const status = reasonStatus(reason)
  const outcome = status >= 500 ? 'failed' : 'denied'
  expect(line).toMatchObject({ status, reason, decision: status >= 500 ? 'failed' : 'refused' })
  expect(response.status).toBe(status)

  const id = line?.requestId
  const events = told.events.filter(({ request, type }) => request === id && refusals.has(type))
  expect(events).toMatchObject([{ reason }])
  const records = told.records.filter(
    ({ requestId, action }) => requestId === id && /^(?:access|request)$/.test(action),
  )
  expect(records).toMatchObject([{ reason, outcome, type: events[0]?.type }])
  expect(told.lines.filter(({ requestId }) => requestId === id)).toHaveLength(1)
}

async function throughGateway(
  run: (build: BuildGateway) => Promise<Response>,
): Promise<[Told, Response]> {
  const told: Told = { events: [], lines: [], records: [] }
  const response = await run((overrides = {}) =>
    bench({
      monitor: monitor({ log: (line) => told.lines.push(line) }),
      audit: auditTrail((record) => told.records.push(record)),
      onEvent: (event) => told.events.push(event),
      // The sign-in page is a route of its own.
      ...(overrides.routes !== undefined && { signIn: undefined as never }),
      ...overrides,
    }),
  )
  return [told, response]
}

async function throughStack(
  run: (build: BuildStack) => Promise<Response>,
): Promise<[Told, Response]> {
  const told: Told = { events: [], lines: [], records: [] }
  const response = await run((options = {}, add = () => {}) => {
    const app = new Hono().onError(errorPage(quiet)).notFound(notFoundPage())
    const stack = portcullis({
      requestLog: requestLog({ log: (line) => told.lines.push(line) }),
      audit: auditTrail((record) => told.records.push(record)),
      onEvent: (event) => told.events.push(event),
      onError: errorPage(quiet),
      ...(options as StackOptions),
    })
    app.use(stack)
    add(app)
    app.get('/', (c) => c.text('in'))
    return async (path, init) =>
      app.request(path.startsWith('http') ? path : `${origin}${path}`, init)
  })
  return [told, response]
}

const rows = [
  ...Object.entries(scenarios).map(([reason, scenario]) => [reason, reason, scenario] as const),
  ...further,
] as ReadonlyArray<readonly [name: string, reason: Reason, scenario: Scenario]>

test('every reason of the source has a row', () => {
  const source = readFileSync(new URL('../../../src/types.ts', import.meta.url), 'utf8')
  const union = /export type Reason =\n((?: {2}\| '[\w-]+'\n)+)/.exec(source)?.[1] ?? ''
  const reasons = [...union.matchAll(/'([\w-]+)'/g)].map(([, reason]) => reason)
  expect(reasons.length).toBeGreaterThan(50)
  expect(Object.keys(scenarios).sort()).toEqual(reasons.sort())
})

describe('O1: a gateway tells of a rejected request once', () => {
  for (const [name, reason, { gateway }] of rows) {
    if (typeof gateway === 'string') {
      it(`${name}: cannot be, since ${gateway}`, () => expect(gateway).toMatch(/\w{3}/))
      continue
    }
    it(name, async () => {
      const [told, response] = await throughGateway(gateway)
      expectOnce(told, response, reason)
    })
  }
})

describe('O1: portcullis() tells of a rejected request once', () => {
  for (const [name, reason, { stack }] of rows) {
    if (typeof stack === 'string') {
      it(`${name}: cannot be, since ${stack}`, () => expect(stack).toMatch(/\w{3}/))
      continue
    }
    it(name, async () => {
      const [told, response] = await throughStack(stack)
      expectOnce(told, response, reason)
    })
  }
})
