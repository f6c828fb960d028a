import { describe, expect, it } from 'vitest'
import type { Route } from '../../src/gateway/index.ts'
import { graphqlLimits } from '../../src/graphql/index.ts'
import { limitGate, memoryLimiter } from '../../src/limit/index.ts'
import { type Bench, bench, type Data, type Overrides, order, signIn } from './support.ts'

const page = { accept: 'text/html,application/xhtml+xml' }
type AppRoute = Route<'app', Data>

/** A gateway with these routes, and the login of the others. */
function withRoutes(routes: readonly AppRoute[], more: Overrides = {}): Promise<Bench> {
  const login: readonly AppRoute[] = [
    { path: '/login', methods: ['GET'], to: 'app', access: 'public' },
    { path: '/login', methods: ['POST'], to: 'app', access: 'public', sessions: ['start'] },
  ]
  return bench({ ...more, routes: [...login, ...routes] })
}

describe('access of a route', () => {
  const office = { address: ['198.51.100.0/24', '2001:db8::/32'] }
  const hour = 3_600_000

  it.each<
    [
      what: string,
      access: NonNullable<AppRoute['access']>,
      data: Data | undefined,
      from: string,
      ms: number,
      status: number,
    ]
  >([
    ['an address in a range', office, undefined, '198.51.100.7', 0, 200],
    ['an address beside it', office, undefined, '198.51.101.7', 0, 403],
    ['IPv6 in a range', office, undefined, '2001:db8:1::7', 0, 200],
    ['IPv4 written as IPv6', office, undefined, '::ffff:198.51.100.7', 0, 200],
    ['G5: IPv4 by NAT64', office, undefined, '64:ff9b::198.51.100.7', 0, 403],
    ['G5: IPv4 by NAT64 of a network', office, undefined, '64:ff9b:1::198.51.100.7', 0, 403],
    ['G5: IPv4 by 6to4', office, undefined, '2002:c633:6407::1', 0, 403],
    ['G5: IPv4 by Teredo', office, undefined, '2001:0:c633:6407::1', 0, 403],
    ['G5: IPv4 compatible', office, undefined, '::198.51.100.7', 0, 403],
    ['G5: IPv4 translated', office, undefined, '::ffff:0:198.51.100.7', 0, 403],
    [
      'G5: NAT64 that a rule names',
      { address: ['64:ff9b::c633:6400/120'] },
      undefined,
      '64:ff9b::198.51.100.7',
      0,
      200,
    ],
    ['no address', office, undefined, '', 0, 403],
    ['two addresses', office, undefined, '198.51.100.7, 203.0.113.1', 0, 403],
    [
      'an address and a session',
      { ...office, session: true },
      { user: 'ann' },
      '198.51.100.7',
      0,
      200,
    ],
    [
      'an address without the session',
      { ...office, session: true },
      undefined,
      '198.51.100.7',
      0,
      401,
    ],
    [
      'the session without the address',
      { ...office, session: true },
      { user: 'ann' },
      '203.0.113.1',
      0,
      403,
    ],
    ['a claim', { claim: { user: 'ann' } }, { user: 'ann' }, '', 0, 200],
    ['another value of it', { claim: { user: 'ann' } }, { user: 'bob' }, '', 0, 403],
    ['one of several values', { claim: { user: ['bob', 'ann'] } }, { user: 'ann' }, '', 0, 200],
    [
      'a claim that is a list',
      { claim: { cart: 'tea' } },
      { user: 'ann', cart: ['milk', 'tea'] },
      '',
      0,
      200,
    ],
    ['a claim that nobody set', { claim: { visits: 1 } }, { user: 'ann' }, '', 0, 403],
    [
      'two claims, one of them held',
      { claim: { user: 'ann', visits: 1 } },
      { user: 'ann', visits: 2 },
      '',
      0,
      403,
    ],
    ['no session at all', { claim: { user: 'ann' } }, undefined, '', 0, 401],
    [
      'a function of the data',
      { claim: ({ visits = 0 }: Data) => visits > 2 },
      { user: 'ann', visits: 3 },
      '',
      0,
      200,
    ],
    [
      'a function that says no',
      { claim: ({ visits = 0 }: Data) => visits > 2 },
      { user: 'ann', visits: 2 },
      '',
      0,
      403,
    ],
    ['a function that throws', { claim: () => expect.fail('no') }, { user: 'ann' }, '', 0, 403],
    ['a fresh login', { fresh: 600 }, { user: 'ann' }, '', 0, 200],
    ['an old login', { fresh: 600 }, { user: 'ann' }, '', hour, 401],
    ['an old login where age does not matter', 'session', { user: 'ann' }, '', hour, 200],
    [
      'role and claim',
      { role: 'admin', claim: { user: 'ann' } },
      { user: 'ann', roles: ['admin'] },
      '',
      0,
      200,
    ],
    [
      'a claim without the role',
      { role: 'admin', claim: { user: 'ann' } },
      { user: 'ann', roles: [] },
      '',
      0,
      403,
    ],
    [
      'a role without the claim',
      { role: 'admin', claim: { user: 'ann' } },
      { user: 'bob', roles: ['admin'] },
      '',
      0,
      403,
    ],
    [
      'everything at once',
      { ...office, role: 'admin', claim: { user: 'ann' }, fresh: 600 },
      { user: 'ann', roles: ['admin'] },
      '198.51.100.1',
      0,
      200,
    ],
  ])('%s: %# is %j', async (_what, access, data, from, ms, status) => {
    let late = 0
    const at = await withRoutes([{ path: '/x', to: 'app', access }], {
      clock: () => Date.now() + late,
    })
    const cookie = data === undefined ? '' : await signIn(at, data)
    late = ms
    const headers: Record<string, string> = { Cookie: cookie, accept: 'application/json' }
    if (from !== '') headers['cf-connecting-ip'] = from
    const response = await at.ask('/X/', { headers })
    expect([response.status, at.seen.length]).toEqual([status, status === 200 ? 1 : 0])
  })

  it('by address opens no session, whatever the cookie says', async () => {
    const at = await withRoutes([{ path: '/x', to: 'app', access: office }], {
      session: new Proxy({} as never, {
        get: (_target, name) =>
          ({ cookieNames: ['__Host-session'], check: () => {}, open: () => expect.fail('opened') })[
            String(name)
          ],
      }),
    })
    const response = await at.ask('/x', {
      headers: { Cookie: '__Host-session=AAAA', 'cf-connecting-ip': '203.0.113.1' },
    })
    expect(response.status).toBe(403)
    expect(at.events).toMatchObject([{ type: 'request-refused', reason: 'address-not-allowed' }])
  })

  it('sends a person whose login is too old to the sign-in page, and back', async () => {
    let late = 0
    const at = await withRoutes([{ path: '/pay', to: 'app', access: { fresh: 600 } }], {
      clock: () => Date.now() + late,
    })
    const cookie = await signIn(at, { user: 'ann' })
    late = hour
    const response = await at.ask('/pay?to=bob', { headers: { Cookie: cookie, ...page } })
    expect([response.status, response.headers.get('location')]).toEqual([
      303,
      '/login?return_to=%2Fpay%3Fto%3Dbob',
    ])
    const ahead = await at.ask('/pay', {
      headers: { Cookie: cookie, ...page, 'sec-purpose': 'prefetch' },
    })
    expect([ahead.status, ahead.headers.get('cache-control')]).toEqual([401, 'no-store'])
    expect(at.events).toMatchObject([{ type: 'request-refused', reason: 'session-too-old' }])
  })

  it('never redirects who may not pass although signed in', async () => {
    const at = await withRoutes([{ path: '/x', to: 'app', access: { role: 'admin' } }])
    const cookie = await signIn(at, { user: 'bob' })
    expect((await at.ask('/x', { headers: { Cookie: cookie, ...page } })).status).toBe(403)
  })
})

// Preflights carry no cookies and do nothing: they reach the upstream where a route says so, and never lend a session.
describe('a preflight', () => {
  const preflight = {
    method: 'OPTIONS',
    headers: { origin: 'https://shop.test', 'access-control-request-method': 'PUT' },
  }

  it('is refused like anything else without a session', async () => {
    const at = await withRoutes([{ path: '/api/*', to: 'app' }])
    expect([(await at.ask('/api/x', preflight)).status, at.seen.length]).toEqual([401, 0])
  })

  it('passes where a public route of the same path takes it, and opens nothing else', async () => {
    const at = await withRoutes([
      { path: '/api/*', methods: ['OPTIONS'], to: 'app', access: 'public' },
      { path: '/api/*', to: 'app' },
    ])
    expect([
      (await at.ask('/API/x', preflight)).status,
      at.last().headers.has('portcullis-assertion'),
    ]).toEqual([200, false])
    expect((await at.ask('/api/x')).status).toBe(401)
  })
})

// curl -A GoogleHC/1.0 https://app.example.com/admin (CVE-2026-34457): who asks for health by its looks gets in nowhere.
it.each(['GoogleHC/1.0', 'kube-probe/1.31', 'ELB-HealthChecker/2.0'])(
  '%s is asked for a session as anybody is',
  async (agent) => {
    const at = await withRoutes([{ path: '/*', to: 'app' }])
    expect((await at.ask('/admin', { headers: { 'user-agent': agent } })).status).toBe(401)
    expect(
      (await at.ask('/.portcullis/health/x', { headers: { 'user-agent': agent } })).status,
    ).toBe(404)
  },
)

describe('a route with a host', () => {
  const hosted = (more: Overrides = {}): Promise<Bench> =>
    withRoutes(
      [
        { host: 'api.example.com', path: '/admin/*', to: 'app', access: { role: 'admin' } },
        { host: 'api.example.com', path: '/*', to: 'app', access: 'public' },
        { path: '/any', to: 'app', access: 'public' },
      ],
      { hosts: ['api.example.com', 'www.example.com'], ...more },
    )
  const ask = (at: Bench, url: string, init: RequestInit = {}): Promise<Response> =>
    at.gateway.fetch(new Request(url, init))

  it.each([
    ['https://api.example.com/x', 200],
    ['https://API.EXAMPLE.COM/x', 200],
    ['https://api.example.com/Admin', 401],
    ['https://app.example.com/x', 404],
    ['https://www.example.com/x', 404],
    ['https://www.example.com/any', 200],
    ['https://api.example.com.evil.test/x', 421],
    ['https://api.example.com:8443/x', 421],
    ['https://evil.test/x', 421],
  ])('%s is %s', async (url, status) => {
    expect((await ask(await hosted(), url)).status).toBe(status)
  })

  it('stays on that host: forwarding, redirects, and where forms and sockets come from', async () => {
    const at = await hosted()
    at.answer = () =>
      new Response(null, { status: 302, headers: { location: 'http://upstream.test:8080/y' } })
    const response = await ask(at, 'https://api.example.com/x', {
      method: 'POST',
      headers: { origin: 'https://api.example.com' },
    })
    expect(response.headers.get('location')).toBe('https://api.example.com/y')
    expect(at.last().headers.get('x-forwarded-host')).toBe('api.example.com')
    const elsewhere = { method: 'POST', headers: { origin: 'https://app.example.com' } }
    expect((await ask(at, 'https://api.example.com/x', elsewhere)).status).toBe(403)
    const socket = (origin: string): Promise<Response> =>
      ask(at, 'https://api.example.com/x', {
        headers: { upgrade: 'websocket', connection: 'Upgrade', origin },
      })
    expect((await socket('https://app.example.com')).status).toBe(403)
    expect(
      (await ask(at, 'https://www.example.com/any', { headers: {} })).headers.get('location'),
    ).toBe('https://app.example.com/y')
    expect(at.last().headers.get('x-forwarded-host')).toBe('app.example.com')
  })

  it('comes again over https on the same host', async () => {
    const at = await hosted()
    const response = await ask(at, 'http://api.example.com/x?y=1', { headers: page })
    expect([response.status, response.headers.get('location')]).toEqual([
      308,
      'https://api.example.com/x?y=1',
    ])
    const other = await ask(at, 'http://www.example.com/any', { headers: page })
    expect(other.headers.get('location')).toBe('https://app.example.com/any')
  })

  it('signs assertions in the name of the public origin', async () => {
    const at = await withRoutes(
      [{ host: 'api.example.com', path: '/*', to: 'app', access: 'public', sessions: ['start'] }],
      { hosts: ['api.example.com'] },
    )
    const cookie = await signIn(at, { user: 'ann' })
    await ask(at, 'https://api.example.com/x', { headers: { Cookie: cookie } })
    const [, payload = ''] = at.last().headers.get('portcullis-assertion')?.split('.') ?? []
    expect(JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))).iss).toBe(
      'https://app.example.com',
    )
  })
})

describe('a limit', () => {
  const gate = (name: string, limit: number): NonNullable<Overrides['limit']> =>
    limitGate({ name, limiter: memoryLimiter({ limit, window: 60 }), platform: 'cloudflare' })
  const from = (address: string): RequestInit => ({ headers: { 'cf-connecting-ip': address } })

  // A flood of queries that are refused anyway: each is 64 KB to parse.
  it('counts GraphQL that is refused, too', async () => {
    const limit = gate('graphql', 2)
    const at = await withRoutes([
      { path: '/graphql', to: 'app', access: 'public', limit, graphql: graphqlLimits() },
    ])
    const ask = (): Promise<Response> =>
      at.ask('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"query":"{"}',
      })
    expect([(await ask()).status, (await ask()).status, (await ask()).status]).toEqual([
      400, 400, 429,
    ])
    expect(at.seen).toEqual([])
  })

  it('of the gateway and one of the route count each for itself, and tell of both', async () => {
    const at = await withRoutes(
      [
        { path: '/search', to: 'app', access: 'public', limit: gate('search', 2) },
        { path: '/free', to: 'app', access: 'public', limit: false },
        { path: '/*', to: 'app', access: 'public' },
      ],
      { limit: gate('all', 4) },
    )
    const first = await at.ask('/search', from('192.0.2.1'))
    expect([first.status, first.headers.get('ratelimit-policy')]).toEqual([
      200,
      '"all";q=4;w=60, "search";q=2;w=60',
    ])
    expect(first.headers.get('ratelimit')).toMatch(/^"all";r=3;t=\d+, "search";r=1;t=\d+$/)
    expect((await at.ask('/SEARCH/', from('192.0.2.1'))).status).toBe(200)
    const over = await at.ask('/search', from('192.0.2.1'))
    expect(over.status).toBe(429)
    expect(Number(over.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(over.headers.get('cache-control')).toBe('no-store')
    expect(over.headers.get('content-type')).toBe('application/problem+json')
    expect(over.headers.get('ratelimit')).toMatch(/"all";r=1.*"search";r=0|"search";r=0.*"all";r=1/)
    expect(over.headers.get('x-content-type-options')).toBe('nosniff')
    expect((await at.ask('/x', from('192.0.2.1'))).status).toBe(200)
    expect((await at.ask('/x', from('192.0.2.1'))).status).toBe(429)
    expect((await at.ask('/x', from('192.0.2.2'))).status).toBe(200)
    const free = await at.ask('/free', from('192.0.2.1'))
    expect([free.status, free.headers.get('ratelimit')]).toEqual([200, null])
    expect(at.events.filter(({ reason }) => reason === 'rate-limited').length).toBe(2)
    expect(at.seen.length).toBe(5)
  })

  it('is told on what the gateway answers itself, too', async () => {
    const at = await withRoutes([{ path: '/x', to: 'app', access: 'session', limit: gate('x', 5) }])
    const refused = await at.ask('/x')
    expect([refused.status, refused.headers.get('ratelimit-policy')]).toEqual([401, '"x";q=5;w=60'])
    const cookie = await signIn(at, { user: 'ann' })
    at.answer = () => Promise.reject(new TypeError('refused'))
    const lost = await at.ask('/x', { headers: { Cookie: cookie } })
    expect([lost.status, lost.headers.get('ratelimit-policy')]).toEqual([502, '"x";q=5;w=60'])
  })

  it('asks nobody who they are before it lets them pass', async () => {
    const at = await withRoutes([{ path: '/x', to: 'app', access: 'session', limit: gate('x', 1) }])
    await at.ask('/x', from('192.0.2.1'))
    const answer = await at.ask('/x', { headers: { 'cf-connecting-ip': '192.0.2.1', ...page } })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      429,
      'text/html; charset=utf-8',
    ])
  })

  it('does not count preflights', async () => {
    const at = await withRoutes([{ path: '/x', to: 'app', access: 'public', limit: gate('x', 1) }])
    const headers = { origin: 'https://partner.test', 'access-control-request-method': 'PUT' }
    const preflight = { method: 'OPTIONS', headers }
    // Runtimes that forbid these names on a Request cannot send a preflight.
    if (!new Request('https://a.test', preflight).headers.has('access-control-request-method'))
      return expect(at.seen).toEqual([])
    for (let i = 0; i < 3; i++) expect((await at.ask('/x', preflight)).status).toBe(200)
  })

  // for i in 1 2 3 4; do curl -X OPTIONS https://app.example.com/x; done
  it.each([[{}], [{ 'access-control-request-headers': 'x-a' }], [{ accept: 'text/html' }]])(
    'G4: counts an OPTIONS that is no preflight: %j',
    async (headers) => {
      const at = await withRoutes([
        { path: '/x', to: 'app', access: 'public', limit: gate('x', 3) },
      ])
      const statuses: number[] = []
      for (let i = 0; i < 4; i++)
        statuses.push((await at.ask('/x', { method: 'OPTIONS', headers })).status)
      expect(statuses).toEqual([200, 200, 200, 429])
    },
  )

  it.each([
    ['open', 200],
    ['closed', 503],
    ['local', 200],
  ] as const)('whose store is away does what it says: %s', async (onOutage, status) => {
    const broken = { limit: 10, window: 60, take: () => Promise.reject(new Error('away')) }
    const limit = limitGate({ name: 'x', limiter: broken, onOutage, platform: 'cloudflare' })
    const at = await withRoutes([{ path: '/x', to: 'app', access: 'public', limit }])
    expect((await at.ask('/x')).status).toBe(status)
    const degraded = { type: 'rate-limit-degraded', subject: 'x' }
    const refused = { type: 'request-refused', reason: 'store-unavailable' }
    expect(at.events).toMatchObject(status === 503 ? [degraded, refused] : [degraded])
  })

  it('tells its own onEvent and that of the gateway, once each', async () => {
    const heard: string[] = []
    const limiter = { limit: 10, window: 60, take: () => Promise.reject(new Error('away')) }
    const onEvent = ({ type }: { type: string }): void => void heard.push(type)
    const limit = limitGate({
      name: 'x',
      limiter,
      onOutage: 'open',
      platform: 'cloudflare',
      onEvent,
    })
    const at = await withRoutes([{ path: '/x', to: 'app', access: 'public', limit }])
    await at.ask('/x')
    const told = at.events.map(({ type }) => type)
    expect([heard, told]).toEqual([['rate-limit-degraded'], ['rate-limit-degraded']])
  })
})

describe('headers of a route', () => {
  const html = (): Response => new Response('<p>', { headers: { 'content-type': 'text/html' } })

  it('are laid over those of the gateway', async () => {
    const at = await withRoutes(
      [
        { path: '/embed', to: 'app', access: 'public', headers: { xFrameOptions: 'SAMEORIGIN' } },
        { path: '/api', to: 'app', access: 'public', headers: 'api' },
        { path: '/*', to: 'app', access: 'public' },
      ],
      { headers: { preset: 'recommended', referrerPolicy: 'no-referrer' } },
    )
    at.answer = html
    const [embed, api, rest] = await Promise.all(
      ['/embed', '/api', '/x'].map((path) => at.ask(path)),
    )
    expect(embed?.headers.get('x-frame-options')).toBe('SAMEORIGIN')
    expect(embed?.headers.get('referrer-policy')).toBe('no-referrer')
    expect(embed?.headers.get('content-security-policy')).toContain("'strict-dynamic'")
    expect(api?.headers.get('content-security-policy')).toMatch(/^default-src 'none';.*sandbox/)
    expect(rest?.headers.get('x-frame-options')).toBe('DENY')
  })

  it('decide on a policy where the gateway only observes', async () => {
    const at = await withRoutes([
      { path: '/new', to: 'app', access: 'public', headers: 'strict' },
      { path: '/*', to: 'app', access: 'public' },
    ])
    at.answer = html
    const [decided, observed] = await Promise.all(['/new', '/x'].map((path) => at.ask(path)))
    expect(decided?.headers.get('content-security-policy')).toContain("'strict-dynamic'")
    expect(decided?.headers.get('content-security-policy-report-only')).toBe(null)
    expect(observed?.headers.get('content-security-policy')).not.toContain("'strict-dynamic'")
    expect(observed?.headers.get('content-security-policy-report-only')).toContain(
      "'strict-dynamic'",
    )
  })

  it('are on its refusals as well', async () => {
    const at = await withRoutes([
      { path: '/x', to: 'app', access: 'session', headers: { referrerPolicy: 'origin' } },
    ])
    expect((await at.ask('/x')).headers.get('referrer-policy')).toBe('origin')
  })
})

describe('an anonymous route of an upstream with sessions', () => {
  it('opens no session, tells the upstream of none, and leaves the answer cacheable', async () => {
    const at = await withRoutes([
      { path: '/assets/*', to: 'app', access: 'public', anonymous: true },
      { path: '/*', to: 'app', access: 'public' },
    ])
    const cookie = await signIn(at, { user: 'ann' })
    at.answer = () =>
      new Response('body{}', {
        headers: { 'cache-control': 'public, max-age=60', 'content-type': 'text/css' },
      })
    const asset = await at.ask('/assets/a.css', { headers: { Cookie: cookie } })
    expect([asset.headers.get('cache-control'), asset.headers.get('vary')]).toEqual([
      'public, max-age=60',
      null,
    ])
    const { headers } = at.last()
    expect([headers.get('portcullis-session-nonce'), headers.get('portcullis-assertion')]).toEqual([
      null,
      null,
    ])
    expect([headers.get('cookie'), at.events]).toEqual([null, []])
    const other = await at.ask('/other.css', { headers: { Cookie: cookie } })
    expect([
      other.headers.get('cache-control'),
      at.last().headers.has('portcullis-assertion'),
    ]).toEqual(['private, max-age=60', true])
  })

  it('tells the upstream of nobody where only who is signed in may pass, either', async () => {
    const at = await withRoutes([{ path: '/files/*', to: 'app', anonymous: true }])
    const cookie = await signIn(at, { user: 'ann' })
    expect((await at.ask('/files/a')).status).toBe(401)
    expect((await at.ask('/files/a', { headers: { Cookie: cookie } })).status).toBe(200)
    const { headers } = at.last()
    expect([headers.get('portcullis-session-nonce'), headers.get('portcullis-assertion')]).toEqual([
      null,
      null,
    ])
  })

  it('does not listen to orders about sessions', async () => {
    const at = await withRoutes([
      { path: '/assets/*', to: 'app', access: 'public', anonymous: true },
    ])
    at.answer = (seen) =>
      new Response('x', { headers: { 'portcullis-session': order(seen, { start: { data: {} } }) } })
    const response = await at.ask('/assets/x', { method: 'POST' })
    expect(response.headers.getSetCookie()).toEqual([])
    expect(at.events).toMatchObject([{ type: 'session-header-refused', reason: 'not-granted' }])
  })
})

describe('%2F in a path', () => {
  const kept = (): Promise<Bench> =>
    withRoutes([
      { path: '/files/private/*', to: 'app' },
      { path: '/files/secret/*', to: 'app', caseSensitive: true },
      { path: '/files/*', to: 'app', access: 'public', encodedSlash: 'keep' },
      { path: '/admin/*', to: 'app' },
      { path: '/*', to: 'app', access: 'public' },
    ])

  it.each([
    ['/files/a%2Fb', 200],
    ['/files/a%2fb%2Fc?d=%2F', 200],
    // An upstream that takes it for a slash would serve what the guard never saw.
    ['/files/..%2fadmin', 400],
    ['/files/x%2f..%2f..%2fadmin', 400],
    ['/files%2f..%2fadmin/x', 400],
    ['/files/private%2fx', 400],
    ['/files/PRIVATE%2Fx', 400],
    ['/files/secret%2fx', 400],
    ['/files/%2fx', 400],
    ['/files/x%2f', 200],
    ['/files/x%2f%2fy', 400],
    ['/files/x%252fy', 400],
    ['/files/x%2f%5cy', 400],
    ['/files/x%2fy;z', 400],
    ['/x%2fy', 400],
    ['/admin%2fx', 400],
    ['/files%2fx', 400],
    ['//evil%2ftest', 400],
  ])('%s is %s', async (path, status) => {
    const at = await kept()
    expect((await at.ask(path)).status).toBe(status)
    expect(at.seen.map(({ url }) => url)).toEqual(
      status === 200 ? [`http://upstream.test:8080${path}`] : [],
    )
  })
})

describe('what an upstream says of its own faults', () => {
  const trace = 'Traceback (most recent call last): /srv/app.py'
  const hiding = (
    more: Partial<AppRoute> = {},
    upstream: object = { hideErrors: true },
  ): Promise<Bench> =>
    bench({
      upstreams: { app: { url: 'http://upstream.test:8080', sessions: true, ...upstream } },
      signIn: undefined as never,
      routes: [{ path: '/*', to: 'app', access: 'public', ...more }],
    })

  it.each([
    ['text/html; charset=utf-8', 500, true],
    ['text/plain', 502, true],
    ['', 503, true],
    ['application/json', 500, false],
    ['application/problem+json; charset=utf-8', 503, false],
    ['text/html', 404, false],
    ['text/html', 200, false],
  ])('as %s with %i is hidden: %s', async (type, status, hidden) => {
    const at = await hiding()
    at.answer = () => {
      const body = new TextEncoder().encode(trace)
      return new Response(body, {
        status,
        headers: { 'x-trace': trace, 'retry-after': '77', ...(type && { 'content-type': type }) },
      })
    }
    const response = await at.ask('/x', { headers: page })
    expect(response.status).toBe(status)
    expect((await response.text()).includes('Traceback')).toBe(!hidden)
    expect(response.headers.has('x-trace')).toBe(!hidden)
    if (hidden) {
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(response.headers.get('retry-after')).toBe('77')
    }
  })

  it('passes unless somebody says otherwise, and a route may', async () => {
    for (const [at, shown] of [
      [await hiding({}, {}), true],
      [await hiding({ hideErrors: true }, {}), false],
      [await hiding({ hideErrors: false }), true],
    ] as const) {
      at.answer = () => new Response(trace, { status: 500 })
      expect((await (await at.ask('/x')).text()).includes('Traceback')).toBe(shown)
    }
  })
})
