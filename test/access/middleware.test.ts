import { Hono } from 'hono'
import { describe, expect, it, test } from 'vitest'
import {
  type AccessOptions,
  access,
  errorPage,
  portcullis,
  requireAccess,
  requireAddress,
  requireRole,
  type SecurityEvent,
  session,
  statelessSessions,
} from '../../src/index.ts'
import { aliasesOf, named, servers } from '../support/aliases.ts'

interface Data {
  user: string
  roles: string[]
  plan?: string
}

const noon = Date.UTC(2026, 10, 20, 12)
const time = { now: noon }
const sessions = statelessSessions<Data>({
  secret: 'kX9vQ2mT7pL4wZ8rB3nJ6hD1sF5gY0cE',
  clock: () => time.now,
})
const roles = (data: Data): string[] => data.roles
const origin = 'https://app.example.test'
const navigation = { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' }

const rules: AccessOptions<Data>['rules'] = [
  { path: '/login', allow: 'public' },
  { path: '/start/*', allow: 'public' },
  { path: '/admin/help', allow: 'public' },
  { path: '/admin/*', allow: { role: 'admin', address: ['203.0.113.0/24', '2001:db8::/32'] } },
  { path: '/office/*', allow: { address: ['203.0.113.0/24'] } },
  { path: '/notes/*', methods: ['GET'], allow: 'public' },
  { path: '/notes/*', allow: { claim: { plan: ['pro', 'team'] } } },
  { path: '/password', allow: { fresh: 600 } },
  { path: '/account/*', allow: 'session' },
]

function appWith(options: Partial<AccessOptions<Data>> = {}) {
  const events: SecurityEvent[] = []
  const seen: string[] = []
  const app = new Hono()
    .onError(errorPage({ report: () => {} }))
    .use(session(sessions))
    .use(
      access<Data>({
        rules,
        roles,
        platform: 'cloudflare',
        signIn: '/login',
        clock: () => time.now,
        onEvent: (event) => events.push(event),
        ...options,
      } as AccessOptions<Data>),
    )
    .get('/start/:user/:roles', async (c) => {
      const { user, roles } = c.req.param()
      await c.var.session.start({
        user,
        roles: roles.split('+'),
        ...(user === 'pia' && { plan: 'pro' }),
      })
      return c.text('in')
    })
    .all('*', (c) => {
      seen.push(`${c.req.method} ${c.req.path}`)
      return c.text('handler')
    })
  return { app, events, seen }
}

// biome-ignore lint/suspicious/noExplicitAny: any app will do.
async function cookieOf(app: Pick<Hono<any, any, any>, 'request'>, path: string): Promise<string> {
  const response = await app.request(origin + path)
  return response.headers.getSetCookie()[0]?.split(';')[0] ?? ''
}

describe('a list of rules', () => {
  const { app, seen, events } = appWith()

  test.each<[string, string, string | undefined, string | undefined, number]>([
    ['GET', '/login', undefined, undefined, 200],
    ['GET', '/account', undefined, undefined, 401],
    ['GET', '/account/x', '/start/eve/editor', undefined, 200],
    ['GET', '/admin/help', undefined, undefined, 200],
    ['GET', '/admin', '/start/ada/admin', '203.0.113.9', 200],
    ['GET', '/admin/x', '/start/ada/admin', '2001:db8::9', 200],
    ['GET', '/admin', '/start/ada/admin', '::ffff:203.0.113.9', 200],
    ['GET', '/admin', '/start/ada/admin', '198.51.100.1', 403],
    ['GET', '/admin', '/start/ada/admin', undefined, 403],
    ['GET', '/admin', '/start/eve/editor', '203.0.113.9', 403],
    ['GET', '/admin', undefined, '203.0.113.9', 401],
    // Wrong place first: nobody is asked to sign in where it would not help.
    ['GET', '/admin', undefined, '198.51.100.1', 403],
    ['GET', '/office/x', undefined, '203.0.113.9', 200],
    ['GET', '/notes/1', undefined, undefined, 200],
    ['HEAD', '/notes/1', undefined, undefined, 200],
    ['POST', '/notes/1', undefined, undefined, 401],
    ['POST', '/notes/1', '/start/eve/editor', undefined, 403],
    ['POST', '/notes/1', '/start/pia/editor', undefined, 200],
    // No rule fits: refused, session or not.
    ['GET', '/', '/start/ada/admin', '203.0.113.9', 403],
    ['GET', '/elsewhere', undefined, undefined, 403],
    ['GET', '/accounting', '/start/ada/admin', undefined, 403],
  ])('%s %s with %s from %s is %i', async (method, path, login, address, status) => {
    const headers = new Headers()
    if (login !== undefined) headers.set('Cookie', await cookieOf(app, login))
    if (address !== undefined) headers.set('CF-Connecting-IP', address)
    seen.length = 0
    const response = await app.request(origin + path, { method, headers })
    expect(response.status).toBe(status)
    expect(seen).toEqual(status === 200 ? [`${method} ${path}`] : [])
    if (status !== 200) expect(response.headers.get('Cache-Control')).toBe('no-store')
  })

  // curl --path-as-is 'https://app.example.test/ADMIN/', and what else some server takes for /admin
  test.each([
    '/ADMIN',
    '/Admin/x',
    '/admin/',
    '/admin.',
    '/admin./',
    '/admin%20',
    '/admin%20/x',
    '/admin.%20.',
    '/.../admin',
    '/admin/HELP',
    '/admin/help/',
    '/admin/help.',
    '/%41DMIN',
    '//admin',
    '/x/../admin',
    '/x/%2e%2e/admin',
    '/x/..;/admin',
    '/admin;a=b',
    '/admin;/x',
    '/;/admin',
    '/admin%3Ba',
    '/admin%2Fx',
    '/admin%5Cx',
    '/admin\\x',
    '/admin%00',
    '/ad%0Amin',
    '/%2561dmin',
    '/admin%ff',
  ])('%s does not slip past a guard', async (path) => {
    // What no rule fits would be refused anyway: here it is everybody's.
    const { app, seen } = appWith({ rules: [...rules, { path: '/*', allow: 'public' }] })
    const cookie = await cookieOf(app, '/start/eve/editor')
    seen.length = 0
    for (const headers of [{}, { Cookie: cookie, 'CF-Connecting-IP': '198.51.100.1' }]) {
      // Of the url as it came, which Request would tidy up.
      const raw = new Request(`${origin}/`, { headers })
      Object.defineProperty(raw, 'url', { value: origin + path })
      const { status } = await app.fetch(raw)
      expect([400, 401, 403]).toContain(status)
    }
    expect(seen).toEqual([])
  })

  test.each(['/PASSWORD', '/password/', '/account%20/', '/Account./x'])(
    '%s asks for a session',
    async (path) => {
      expect((await app.request(origin + path)).status).toBe(401)
    },
  )

  it('takes a public rule as it is written', async () => {
    expect((await app.request(`${origin}/LOGIN`)).status).toBe(403)
  })

  it('tells events with the rule, and never who asked', async () => {
    events.length = 0
    await app.request(`${origin}/admin/x?token=abc`, {
      headers: { 'CF-Connecting-IP': '198.51.100.1' },
    })
    await app.request(`${origin}/nowhere?token=abc`)
    await app.request(`${origin}/account/deep`)
    await app.request(`${origin}/a%2fb?token=abc`)
    expect(events).toEqual([
      { type: 'access-refused', reason: 'address-not-allowed', subject: '/admin/*' },
      { type: 'access-refused', reason: 'no-rule', subject: '/nowhere' },
      { type: 'access-refused', reason: 'no-session', subject: '/account/*' },
      { type: 'access-refused', reason: 'path-not-canonical', subject: '/a%2fb' },
    ])
  })

  it('asks for a fresh login after a while', async () => {
    const cookie = await cookieOf(app, '/start/eve/editor')
    const at = async (): Promise<number> =>
      (await app.request(`${origin}/password`, { headers: { Cookie: cookie } })).status
    time.now = noon + 600_000
    expect(await at()).toBe(200)
    time.now = noon + 601_000
    expect(await at()).toBe(401)
    time.now = noon
  })
})

describe('who is not signed in', () => {
  const { app } = appWith()
  const at = (path: string, headers: Record<string, string>, method = 'GET') =>
    Promise.resolve(app.request(origin + path, { method, headers }))

  it('is sent to sign in with the way back, where a page is asked for', async () => {
    const response = await at('/account/x?a=1&b=2', navigation)
    expect(response.status).toBe(303)
    expect(response.headers.get('Location')).toBe('/login?return_to=%2Faccount%2Fx%3Fa%3D1%26b%3D2')
    expect(response.headers.get('Cache-Control')).toBe('no-store')
  })

  test.each<[string, Record<string, string>]>([
    ['a fetch of a script', { 'Sec-Fetch-Mode': 'cors', Accept: 'text/html' }],
    ['a program', { Accept: '*/*' }],
    ['a socket', { 'Sec-Fetch-Mode': 'websocket', Upgrade: 'websocket' }],
    // What a browser fetches ahead must not begin a login.
    ['a prefetch', { ...navigation, 'Sec-Purpose': 'prefetch' }],
    ['a prerender', { ...navigation, 'Sec-Purpose': 'prefetch;prerender' }],
  ])('gets 401 where it is %s', async (_what, headers) => {
    const response = await at('/account', headers)
    expect([response.status, response.headers.get('Location')]).toEqual([401, null])
  })

  it('is sent to sign in by an old browser that accepts HTML', async () => {
    expect((await at('/account', { Accept: 'text/html,*/*' })).status).toBe(303)
  })

  it('comes back to the page itself after a form', async () => {
    const response = await at('/account', navigation, 'POST')
    expect([response.status, response.headers.get('Location')]).toEqual([303, '/login'])
  })

  it('gets 403, not a login, where a login would not help', async () => {
    const cookie = await cookieOf(app, '/start/eve/editor')
    const response = await at('/admin', {
      ...navigation,
      Cookie: cookie,
      'CF-Connecting-IP': '203.0.113.9',
    })
    expect([response.status, response.headers.get('Location')]).toEqual([403, null])
  })

  // https://app.example.test//evil.example/%2e%2e: a way back that leads elsewhere
  test.each(['//evil.example/', '/\\evil.example/', '/x/%2e%2e//evil.example'])(
    'is given no way back to %s',
    async (path) => {
      const guarded = new Hono()
        .use(session(sessions))
        .use(requireAccess('session', { signIn: '/login' }))
      const raw = new Request(`${origin}/`, { headers: navigation })
      Object.defineProperty(raw, 'url', { value: origin + path })
      const response = await guarded.fetch(raw)
      expect([response.status, response.headers.get('Location')]).toEqual([303, '/login'])
    },
  )
})

describe('watching', () => {
  it('refuses nothing and tells the same', async () => {
    const { app, events, seen } = appWith({ mode: 'observe' })
    for (const path of ['/admin', '/nowhere', '/account']) {
      expect((await app.request(origin + path)).status).toBe(200)
    }
    expect(seen).toHaveLength(3)
    expect(events.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      'access-observed address-not-allowed',
      'access-observed no-session',
      'access-observed no-rule',
      'access-observed no-session',
    ])
  })

  it('leaves the answer to the app where it wants it', async () => {
    const { app } = appWith({
      refuse: ({ reason }) => new Response(`no: ${reason}`, { status: 418 }),
    })
    const response = await app.request(`${origin}/account`, { headers: navigation })
    expect([response.status, await response.text()]).toEqual([418, 'no: no-session'])
  })
})

describe('guards of single routes', () => {
  const app = new Hono()
    .onError(errorPage({ report: () => {} }))
    .get('/office', requireAddress(['203.0.113.7'], { platform: { hops: 1 } }), (c) => c.text('in'))
    .get('/too-early', requireRole('admin', { roles }), (c) => c.text('in'))
    .use(session(sessions))
    .get('/start/:roles', async (c) => {
      await c.var.session.start({ user: 'ada', roles: [c.req.param('roles')] })
      return c.text('in')
    })
    .get('/admin', requireRole(['admin', 'owner'], { roles }), (c) => c.text('in'))
    .get('/pro', requireAccess<Data>({ claim: ({ plan }) => plan === 'pro' }), (c) => c.text('in'))

  it('take a role', async () => {
    for (const [role, status] of [
      ['owner', 200],
      ['editor', 403],
    ] as const) {
      const cookie = await cookieOf(app, `/start/${role}`)
      expect((await app.request(`${origin}/admin`, { headers: { cookie } })).status).toBe(status)
    }
    expect((await app.request(`${origin}/admin`)).status).toBe(401)
  })

  it('take a claim', async () => {
    const cookie = await cookieOf(app, '/start/editor')
    expect((await app.request(`${origin}/pro`, { headers: { cookie } })).status).toBe(403)
  })

  it.each([
    ['203.0.113.7', 200],
    ['203.0.113.8', 403],
    // Its own word comes first in the list; the proxy's last.
    ['203.0.113.7, 198.51.100.1', 403],
    ['', 403],
  ])('take an address: %s is %i', async (forwarded, status) => {
    const headers = forwarded === '' ? {} : { 'X-Forwarded-For': forwarded }
    expect((await app.request(`${origin}/office`, { headers })).status).toBe(status)
  })

  it('without session() before them are a fault, and let nobody pass', async () => {
    expect((await app.request(`${origin}/too-early`)).status).toBe(503)
  })
})

describe('in the whole stack', () => {
  const asked: string[] = []
  const app = new Hono().onError(errorPage({ report: () => {} })).use(
    portcullis({
      session: sessions,
      onError: errorPage({ report: () => {} }),
      csrf: { onEvent: () => asked.push('csrf') },
      access: {
        rules: [
          { path: '/hooks/*', allow: { address: ['203.0.113.0/24'] } },
          { path: '/admin/*', allow: { role: 'admin' } },
          { path: '/*', allow: 'public' },
        ],
        platform: 'cloudflare',
        roles: (data) => data.roles,
      },
    }),
  )
  const routes = app.all('*', (c) => c.text('handler'))

  it('an address is judged before anything else is asked, a session after it was opened', async () => {
    const init = {
      method: 'POST',
      headers: { Origin: 'https://evil.example', 'CF-Connecting-IP': '198.51.100.1' },
    }
    const refused = await routes.request(`${origin}/hooks/x`, init)
    expect([refused.status, asked.length]).toEqual([403, 0])
    expect(refused.headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect((await routes.request(`${origin}/admin`)).status).toBe(401)
    expect((await routes.request(`${origin}/x`)).status).toBe(200)
  })

  it('rules on sessions need the option session', () => {
    expect(() => portcullis({ access: { rules: [{ path: '/*', allow: 'session' }] } })).toThrow(
      'portcullis.access has rules about the session; set the option session',
    )
  })
})

describe('options that cannot be meant', () => {
  const all = { path: '/*', allow: 'session' }
  test.each<[string, object, string]>([
    ['no rules', {}, 'access.rules must list 1 to 1000 rules'],
    ['an empty list', { rules: [] }, 'access.rules must list 1 to 1000 rules'],
    ['no allow', { rules: [{ path: '/' }] }, 'access.rules.0.allow is required'],
    [
      'a typing error',
      { rules: [{ path: '/', alow: 'public', allow: 'public' }] },
      'did you mean allow?',
    ],
    [
      'a wrong rule',
      { rules: [{ path: '/', allow: { role: 7 } }] },
      'access.rules.0.allow.role must be',
    ],
    [
      'a path with a parameter',
      { rules: [{ path: '/a?b', allow: 'public' }] },
      'access.rules.0.path must be',
    ],
    [
      'a path that is not canonical',
      { rules: [{ path: '/a/../b', allow: 'public' }] },
      'access.rules.0.path must be',
    ],
    [
      'an expression',
      { rules: [{ path: /^\/a/, allow: 'public' }] },
      'access.rules.0.path must be',
    ],
    [
      'methods in lower case',
      { rules: [{ path: '/', methods: ['get'], allow: 'public' }] },
      'rules.0.methods must be',
    ],
    [
      'a rule behind everything',
      { rules: [all, { path: '/x', allow: 'public' }] },
      'rules.1.path is never reached',
    ],
    [
      'a rule behind another spelling',
      {
        rules: [
          { path: '/Admin/*', allow: 'session' },
          { path: '/admin/x', allow: 'public' },
        ],
      },
      'rules.1.path is never reached',
    ],
    [
      'methods behind the same',
      {
        rules: [
          { path: '/a', methods: ['GET', 'POST'], allow: 'public' },
          { path: '/a', methods: ['HEAD'], allow: 'session' },
        ],
      },
      'rules.1.path is never reached',
    ],
    [
      'a role without roles',
      { rules: [{ path: '/', allow: { role: 'a' } }] },
      'access.roles is required',
    ],
    [
      'addresses without a platform',
      { rules: [{ path: '/', allow: { address: ['::1'] } }] },
      'platform is required',
    ],
    [
      'a sign-in elsewhere',
      { rules: [all], signIn: '//evil.example' },
      'access.signIn must be a path',
    ],
    [
      'a sign-in nobody may see',
      { rules: [all], signIn: '/login' },
      'access.signIn must match a rule that needs no session',
    ],
    ['a mode that is none', { rules: [all], mode: 'log' }, 'access.mode must be one of'],
    ['a clock that is none', { rules: [all], clock: 0 }, 'access.clock must be a function'],
  ])('%s', (_name, options, words) => {
    expect(() => access(options as never)).toThrow(words)
  })

  it('of single guards, too', () => {
    expect(() => requireRole('admin', {} as never)).toThrow('requireRole.roles is required')
    expect(() => requireAddress(['10.0.0.1/8'], { platform: 'vercel' })).toThrow(
      'requireAddress.rule.address.0',
    )
    expect(() => requireAddress(['10.0.0.1'], {} as never)).toThrow(
      'requireAddress.platform is required',
    )
    expect(() => requireAccess({} as never)).toThrow('requireAccess.rule must contain a condition')
  })
})

// curl https://app.example.test/admin.json, where an application behind this guard serves Rails' formats.
describe('G1: the further paths of a page under access()', () => {
  const table: AccessOptions<Data>['rules'] = [
    { path: '/login', allow: 'public' },
    { path: '/admin.css', allow: 'public' },
    { path: '/admin', allow: { role: 'admin' } },
    { path: '/reports.php', allow: 'session' },
    { path: '/notes', methods: ['POST'], allow: 'session' },
    { path: '/*', allow: 'public' },
  ]
  const { app } = appWith({
    rules: [{ path: '/start/*', allow: 'public' }, ...table],
    aliases: ['wordpress', 'next'],
    signIn: undefined as never,
  })
  const ask = async (path: string, init?: RequestInit): Promise<number> =>
    (await app.request(`${origin}${path}`, init)).status

  test.each(servers)('need the session of the page where %s serves them', async (server) => {
    if (named.has(server) && server !== 'wordpress')
      return expect(await ask('/admin.html')).toBe(401)
    for (const path of aliasesOf('/admin', server))
      expect(`${path} ${await ask(path)}`).toBe(`${path} 401`)
  })

  test('are public where the page is, and where they are spelled out', async () => {
    const paths = ['/about.json', '/admin.css', '/assets/app.js', '/notes.json', '/reports.css']
    expect(await Promise.all(paths.map((path) => ask(path)))).toEqual([200, 200, 200, 200, 200])
    expect(await ask('/reports.php/x')).toBe(401)
    expect(await ask('/notes.json', { method: 'POST' })).toBe(401)
  })

  test('ask for the role of the page', async () => {
    const cookie = await cookieOf(app, '/start/eve/editor')
    expect(await ask('/admin.json', { headers: { cookie } })).toBe(403)
    const admin = await cookieOf(app, '/start/ada/admin')
    expect(await ask('/admin.json', { headers: { cookie: admin } })).toBe(200)
  })
})
