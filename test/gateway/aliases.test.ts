import { describe, expect, it, test } from 'vitest'
import { type AliasName, nextAliases } from '../../src/gateway/index.ts'
import { limitGate, memoryLimiter } from '../../src/limit/index.ts'
import { aliasesOf, named, servers } from '../support/aliases.ts'
import { type Bench, bench, type Data, type Overrides, signIn } from './support.ts'

type Table = NonNullable<Overrides['routes']>

function testGateway(routes: Table, aliases?: AliasName): Promise<Bench> {
  const app = { url: 'http://upstream.test:8080', sessions: true, ...(aliases && { aliases }) }
  return bench({ upstreams: { app }, routes, signIn: undefined as never })
}

const logins: Table = [
  { path: '/login', methods: ['POST'], to: 'app', access: 'public', sessions: ['start'] },
]

// curl https://app.example.com/admin.json: the page of the guarded /admin, by the route of everything else.
describe.each(servers)('G1: the further paths of a page that %s serves', (server) => {
  const option = named.has(server) ? (server as AliasName) : undefined

  test.each(['/admin', '/admin/users', '/a/b/c.d', '/wp-json/wp/v2/users'])(
    'need the session that %s needs',
    async (page) => {
      const at = await testGateway(
        [...logins, { path: page, to: 'app' }, { path: '/*', to: 'app', access: 'public' }],
        option,
      )
      const passed: string[] = []
      for (const path of aliasesOf(page, server)) {
        const { status } = await at.ask(path, { redirect: 'manual' })
        if (status !== 401) passed.push(`${path} ${status}`)
      }
      expect(passed).toEqual([])
      expect(at.seen).toEqual([])
    },
  )

  test('need the session that all below /admin/* needs', async () => {
    const at = await testGateway(
      [...logins, { path: '/admin/*', to: 'app' }, { path: '/*', to: 'app', access: 'public' }],
      option,
    )
    for (const path of aliasesOf('/admin/users/7', server))
      expect(`${path} ${(await at.ask(path)).status}`).toBe(`${path} 401`)
    for (const path of aliasesOf('/admin', server))
      expect(`${path} ${(await at.ask(path)).status}`).toBe(`${path} 401`)
  })

  test('need the session that the home page needs', async () => {
    const at = await testGateway(
      [...logins, { path: '/', to: 'app' }, { path: '/*', to: 'app', access: 'public' }],
      option,
    )
    for (const path of aliasesOf('/', server).filter((path) => !path.includes('?pagename'))) {
      expect(`${path} ${(await at.ask(path)).status}`).toBe(`${path} 401`)
    }
  })

  test('reach a public page whatever else is guarded', async () => {
    const at = await testGateway(
      [
        ...logins,
        { path: '/admin/*', to: 'app' },
        { path: '/about', to: 'app', access: 'public' },
        { path: '/*', to: 'app', access: 'public' },
      ],
      option,
    )
    for (const path of aliasesOf('/about', server))
      expect(`${path} ${(await at.ask(path)).status}`).toBe(`${path} 200`)
  })

  test('reach the page of whoever is signed in', async () => {
    const at = await testGateway(
      [...logins, { path: '/admin', to: 'app' }, { path: '/*', to: 'app', access: 'public' }],
      option,
    )
    const cookie = await signIn(at, { user: 'ada' } satisfies Data)
    for (const path of aliasesOf('/admin', server)) {
      expect(`${path} ${(await at.ask(path, { headers: { cookie } })).status}`).toBe(`${path} 200`)
    }
  })
})

describe('G1: a page that has an extension itself', () => {
  test.each([
    '/admin.php/x',
    '/admin.php/x.json',
    '/admin.php/x/y/z',
    '/admin.php/',
    '/ADMIN.PHP/x',
    '/admin.php.bak',
    '/admin.php~',
    '/admin.php::$DATA',
    '/admin',
    '/admin/',
  ])('is guarded at %s', async (path) => {
    const at = await testGateway([
      ...logins,
      { path: '/admin.php', to: 'app' },
      { path: '/*', to: 'app', access: 'public' },
    ])
    expect((await at.ask(path)).status).toBe(401)
    expect(at.seen).toEqual([])
  })

  test.each([
    ['/admin/index.php', '/admin'],
    ['/index.html', '/'],
    ['/shop/default.aspx', '/shop/'],
  ])('%s is guarded where its directory %s is asked for', async (page, path) => {
    const at = await testGateway([
      ...logins,
      { path: page, to: 'app' },
      { path: '/*', to: 'app', access: 'public' },
    ])
    expect((await at.ask(path)).status).toBe(401)
  })
})

describe('G1: an escape that ends the path once it is undone', () => {
  // Apache before 2.4.60 (CVE-2024-38474) takes /admin.php%3Fx.php to the script /admin.php.
  test.each([
    ['/admin.php', '/admin.php%3Fx.php'],
    ['/admin.php', '/admin.php%3fx.css'],
    ['/admin', '/admin%3F'],
    ['/admin', '/admin%23x'],
    ['/admin', '/admin%EF%BC%9Fx'],
    ['/admin/*', '/admin%3f/users'],
    ['/', '/index.html%3fx'],
  ])('of %s is guarded: %s', async (page, path) => {
    const at = await testGateway([
      ...logins,
      { path: page, to: 'app' },
      { path: '/*', to: 'app', access: 'public' },
    ])
    expect((await at.ask(path)).status).toBe(401)
    expect(at.seen).toEqual([])
  })
})

describe('G1: programs in front of a page', () => {
  test.each([
    '/app.wsgi/admin',
    '/app.py/admin/',
    '/cgi-bin/app.exe/admin',
    '/app.rb/admin',
    '/x.lua/ADMIN',
  ])('%s is guarded', async (path) => {
    const at = await testGateway([
      ...logins,
      { path: '/admin', to: 'app' },
      { path: '/*', to: 'app', access: 'public' },
    ])
    expect((await at.ask(path)).status).toBe(401)
  })
})

describe('G1: what WordPress finds a page by', () => {
  // curl -d x=1 https://app.example.com/-members-: a GET is redirected to /members/, a POST is answered.
  test.each([
    ['/members', '/-members-'],
    ['/members', '/--members'],
    ['/members', '/.members'],
    ['/members', '/mem~bers'],
    ['/members', '/?name=members'],
    ['/members', '/index.php/-members-'],
    ['/our-team/list', '/our--team/list-'],
    ['/our-team', '/our.team'],
    ['/our-team', '/our%20team'],
    ['/our-team', '/our-team-/feed'],
  ])('%s is guarded at %s', async (page, path) => {
    const table: Table = [
      ...logins,
      { path: page, to: 'app' },
      { path: '/*', to: 'app', access: 'public' },
    ]
    const at = await testGateway(table, 'wordpress')
    expect((await at.ask(path, { method: 'POST' })).status).toBe(401)
    expect(at.seen).toEqual([])
  })

  test.each(['/my-page', '/wp-content/a.b.css', '/mem-bers', '/member-s', '/2024/05/01'])(
    '%s stays public',
    async (path) => {
      const table: Table = [
        ...logins,
        { path: '/members', to: 'app' },
        { path: '/*', to: 'app', access: 'public' },
      ]
      expect((await (await testGateway(table, 'wordpress')).ask(path)).status).toBe(200)
    },
  )
})

describe('G1: what is no further path of a guarded page', () => {
  const closed: Table = [
    ...logins,
    { path: '/', to: 'app', access: 'public' },
    { path: '/about', to: 'app', access: 'public' },
    { path: '/favicon.ico', to: 'app', access: 'public' },
    { path: '/robots.txt', to: 'app', access: 'public' },
    { path: '/assets/*', to: 'app', access: 'public' },
    { path: '/_next/static/*', to: 'app', access: 'public' },
    { path: '/_next/data/*', to: 'app', access: 'public' },
    { path: '/docs/v1.2/*', to: 'app', access: 'public' },
    { path: '/admin/*', to: 'app', access: { role: 'admin' } },
    { path: '/*', to: 'app' },
  ]

  test.each([
    '/',
    '/about',
    '/favicon.ico',
    '/robots.txt',
    '/assets/app.js',
    '/assets/app.min.js.map',
    '/assets/admin.css',
    '/assets/index.js',
    '/assets/fonts/a.woff2',
    '/_next/static/chunks/main-1f.js',
    '/_next/data/b/about.json',
    '/_next/data/b/index.json',
    '/docs/v1.2/intro',
    '/docs/v1.2/intro.html',
    '/assets/caf%C3%A9.png',
  ])('%s stays public beside guards', async (path) => {
    const at = await testGateway(closed)
    expect((await at.ask(path)).status).toBe(200)
  })

  test.each([
    '/_next/data/b/admin.json',
    '/_next/data/b/account.json',
    '/account.json',
    '/about.json',
  ])('%s needs a session there', async (path) =>
    expect((await (await testGateway(closed)).ask(path)).status).toBe(401),
  )

  test.each([
    '/administration',
    '/adminx.json',
    '/admin-tools/a.js',
    '/x/admin.json',
    '/indexes',
    '/defaults/x',
    '/v1.0/admin',
  ])('%s is another page than /admin and /', async (path) => {
    const at = await testGateway([
      ...logins,
      { path: '/admin', to: 'app' },
      { path: '/', to: 'app' },
      { path: '/*', to: 'app', access: 'public' },
    ])
    expect((await at.ask(path)).status).toBe(200)
  })
})

describe('G1: routes of the same page', () => {
  test('an exact path that is spelled out keeps its own rule, a wildcard does not', async () => {
    const at = await testGateway([
      ...logins,
      { path: '/admin.css', to: 'app', access: 'public' },
      { path: '/admin.js/*', to: 'app', access: 'public' },
      { path: '/admin', to: 'app' },
      { path: '/*', to: 'app', access: 'public' },
    ])
    expect((await at.ask('/admin.css')).status).toBe(200)
    expect((await at.ask('/admin.js')).status).toBe(401)
    expect((await at.ask('/Admin.css')).status).toBe(401)
  })

  test('all access rules must be satisfied', async () => {
    const at = await testGateway([
      ...logins,
      { path: '/reports', to: 'app', access: { role: 'auditor' } },
      { path: '/*', to: 'app', access: { role: 'staff' } },
    ])
    const ask = async (...roles: string[]): Promise<number> =>
      (
        await at.ask('/reports.csv', {
          headers: { cookie: await signIn(at, { user: 'ada', roles }) },
        })
      ).status
    expect([await ask('auditor'), await ask('staff'), await ask('staff', 'auditor')]).toEqual([
      403, 403, 200,
    ])
  })

  test('an address that one of them asks for is asked for', async () => {
    const at = await testGateway([
      { path: '/office', to: 'app', access: { address: ['10.0.0.0/8'] } },
      { path: '/*', to: 'app', access: 'public' },
    ])
    const ask = async (from: string): Promise<number> =>
      (await at.ask('/office.json', { headers: { 'cf-connecting-ip': from } })).status
    expect([await ask('192.0.2.1'), await ask('10.1.2.3')]).toEqual([403, 200])
  })

  test('limits of all of them count', async () => {
    const limit = limitGate({
      name: 'a',
      limiter: memoryLimiter({ limit: 2, window: 60 }),
      key: () => 'one',
    })
    const at = await testGateway([
      { path: '/search', to: 'app', access: 'public', limit },
      { path: '/*', to: 'app', access: 'public' },
    ])
    const statuses: number[] = []
    for (const path of ['/search.json', '/SEARCH.xml', '/search', '/search.x'])
      statuses.push((await at.ask(path)).status)
    expect(statuses).toEqual([200, 200, 429, 429])
  })

  test('the shortest body, the listed types and the csrf check hold', async () => {
    const at = await testGateway([
      {
        path: '/form',
        to: 'app',
        access: 'public',
        maxBodyBytes: 10,
        contentTypes: ['text/plain'],
      },
      { path: '/hooks', to: 'app', access: 'public', csrf: false },
      { path: '/*', to: 'app', access: 'public', csrf: false },
    ])
    at.answer = async ({ init }) => new Response(await new Response(init.body as BodyInit).text())
    const post = async (
      path: string,
      body: string,
      origin = 'https://app.example.com',
    ): Promise<number> =>
      (
        await at.ask(path, {
          method: 'POST',
          body,
          headers: { 'content-type': 'text/plain', origin },
        })
      ).status
    for (const path of ['/form', '/form.json', '/FORM', '/form/']) {
      expect([await post(path, 'short'), await post(path, 'longer than it may be')]).toEqual([
        200, 413,
      ])
      expect(await post(path, 'short', 'https://evil.test')).toBe(403)
    }
    expect(await post('/hooks.json', 'longer than it may be', 'https://evil.test')).toBe(200)
  })

  test('a method that the page does not take is not taken at its further paths', async () => {
    const at = await testGateway([
      ...logins,
      { path: '/reports', methods: ['GET'], to: 'app' },
      { path: '/*', to: 'app', access: 'public' },
    ])
    expect((await at.ask('/reports.json', { method: 'POST' })).status).toBe(405)
  })

  test('a guard that is compared letter by letter covers its formats so', async () => {
    const at = await testGateway([
      ...logins,
      { path: '/Admin', to: 'app', caseSensitive: true },
      { path: '/*', to: 'app', access: 'public' },
    ])
    expect((await at.ask('/Admin.json')).status).toBe(401)
    expect((await at.ask('/admin.json')).status).toBe(200)
  })

  test('a guard of one host covers its formats there', async () => {
    const routes: Table = [
      { path: '/admin', host: 'app.example.com', to: 'app' },
      { path: '/*', to: 'app', access: 'public' },
    ]
    const at = await bench({ routes, hosts: ['www.example.com'], signIn: undefined as never })
    const other = await at.gateway.fetch(new Request('https://www.example.com/admin.json'))
    expect([(await at.ask('/admin.json')).status, other.status]).toEqual([401, 200])
  })
})

describe('G1: the option aliases of an upstream', () => {
  const table: Table = [
    ...logins,
    { path: '/admin/*', to: 'app', access: { role: 'admin' } },
    { path: '/*', to: 'app', access: 'public' },
  ]

  it('takes a function of path and query', async () => {
    const aliases = (path: string, search: string): string[] =>
      path === '/go' ? [new URLSearchParams(search).get('to') ?? '/'] : []
    const at = await bench({
      upstreams: { app: { url: 'http://up.test', sessions: true, aliases } },
      routes: table,
      signIn: undefined as never,
    })
    expect((await at.ask('/go?to=/admin/x')).status).toBe(401)
    expect((await at.ask('/go?to=/about')).status).toBe(200)
  })

  test.each([
    '/shop/fr/admin',
    '/fr/admin/x',
    '/shop/admin',
    '/SHOP/FR/Admin',
    '/shop/_next/data/b/fr/admin.json',
    '/fr/admin.rsc',
  ])('nextAliases knows base path and locales of %s', async (path) => {
    const aliases = nextAliases({ basePath: '/shop', locales: ['en', 'fr'] })
    const at = await bench({
      upstreams: { app: { url: 'http://up.test', sessions: true, aliases } },
      routes: table,
      signIn: undefined as never,
    })
    expect((await at.ask(path)).status).toBe(401)
    expect((await at.ask('/shop/fr/about')).status).toBe(200)
  })

  test('an image of a guarded page is guarded where Next is named', async () => {
    const at = await testGateway(table, 'next')
    expect((await at.ask('/_next/image?url=%2Fadmin%2Fa.png&w=64&q=75')).status).toBe(401)
    expect((await at.ask('/_next/image?url=%2Flogo.png&w=64&q=75')).status).toBe(200)
  })

  it('refuses what is no name', () => {
    return expect(testGateway(table, 'Rails' as never)).rejects.toThrow(
      /upstreams\.app\.aliases must be a function of a path/,
    )
  })
})
