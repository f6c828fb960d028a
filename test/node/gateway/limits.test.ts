/** Limits, the session and a login's try in one Redis: how often it is asked for each kind of request. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { gatewayThrottle } from '../../../src/gateway/index.ts'
import { exactLimiter, limitGate, redisThrottle } from '../../../src/limit/index.ts'
import { redis } from '../../../src/redis/index.ts'
import { storedSessions } from '../../../src/session/index.ts'
import { upstashStore } from '../../../src/store/upstash.ts'
import { type Bench, bench, type Data, order, secret, signIn } from '../../gateway/support.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'

describe.skipIf(noRedis)('a gateway whose limits and sessions are in one Redis', () => {
  let server: TestRedis
  let at: Bench
  let cookie: string

  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  beforeEach(async () => {
    await server.flush()
    at = await gateway()
    cookie = await signIn(at, { user: 'ann' })
  })

  function gateway(limits = { all: 100, route: 50 }): Promise<Bench> {
    const client = redis({ url: server.url, token: server.token, timeoutMs: 5000 })
    const limiter = (limit: number, window: number) =>
      exactLimiter({ redis: client, secret, limit, window })
    const gate = (name: string, limit: number, window: number) =>
      limitGate({ name, limiter: limiter(limit, window), platform: 'cloudflare' })
    return bench({
      session: storedSessions<Data>({
        secret,
        store: upstashStore({ redis: client }),
        user: (data) => data.user,
      }),
      limit: gate('all', limits.all, 3600),
      throttle: gatewayThrottle({ store: redisThrottle({ redis: client }), secret, limit: 5 }),
      routes: [
        { path: '/login', methods: ['GET'], to: 'app', access: 'public', limit: false },
        {
          path: '/login',
          methods: ['POST'],
          to: 'app',
          access: 'public',
          limit: false,
          sessions: ['start'],
        },
        {
          path: '/enter',
          methods: ['POST'],
          to: 'app',
          access: 'public',
          sessions: ['start'],
          limit: gate('enter', limits.route, 60),
          throttle: { account: { form: 'email' }, success: { sessionStart: true } },
        },
        {
          path: '/private',
          to: 'app',
          access: 'session',
          sessions: ['set'],
          limit: gate('private', limits.route, 60),
        },
        { path: '/free', to: 'app', access: 'session', limit: false },
        { path: '/*', to: 'app', access: 'public', sessions: ['set'] },
      ],
    })
  }

  async function requests(
    path: string,
    init: RequestInit = {},
  ): Promise<[status: number, times: number]> {
    const before = server.control.requests
    const { status } = await at.ask(path, {
      ...init,
      headers: { 'cf-connecting-ip': '192.0.2.1', ...init.headers },
    })
    return [status, server.control.requests - before]
  }
  const signedIn = (): RequestInit => ({ headers: { Cookie: cookie } })
  const writes = (): void => {
    at.answer = (seen) =>
      new Response('done', {
        headers: { 'portcullis-session': order(seen, { incr: { visits: 1 } }) },
      })
  }
  const login = (more: Record<string, string> = {}): RequestInit => ({
    method: 'POST',
    body: 'email=ann%40example.com&password=guess',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...more },
  })
  const warm = async (): Promise<void> => {
    await requests('/private', signedIn())
    await requests('/enter', login())
    writes()
    await requests('/private', signedIn())
    at.answer = () => new Response('page')
  }

  it('asks twice for a signed-in request with two limits while its scripts are unknown, and once from then on', async () => {
    expect([
      await requests('/private', signedIn()),
      await requests('/private', signedIn()),
    ]).toEqual([
      [200, 2],
      [200, 1],
    ])
    expect(server.control.verbs.at(-1)).toEqual(['EVALSHA', 'EVALSHA', 'EVALSHA'])
  })

  it.each<[times: number, what: string, path: string, who: () => RequestInit, does?: () => void]>([
    [1, 'for a signed-in read with two limits', '/private', signedIn],
    [2, 'where the answer writes the session', '/private', signedIn, writes],
    [1, 'for a stranger', '/x', () => ({})],
    [
      1,
      'for a cookie that is no session',
      '/private',
      () => ({ headers: { Cookie: '__Host-session=AAAA' } }),
    ],
    [1, 'for a signed-in read without a limit', '/free', signedIn],
    [1, 'for a login that fails', '/enter', () => login()],
    [
      1,
      'for a login that fails, by somebody who has a session',
      '/enter',
      () => login({ Cookie: cookie }),
    ],
    [
      0,
      'for a preflight',
      '/x',
      () => ({
        method: 'OPTIONS',
        headers: { Origin: 'https://b.test', 'Access-Control-Request-Method': 'POST' },
      }),
    ],
    [1, 'for an OPTIONS that is no preflight', '/x', () => ({ method: 'OPTIONS' })],
  ])('asks %i times %s', async (times, _what, path, who, does) => {
    await warm()
    does?.()
    expect((await requests(path, who()))[1]).toBe(times)
  })

  it('asks nobody for whom this isolate knows to be over a limit', async () => {
    at = await gateway({ all: 100, route: 2 })
    const outcomes = []
    for (let i = 0; i < 4; i++) outcomes.push(await requests('/private', signedIn()))
    expect(outcomes.map(([status]) => status)).toEqual([200, 200, 429, 429])
    expect(outcomes.at(-1)?.[1]).toBe(0)
  })

  it('L2: counts what the limit of all and the limit of a route take of one limiter together', async () => {
    const client = redis({ url: server.url, token: server.token, timeoutMs: 5000 })
    const limiter = exactLimiter({ redis: client, secret, limit: 10, window: 60 })
    const gate = (cost: number) => limitGate({ name: 'all', limiter, platform: 'cloudflare', cost })
    const route = (path: string, limit: ReturnType<typeof gate>) =>
      ({ path, to: 'app', access: 'public', limit }) as const
    at = await bench({
      limit: gate(6),
      routes: [
        route('/six', gate(6)),
        route('/four', gate(4)),
        { path: '/*', to: 'app', access: 'public' },
      ],
    })
    expect([(await requests('/six'))[0], at.seen.length]).toEqual([429, 0])
    await server.flush({ keepScripts: true })
    const other = { headers: { 'cf-connecting-ip': '192.0.2.2' } }
    expect([(await requests('/four', other))[0], (await requests('/four', other))[0]]).toEqual([
      200, 429,
    ])
  })

  // Who is over the limit of an address must not use up the tries of somebody's account all the same.
  it('takes the try of a login back that a limit refused', async () => {
    at = await gateway({ all: 100, route: 3 })
    const tries: number[] = []
    for (let i = 0; i < 5; i++) tries.push((await requests('/enter', login()))[0])
    expect(tries).toEqual([200, 200, 200, 429, 429])
    // Three of five were counted, so that where the limit is wider two more may be made.
    at = await gateway({ all: 100, route: 50 })
    const more: number[] = []
    for (let i = 0; i < 3; i++) more.push((await requests('/enter', login()))[0])
    expect(more).toEqual([200, 200, 429])
    expect(at.seen.length).toBe(2)
  })

  it('answers 503 to who has a session while Redis is away, and counts strangers here', async () => {
    await warm()
    server.control.fault({ kind: 'error-html' }, { times: 99 })
    expect([(await requests('/private', signedIn()))[0], (await requests('/x'))[0]]).toEqual([
      503, 200,
    ])
    server.control.reset()
    expect((await requests('/private', signedIn()))[0]).toBe(200)
  })
})
