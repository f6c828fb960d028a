import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { PortcullisError } from '../../src/errors.ts'
import {
  type BasicLimiter,
  exactLimiter,
  type Limiter,
  memoryLimiter,
  type RateLimitOptions,
  rateLimit,
} from '../../src/limit/index.ts'
import type { SecurityEvent } from '../../src/types.ts'
import { client, noon, secret } from './support.ts'

const clock = (): number => noon
const memory = (limit: number, window = 60): Limiter => memoryLimiter({ limit, window, clock })
const from = (address: string, more: Record<string, string> = {}): RequestInit => ({
  headers: { 'CF-Connecting-IP': address, ...more },
})

/** An application with one limit, and what was told. */
function app(options: Partial<RateLimitOptions>, hears: SecurityEvent[] = []): Hono {
  const made = new Hono()
  const more = {
    platform: 'cloudflare',
    onEvent: (event: SecurityEvent) => hears.push(event),
    ...options,
  } as const
  made.use(rateLimit(more as RateLimitOptions))
  made.all('/', (c) => c.text('done'))
  made.get('/fails', () => {
    throw new Error('a handler failed')
  })
  made.get('/redirects', () => Response.redirect('https://app.example.test/', 302))
  made.get('/results', (c) => c.json(c.get('rateLimit' as never)))
  made.onError((_, c) => c.text('sorry', 500))
  return made
}

const down = (): BasicLimiter => ({
  limit: 20,
  window: 60,
  take: () =>
    Promise.reject(
      new PortcullisError('ERR_STORE_UNAVAILABLE', 'Redis is not available (timeout)'),
    ),
})

describe('rateLimit', () => {
  it('tells what is left, and then refuses with 429', async () => {
    const hears: SecurityEvent[] = []
    const made = app({ limiter: memory(2), name: 'api' }, hears)
    for (const left of [1, 0]) {
      const response = await made.request('/', from('203.0.113.9'))
      expect([response.status, await response.text()]).toEqual([200, 'done'])
      expect(response.headers.get('RateLimit-Policy')).toBe('"api";q=2;w=60')
      expect(response.headers.get('RateLimit')).toBe(`"api";r=${left};t=60`)
      expect(response.headers.get('Retry-After')).toBe(null)
    }
    const refused = await made.request('/', from('203.0.113.9'))
    expect(refused.status).toBe(429)
    expect(refused.headers.get('Retry-After')).toBe('60')
    expect(refused.headers.get('Cache-Control')).toBe('no-store')
    expect(refused.headers.get('RateLimit-Policy')).toBe('"api";q=2;w=60')
    expect(refused.headers.get('RateLimit')).toBe('"api";r=0;t=60')
    expect(refused.headers.get('Content-Type')).toBe('application/problem+json')
    expect(await refused.json()).toEqual({
      type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
      ...{ title: 'Too Many Requests', status: 429, detail: 'Wait a while before you try again.' },
      'violated-policies': ['api'],
    })
    expect(hears).toEqual([{ type: 'rate-limited', subject: 'api', reason: 'over-60s' }])
  })

  it('answers a person with a page, and HEAD with nothing', async () => {
    const made = app({ limiter: memory(1) })
    await made.request('/', from('203.0.113.9'))
    const page = await made.request('/', from('203.0.113.9', { 'Sec-Fetch-Dest': 'document' }))
    expect([page.status, page.headers.get('Content-Type')]).toEqual([
      429,
      'text/html; charset=utf-8',
    ])
    expect(page.headers.get('Retry-After')).toBe('60')
    expect(await page.text()).toContain('<title>429 Too many requests</title>')
    const head = await made.request('/', { method: 'HEAD', ...from('203.0.113.9') })
    expect([head.status, await head.text(), head.headers.get('Retry-After')]).toEqual([
      429,
      '',
      '60',
    ])
  })

  // curl -H 'CF-Connecting-IP: ...' from one /64, and as IPv4 in other clothes
  it.each([
    ['203.0.113.9', '203.0.113.9', true],
    ['203.0.113.9', '203.0.113.10', false],
    ['203.0.113.9', '::ffff:203.0.113.9', true],
    ['203.0.113.9', '::FFFF:cb00:7109', true],
    ['203.0.113.9', '64:ff9b::203.0.113.9', true],
    ['203.0.113.9', '2001:db8::203.0.113.9', false],
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff', true],
    ['2001:db8:1:2::1', '2001:DB8:1:2:0:0:0:9', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
    ['unknown', 'not an address', true],
    ['', '203.0.113.9, 203.0.113.10', true],
    ['undefined', '', true],
    ['unknown', '203.0.113.9', false],
  ])('counts %s and %s together: %s', async (first, second, together) => {
    const made = app({ limiter: memory(1) })
    expect((await made.request('/', from(first))).status).toBe(200)
    expect((await made.request('/', from(second))).status).toBe(together ? 429 : 200)
  })

  it('never lets through who has no address: all of them share a bucket', async () => {
    const made = app({ limiter: memory(2) })
    const statuses = []
    for (let i = 0; i < 3; i++) statuses.push((await made.request('/')).status)
    expect(statuses).toEqual([200, 200, 429])
  })

  // curl -H 'X-Forwarded-For: 198.51.100.<n>': a new address for each guess.
  it.each([
    ['X-Forwarded-For'],
    ['Forwarded'],
    ['X-Real-IP'],
    ['Client-IP'],
    ['True-Client-IP'],
    ['X-Client-IP'],
  ])('is not escaped with %s on a platform that does not vouch for it', async (name) => {
    const made = app({ limiter: memory(1) })
    expect((await made.request('/', from('203.0.113.9', { [name]: '198.51.100.1' }))).status).toBe(
      200,
    )
    expect((await made.request('/', from('203.0.113.9', { [name]: '198.51.100.2' }))).status).toBe(
      429,
    )
  })

  it('counts by what a function says, and who has no name together', async () => {
    const made = app({
      limiter: memory(1),
      key: (c) => c.req.raw.headers.get('X-Key') ?? undefined,
    })
    const ask = async (key?: string): Promise<number> =>
      (await made.request('/', key === undefined ? {} : { headers: { 'X-Key': key } })).status
    expect([await ask('a'), await ask('b'), await ask('a')]).toEqual([200, 200, 429])
    expect([await ask(), await ask(''), await ask('nobody'), await ask('undefined')]).toEqual([
      200, 429, 200, 200,
    ])
  })

  it('takes what a request costs, nothing for nothing, and says so if it never will', async () => {
    const made = app({ limiter: memory(10), cost: (c) => Number(c.req.raw.headers.get('X-Cost')) })
    const ask = (cost: string): Promise<Response> | Response =>
      made.request('/', from('203.0.113.9', { 'X-Cost': cost }))
    expect((await ask('7')).headers.get('RateLimit')).toBe('"default";r=3;t=60')
    const free = await ask('0')
    expect([free.status, free.headers.get('RateLimit')]).toEqual([200, null])
    const refused = await ask('4')
    expect([refused.status, refused.headers.get('RateLimit')]).toEqual([429, '"default";r=3;t=60'])
    const never = await ask('11')
    expect([never.status, never.headers.get('Retry-After')]).toEqual([429, null])
    expect(never.headers.get('RateLimit')).toBe('"default";r=3')
    for (const cost of ['-1', '0.5', 'many']) expect((await ask(cost)).status).toBe(500)
    expect((await ask('3')).status).toBe(200)
  })

  it('G4: does not count preflights, nor what is skipped', async () => {
    const made = app({ limiter: memory(1), skip: (c) => c.req.raw.headers.has('X-Inside') })
    for (let i = 0; i < 3; i++) {
      const headers = { Origin: 'https://a.test', 'Access-Control-Request-Method': 'PUT' }
      const preflight = new Request('http://a/', {
        method: 'OPTIONS',
        ...from('203.0.113.9', headers),
      })
      if (preflight.headers.has('origin')) expect((await made.request(preflight)).status).toBe(200)
      expect((await made.request('/', from('203.0.113.9', { 'X-Inside': '1' }))).status).toBe(200)
    }
    expect((await made.request('/', { method: 'OPTIONS', ...from('203.0.113.9') })).status).toBe(
      200,
    )
    expect((await made.request('/', from('203.0.113.9'))).status).toBe(429)
    expect((await made.request('/', { method: 'OPTIONS', ...from('203.0.113.9') })).status).toBe(
      429,
    )
  })

  it('tells on every answer, also of handlers that fail and where headers cannot be changed', async () => {
    const made = app({ limiter: memory(9) })
    for (const [path, status] of [
      ['/fails', 500],
      ['/redirects', 302],
      ['/nowhere', 404],
    ] as const) {
      const response = await made.request(path, from('203.0.113.9'))
      expect(response.status).toBe(status)
      expect(response.headers.get('RateLimit-Policy')).toBe('"default";q=9;w=60')
      expect(response.headers.get('RateLimit')).toMatch(/^"default";r=\d;t=60$/)
    }
  })

  it('observes: the same is told, nothing is refused', async () => {
    const hears: SecurityEvent[] = []
    const made = app({ limiter: memory(1), mode: 'observe' }, hears)
    for (let i = 0; i < 2; i++) {
      const response = await made.request('/', from('203.0.113.9'))
      expect([response.status, response.headers.get('RateLimit')]).toEqual([200, null])
    }
    expect(hears).toEqual([{ type: 'rate-limit-observed', subject: 'default', reason: 'over-60s' }])
  })

  it('lets an application answer, and keeps that answer out of caches', async () => {
    const made = app({
      limiter: memory(1),
      refuse: ({ reason, retryAfter }, c) =>
        new Response(`${reason} ${retryAfter} ${c.req.raw.method}`, { status: 429 }),
    })
    await made.request('/', from('203.0.113.9'))
    const refused = await made.request('/', from('203.0.113.9'))
    expect([refused.status, await refused.text()]).toEqual([429, 'rate-limited 60 GET'])
    expect(refused.headers.get('Retry-After')).toBe('60')
    expect(refused.headers.get('Cache-Control')).toBe('no-store')
    expect(refused.headers.get('RateLimit')).toBe('"default";r=0;t=60')
  })

  it('gives handlers the results', async () => {
    const made = app({ limiter: memory(3), name: 'api' })
    expect(await (await made.request('/results', from('203.0.113.9'))).json()).toEqual([
      {
        ...{ name: 'api', allowed: true, limit: 3, remaining: 2, retryAfter: 0 },
        ...{ retryAt: noon, resetAt: noon + 60_000, degraded: false },
      },
    ])
  })

  it('L2: of one limiter and name, the second sees what the first took', async () => {
    const limiter = memory(10)
    for (const [costs, status] of [
      [[6, 6], 429],
      [[4, 4], 429],
      [[2, 2], 200],
    ] as const) {
      const made = new Hono()
      for (const cost of costs)
        made.use(rateLimit({ limiter, name: 'api', key: () => `${costs}`, cost }))
      made.get('/', (c) => c.text('done'))
      await limiter.take(JSON.stringify(['api', 'key', `${costs}`]), 3)
      expect((await made.request('/')).status).toBe(status)
    }
  })

  describe('with several policies', () => {
    const several = (more: object = {}): Hono =>
      app({
        policies: [
          { name: 'burst', limiter: memory(2, 10) },
          { name: 'day', limiter: memory(3, 86_400) },
        ],
        ...more,
      })

    it('lists them in their order, and names those that denied', async () => {
      const made = several()
      const first = await made.request('/', from('203.0.113.9'))
      expect(first.headers.get('RateLimit-Policy')).toBe('"burst";q=2;w=10, "day";q=3;w=86400')
      expect(first.headers.get('RateLimit')).toBe('"burst";r=1;t=10, "day";r=2;t=86400')
      await made.request('/', from('203.0.113.9'))
      const refused = await made.request('/', from('203.0.113.9'))
      expect([refused.status, refused.headers.get('Retry-After')]).toEqual([429, '10'])
      expect(await refused.json()).toMatchObject({ 'violated-policies': ['burst'] })
    })

    it('appends to what another limit wrote', async () => {
      const made = new Hono()
      made.use(rateLimit({ limiter: memory(5), name: 'outer', platform: 'cloudflare' }))
      made.use(rateLimit({ limiter: memory(3), name: 'inner', platform: 'cloudflare' }))
      made.get('/', (c) => c.text('done'))
      const { headers } = await made.request('/', from('203.0.113.9'))
      expect(headers.get('RateLimit-Policy')).toBe('"inner";q=3;w=60, "outer";q=5;w=60')
      expect(headers.get('RateLimit')).toBe('"inner";r=2;t=60, "outer";r=4;t=60')
    })

    it('says nothing of one that is nobody’s business', async () => {
      const made = app({
        policies: [
          { name: 'address', limiter: memory(5) },
          { name: 'account', limiter: memory(1), key: () => 'ann', headers: false },
        ],
      })
      const first = await made.request('/', from('203.0.113.9'))
      expect(first.headers.get('RateLimit-Policy')).toBe('"address";q=5;w=60')
      expect(first.headers.get('RateLimit')).toBe('"address";r=4;t=60')
      const refused = await made.request('/', from('203.0.113.10'))
      expect(refused.status).toBe(429)
      expect(`${[...refused.headers]} ${await refused.text()}`).not.toContain('account')
    })

    it('does not ask Redis when this isolate denies', async () => {
      const redis = client(['1', '4', `${noon}`, `${noon}`])
      const made = app({
        policies: [
          {
            name: 'distant',
            limiter: exactLimiter({ redis, secret, limit: 5, window: 60, clock }),
          },
          { name: 'near', limiter: memory(1) },
        ],
      })
      expect((await made.request('/', from('203.0.113.9'))).status).toBe(200)
      expect((await made.request('/', from('203.0.113.9'))).status).toBe(429)
      expect(redis.requests).toBe(1)
    })

    it('of one Redis asks one script once for all of them', async () => {
      const redis = client([
        '1',
        '4',
        `${noon}`,
        `${noon + 10_000}`,
        '0',
        '0',
        `${noon + 5_000}`,
        `${noon + 60_000}`,
      ])
      const exact = (window: number): Limiter =>
        exactLimiter({ redis, secret, limit: 5, window, clock })
      const made = app({
        policies: [
          { name: 'one', limiter: exact(10) },
          { name: 'two', limiter: exact(60) },
        ],
      })
      const refused = await made.request('/', from('203.0.113.9'))
      expect([refused.status, refused.headers.get('RateLimit')]).toEqual([
        429,
        '"one";r=4;t=10, "two";r=0;t=5',
      ])
      expect([redis.requests, redis.sent.length, redis.sent[0]?.keys.length]).toEqual([1, 1, 2])
    })
  })

  it('waits for the longest of the policies that denied', async () => {
    const redis = client([
      '0',
      '0',
      `${noon + 50_000}`,
      `${noon + 60_000}`,
      '0',
      '0',
      `${noon + 5_000}`,
      `${noon + 9_000}`,
    ])
    const exact = (window: number): Limiter =>
      exactLimiter({ redis, secret, limit: 5, window, clock })
    const made = app({
      policies: [
        { name: 'one', limiter: exact(60) },
        { name: 'two', limiter: exact(10) },
      ],
    })
    const refused = await made.request('/', from('203.0.113.9'))
    expect(refused.headers.get('Retry-After')).toBe('50')
    expect(await refused.json()).toMatchObject({ 'violated-policies': ['one', 'two'] })
  })

  describe('while the store is away', () => {
    it('counts here, with the limit divided', async () => {
      const hears: SecurityEvent[] = []
      const made = app({ limiter: down(), isolates: 10 }, hears)
      const statuses = []
      for (let i = 0; i < 3; i++)
        statuses.push((await made.request('/', from('203.0.113.9'))).status)
      expect(statuses).toEqual([200, 200, 429])
      const [result] = (await (
        await made.request('/results', from('203.0.113.10'))
      ).json()) as object[]
      expect(result).toMatchObject({ allowed: true, limit: 2, remaining: 1, degraded: true })
      expect(hears.filter(({ type }) => type === 'rate-limit-degraded')).toHaveLength(4)
      expect(hears[0]).toEqual({ type: 'rate-limit-degraded', subject: 'default', reason: 'fault' })
    })

    it('L2: counts what two limits of one limiter and name take together, as the store does', async () => {
      const limiter = down()
      const limits = { limiter, name: 'api', key: () => 'ann', isolates: 2 }
      const made = new Hono().use(
        rateLimit({ ...limits, cost: 6 }),
        rateLimit({ ...limits, cost: 6 }),
      )
      made.get('/', (c) => c.text('done'))
      expect((await made.request('/')).status).toBe(429)
    })

    it('lets pass where that is said, and says so', async () => {
      const hears: SecurityEvent[] = []
      const made = app({ limiter: down(), onOutage: 'open' }, hears)
      const response = await made.request('/results', from('203.0.113.9'))
      expect(response.status).toBe(200)
      expect(response.headers.get('RateLimit-Policy')).toBe('"default";q=20;w=60')
      expect(response.headers.get('RateLimit')).toBe(null)
      expect(await response.json()).toMatchObject([{ allowed: true, limit: 20, degraded: true }])
      expect(hears).toHaveLength(1)
    })

    it('answers 503 where that is said', async () => {
      const made = app({ limiter: down(), onOutage: 'closed' })
      const response = await made.request('/', from('203.0.113.9'))
      expect([response.status, response.headers.get('Retry-After')]).toEqual([503, '10'])
      expect(response.headers.get('Cache-Control')).toBe('no-store')
      expect(await response.text()).not.toMatch(/redis|store|limit/i)
    })

    it('refuses nothing while it observes', async () => {
      const hears: SecurityEvent[] = []
      const made = app({ limiter: down(), onOutage: 'closed', mode: 'observe' }, hears)
      expect((await made.request('/', from('203.0.113.9'))).status).toBe(200)
      expect(hears).toEqual([{ type: 'rate-limit-degraded', subject: 'default', reason: 'fault' }])
    })

    it('does not take a cost that is none for an outage', async () => {
      const made = app({ limiter: memory(5), cost: () => Number.NaN, onOutage: 'open' })
      expect((await made.request('/', from('203.0.113.9'))).status).toBe(500)
    })

    it('takes a configuration that cannot be served for what it is', async () => {
      const limiter = exactLimiter({
        redis: client(),
        secret: () => undefined,
        limit: 5,
        window: 60,
      })
      const made = new Hono()
      made.use(rateLimit({ limiter, platform: 'cloudflare', onOutage: 'open' }))
      made.get('/', (c) => c.text('done'))
      made.onError((error, c) => c.text((error as PortcullisError).code, 503))
      expect(await (await made.request('/')).text()).toBe('ERR_CONFIG')
    })
  })

  it.each<[options: object | undefined, faults: string[]]>([
    [undefined, ['', 'limiter', 'platform']],
    [{}, ['limiter', 'platform']],
    [{ limiter: memory(1) }, ['platform']],
    [{ limiter: {}, platform: 'none' }, ['limiter']],
    [{ limiter: memory(1), platform: 'nginx' }, ['platform']],
    [{ limiter: memory(1), platform: 'none', name: 'Not "quoted"' }, ['name']],
    [{ limiter: memory(1), platform: 'none', key: 'ip', cost: -1 }, ['key', 'cost']],
    [
      { limiter: memory(1), platform: 'none', onOutage: 'ignore', mode: 'off' },
      ['onOutage', 'mode'],
    ],
    [
      { limiter: memory(1), platform: 'none', isolates: 0, ipv6Bits: 129, headers: 1 },
      ['isolates', 'ipv6Bits', 'headers'],
    ],
    [
      { limiter: memory(1), platform: 'none', skip: 1, refuse: 1, onEvent: 1 },
      ['skip', 'refuse', 'onEvent'],
    ],
    [{ limiter: memory(1), platform: 'none', limitter: 1 }, ['limitter']],
    [{ policies: [], platform: 'none' }, ['policies']],
    [{ policies: [{ limiter: memory(1) }], platform: 'none' }, ['policies[0].name']],
    [
      { policies: [{ name: 'a' }, { name: 'a', limiter: memory(1), window: 5 }], platform: 'none' },
      ['policies[0].limiter', 'policies[1].window', 'policies[1].name'],
    ],
    [{ policies: [{ name: 'a', limiter: memory(1) }], cost: 2, platform: 'none' }, ['cost']],
  ])('refuses %j, every fault at once', (options, faults) => {
    expect(() => rateLimit(options as never)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG',
        faults: expect.arrayContaining(
          faults.map((name) =>
            expect.objectContaining({ option: name ? `rateLimit.${name}` : 'rateLimit' }),
          ),
        ),
      }),
    )
  })

  it('needs no platform where no address is asked for', () => {
    expect(rateLimit({ limiter: memory(1), key: () => 'a' })).toBeTypeOf('function')
  })
})
