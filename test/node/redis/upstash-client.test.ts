/** Stores and limiters over a client of `@upstash/redis`, made as its users make it, against a real Redis. */
import { Redis, type RedisConfigNodejs } from '@upstash/redis'
import { Redis as CloudflareRedis } from '@upstash/redis/cloudflare'
import { Hono } from 'hono'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { errorPage, portcullis, storedSessions } from '../../../src/index.ts'
import { exactLimiter, redisThrottle } from '../../../src/limit/index.ts'
import { redisProbe } from '../../../src/monitor/index.ts'
import { type RedisSource, redis } from '../../../src/redis/index.ts'
import { upstashRevocations, upstashStore } from '../../../src/store/upstash.ts'
import { sessionContract, storeContract } from '../../../src/testing/index.ts'
import type { SecurityEvent } from '../../../src/types.ts'
import type { Fault } from '../../../tools/dev/redis-http.ts'
import { everythingIn, failureOf } from '../../redis/support.ts'
import { Browser } from '../../session/support.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { elapse, noon } from '../store/support.ts'

const tools = { describe, it, expect }
const secret = 'kX9vQ2mT7pL4wZ8rB3nJ6hD1sF5gY0cE'

type Options = Omit<RedisConfigNodejs, 'url' | 'token'>
type Environment = { UPSTASH_REDIS_REST_URL: string; UPSTASH_REDIS_REST_TOKEN: string }

/** How applications make their client. */
const clients: ReadonlyArray<readonly [name: string, options: Options]> = [
  ['its defaults', {}],
  ['automaticDeserialization: false', { automaticDeserialization: false }],
  ['auto-pipelining on', { enableAutoPipelining: true }],
  ['auto-pipelining off', { enableAutoPipelining: false }],
  ['no telemetry and no retries', { enableTelemetry: false, retry: false }],
  ['responses as they are', { responseEncoding: false, readYourWrites: false }],
]

describe.skipIf(noRedis)('a client of @upstash/redis', () => {
  let server: TestRedis
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())
  beforeEach(() => server.flush({ keepScripts: true }))

  const create = (options: Options = {}): Redis =>
    new Redis({ url: server.url, token: server.token, ...options })
  const environment = (): Environment => ({
    UPSTASH_REDIS_REST_URL: server.url,
    UPSTASH_REDIS_REST_TOKEN: server.token,
  })

  describe('with its defaults keeps every promise of a store', () => {
    storeContract(tools, async () => {
      await server.flush({ keepScripts: true })
      let now = noon
      return {
        store: upstashStore({ redis: redis({ client: create(), timeoutMs: 10_000 }) }),
        now: () => now,
        async elapse(ms): Promise<void> {
          now += ms
          await elapse(server, ms)
        },
      }
    })
  })

  describe.each(clients)('with %s', (_, options) => {
    sessionContract(tools, () => ({ store: upstashStore({ redis: create(options) }) }))

    it.each(['123', '{"a": 1}', '"text"', 'true', 'null', '[1,2]', '1e400', 'T0s='])(
      'gives back the record %s as it was written',
      async (record) => {
        const store = upstashStore({ redis: create(options) })
        const row = { key: 'KEY', record, end: noon + 9e6, now: noon, idle: 9e5, write: 'W' }
        await store.create(row, {})
        const read = await store.read({ key: 'KEY' }, { now: noon, idle: 9e5, slice: 9e4 }, {})
        expect(read).toEqual({ is: 'found', version: '1', record, seen: noon, end: noon + 9e6 })
      },
    )

    it('asks Redis as often as our own client does', async () => {
      const own = await countRequests(redis({ url: server.url, token: server.token }))
      await server.flush({ keepScripts: true })
      expect(await countRequests(create(options))).toEqual(own)
      expect(own).toEqual({ login: 2, read: 1, write: 2, ignore: 1 })
    })
  })

  it('made by functions of the environment shares one request between a store and limits', async () => {
    const own = await countRequests(redis({ url: server.url, token: server.token }))
    await server.flush({ keepScripts: true })
    const made = (c: { env: Environment }): Redis => CloudflareRedis.fromEnv(c.env)
    expect(await countRequests(made, environment())).toEqual(own)
    // Written out where it is needed, each is another function.
    await server.flush({ keepScripts: true })
    const again = await countRequests(
      (c: { env: Environment }) => CloudflareRedis.fromEnv(c.env),
      environment(),
      (c: { env: Environment }) => CloudflareRedis.fromEnv(c.env),
    )
    expect(again).toEqual(own)
  })

  /** How many HTTP requests each kind of request of an app needs, warm. */
  async function countRequests(
    source: RedisSource<Environment>,
    env: object = {},
    second = source,
  ): Promise<Record<string, number>> {
    const session = storedSessions<{ userId?: string; visits?: number }>({
      secret,
      user: (data) => data.userId,
      store: upstashStore({ redis: source }),
    })
    const policy = (name: string, limit: number) => ({
      name,
      limiter: exactLimiter({ redis: second, secret, limit, window: 60 }),
      key: () => 'everybody',
    })
    const app = new Hono()
      .onError(errorPage({ report: () => {} }))
      .use(
        portcullis({ session, rateLimit: { policies: [policy('few', 90), policy('many', 900)] } }),
      )
      .get('/login', async (c) => c.json((await c.var.session.start({ userId: 'ada' })) ?? null))
      .get('/read', async (c) => c.json((await c.var.session.get()) ?? null))
      .get('/write', async (c) =>
        c.json(await c.var.session.update((d) => ({ ...d, visits: (d?.visits ?? 0) + 1 }))),
      )
      .get('/ignore', (c) => c.text('ok'))
    const browser = new Browser({
      request: (path, init) => app.request(path, init, { ...env }),
    } as Hono)
    for (const path of ['/login', '/login', '/read', '/write']) await browser.fetch(path)

    const counts: Record<string, number> = {}
    for (const name of ['login', 'read', 'write', 'ignore']) {
      const before = server.control.requests
      expect((await browser.fetch(`/${name}`)).status).toBe(200)
      counts[name] = server.control.requests - before
    }
    expect(await browser.json('/read')).toEqual({ userId: 'ada', visits: 1 })
    return counts
  }

  it('serves revocations, the login throttle and the probe of a monitor', async () => {
    const client = create()
    const revocations = upstashRevocations({ redis: client })
    await revocations.revoke('ID', 60_000, {})
    expect(await revocations.check({ id: 'ID', generation: 0 }, {})).toBe(false)
    expect(await revocations.check({ id: 'OTHER', generation: 0 }, {})).toBe(true)

    const throttle = redisThrottle({ redis: client })
    const counters = { ticket: 'T', streaks: [{ key: 'S', free: 5, longest: 60_000 }], days: [] }
    expect(await throttle.attempt(counters, noon, {})).toEqual({ is: 'allowed', failures: [0] })
    await expect(redisProbe(client)({})).resolves.toBe(1)
  })

  it('that waits for ever is given up when our time is over', async () => {
    const store = upstashStore({ redis: redis({ client: create(), timeoutMs: 300 }) })
    server.control.fault({ kind: 'silence' }, { times: 9 })
    const since = performance.now()
    const failure = await failureOf(store.end({ key: 'KEY' }, 0, {}))
    expect(failure).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', reason: 'timeout' })
    expect(performance.now() - since).toBeGreaterThan(290)
  })

  it('that would retry for minutes is given up when our time is over', async () => {
    const client = create({ retry: { retries: 99, backoff: () => 20 } })
    const store = upstashStore({ redis: redis({ client, timeoutMs: 300 }) })
    server.control.fault({ kind: 'drop-before' }, { times: 1000 })
    const failure = await failureOf(store.end({ key: 'KEY' }, 0, {}))
    expect(failure).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', reason: 'timeout' })
    // Nothing goes on behind our back.
    const { requests } = server.control
    await new Promise((done) => setTimeout(done, 200))
    expect(server.control.requests).toBeLessThanOrEqual(requests + 1)
  })

  it('writes once where a reply was lost', async () => {
    const store = upstashStore({ redis: create() })
    const row = { key: 'KEY', record: 'a', end: noon + 9e6, now: noon, idle: 9e5, write: 'W1' }
    await store.create(row, {})
    server.control.fault({ kind: 'drop-after' }, { times: 1 })
    const next = { ...row, record: 'b', write: 'W2' }
    expect(await store.replace(next, '1', {})).toEqual({ is: 'ok', version: '2' })
  })

  // The client quotes the whole command, with the sealed record, in the message of its error.
  it.each<[Fault, string, string]>([
    [{ kind: 'unauthorized' }, 'ERR_STORE_REFUSED', 'unauthorized'],
    [{ kind: 'error-json', status: 503 }, 'ERR_STORE_UNAVAILABLE', 'http-error'],
    [{ kind: 'error-html' }, 'ERR_STORE_UNAVAILABLE', 'not-json'],
    [{ kind: 'error-html', status: 200 }, 'ERR_STORE_UNAVAILABLE', 'not-json'],
    [{ kind: 'body', body: '{}' }, 'ERR_STORE_UNAVAILABLE', 'not-redis'],
    [{ kind: 'body', body: '[]' }, 'ERR_STORE_UNAVAILABLE', 'not-redis'],
    [{ kind: 'refuse', error: 'OOM command not allowed' }, 'ERR_STORE_REFUSED', 'oom'],
    [{ kind: 'drop-before' }, 'ERR_STORE_UNAVAILABLE', 'network'],
  ])('that meets %j rejects with %s, and quotes nothing', async (fault, code, reason) => {
    const events: SecurityEvent[] = []
    const client = redis({
      client: create({ retry: { retries: 1, backoff: () => 1 } }),
      onEvent: (event) => events.push(event),
    })
    const store = upstashStore({ redis: client })
    server.control.fault(fault, { times: 9 })
    const row = { key: 'KEY', record: 'RECORD', end: noon + 9e6, now: noon, idle: 9e5, write: 'W' }
    const failure = await failureOf(store.create(row, {}))
    expect(failure).toMatchObject({ code, reason })
    const told = everythingIn(failure) + JSON.stringify(events)
    for (const hidden of ['RECORD', 'KEY', server.token, server.url])
      expect(told).not.toContain(hidden)
    expect(events[0]).toMatchObject({ reason })
  })

  it('without url or token is refused when the configuration is checked, and at the first request', async () => {
    const store = upstashStore({
      redis: (c: { env: Partial<Environment> }) => CloudflareRedis.fromEnv(c.env as never),
    })
    const faults = [
      {
        option: 'redis.client',
        problem: 'is a client of @upstash/redis without url or token; create it with both',
      },
    ]
    expect(() => store.check?.({})).toThrow(expect.objectContaining({ code: 'ERR_CONFIG', faults }))
    await expect(store.end({ key: 'KEY' }, 0, { env: {} })).rejects.toMatchObject({ faults })
  })
})

describe('the option redis', () => {
  it.each([
    ['a URL', 'https://example.upstash.io'],
    ['an object', { get() {} }],
    ['null', null],
  ])('refuses %s', (_, value) => {
    const fault = expect.objectContaining({ option: expect.stringMatching(/redis$/) })
    for (const make of [upstashStore, upstashRevocations, redisThrottle, exactLimiter])
      expect(() => make({ redis: value, secret, limit: 1, window: 1 } as never)).toThrow(
        expect.objectContaining({ code: 'ERR_CONFIG', faults: expect.arrayContaining([fault]) }),
      )
  })
})
