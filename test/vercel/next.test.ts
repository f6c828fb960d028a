import { beforeAll, describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { type GuardOptions, type NextOptions, vercel } from '../../src/vercel/index.ts'
import { type Configured, nextRequest } from './next-url.ts'
import { cookieOf, type Data, sessionsAt } from './support.ts'

const origin = 'http://localhost:3000'
const sessions = sessionsAt(() => 1_800_000_000_000)
const options: GuardOptions<Data> = {
  publicOrigin: origin,
  session: sessions,
  roles: ({ roles }) => roles,
  signIn: '/login',
  platform: 'none',
  routes: [
    { path: '/', access: 'public' },
    { path: '/login', access: 'public' },
    { path: '/images/*', access: 'public' },
    { path: '/admin/*', access: { role: 'admin' } },
  ],
}
const page = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

let cookie = ''
beforeAll(async () => {
  cookie = await cookieOf(sessions, { user: 'ada', roles: ['user'] })
})

const i18n = { locales: ['en', 'fr', 'pt-BR'], defaultLocale: 'en' } as const
const locales: NextOptions = i18n
const based: NextOptions = { basePath: '/shop' }
const both: NextOptions = { ...locales, ...based }

function ask(
  path: string,
  next: NextOptions | undefined,
  configured?: Configured,
  headers = {},
): Promise<Response> {
  const guard = vercel({ ...options, ...(next && { next }) })
  const given: Record<string, string> = { cookie, ...headers }
  return guard(
    configured
      ? nextRequest(origin + path, configured, given)
      : new Request(origin + path, { headers: given }),
  )
}

describe('an address that Next serves for a guarded page', () => {
  // GET /fr/admin by a session without the role. The paths are those that Next 16.4.5 calls its proxy with.
  it.each<[string, NextOptions | undefined, Configured]>([
    ['/admin', undefined, {}],
    ['/fr/admin', locales, { i18n }],
    ['/pt-BR/admin/users', locales, { i18n }],
    ['/shop/admin', based, { basePath: '/shop' }],
    ['/shop/admin', both, { basePath: '/shop', i18n }],
    ['/fr/shop/fr/admin', both, { basePath: '/shop', i18n }],
    ['/pt-BR/shop/pt-br/admin', both, { basePath: '/shop', i18n }],
    ['/_next/data/Xy1/admin.json', undefined, { skip: true }],
    ['/_next/data/Xy1/index/admin.json', undefined, { skip: true }],
    ['/_next/data/Xy1/fr/admin.json', locales, { i18n, skip: true }],
    ['/_next/data/Xy1/en/admin/users.json', locales, { i18n, skip: true }],
    ['/shop/_next/data/Xy1/admin.json', based, { basePath: '/shop', skip: true }],
    ['/shop/_next/data/Xy1/FR/admin.json', both, { basePath: '/shop', i18n, skip: true }],
    ['/_next/data/other/en/admin.json', locales, { i18n }],
    ['/admin/', { trailingSlash: true }, {}],
    ['/(.)admin', undefined, {}],
    ['/feed/(..)admin', undefined, {}],
    ['/feed/today/(..)(..)admin', undefined, {}],
    ['/feed/today/(...)admin/users', undefined, {}],
  ])('N2: %s gets 403 without the role, by Next’s own url', async (path, next, configured) => {
    expect((await ask(path, next, configured)).status).toBe(403)
    // A guard that was told nothing reads base path and locales from the same url.
    expect((await ask(path, undefined, configured)).status).toBe(403)
  })

  // The same on platforms that hand over the address as the client wrote it.
  it.each<[string, NextOptions | undefined]>([
    ['/fr/admin', locales],
    ['/FR/ADMIN', locales],
    ['/en/admin/', locales],
    ['/shop/admin', based],
    ['/shop/pt-br/admin', both],
    ['/_next/data/Xy1/admin.json', undefined],
    ['/_next/data/Xy1/fr/admin.json', locales],
    ['/shop/_next/data/Xy1/admin.json', based],
    ['/_next/data/Xy1/shop/admin.json', based],
    ['/shop/_next/data/Xy1/fr/admin.json', both],
    ['/admin.rsc', undefined],
    ['/admin.prefetch.rsc', undefined],
    ['/admin.segments/_tree.segment.rsc', undefined],
    ['/fr/admin.rsc', locales],
    ['/admin.txt', undefined],
    ['/admin.html', undefined],
    ['/admin/index.html', undefined],
    ['/admin/__next._tree.txt', undefined],
    ['/admin/__next.admin.__PAGE__.txt', undefined],
  ])('N2: %s gets 403 without the role, where nobody made a url of Next', async (path, next) => {
    expect((await ask(path, next)).status).toBe(403)
  })

  // A table that was written with base path or locale still guards, with and without them.
  it.each<[string, string, NextOptions, Configured]>([
    ['/shop/secret/*', '/shop/secret/x', based, { basePath: '/shop' }],
    ['/fr/secret', '/fr/secret', locales, { i18n }],
    ['/shop/fr/secret', '/fr/shop/fr/secret', both, { basePath: '/shop', i18n }],
  ])('N2: a rule on %s covers %s', async (path, asked, next, configured) => {
    for (const given of [next, undefined]) {
      const guard = vercel({
        ...options,
        ...(given && { next: given }),
        routes: [{ path, access: { role: 'admin' } }],
        signIn: undefined as never,
      })
      expect((await guard(nextRequest(origin + asked, configured, { cookie }))).status).toBe(403)
    }
  })

  // The rule names one locale; the guard learns that `fr` is one, and the page without it is the same page.
  it('N2: a rule on one locale covers the page in every other, told or not', async () => {
    for (const next of [locales, undefined]) {
      const guard = vercel({
        ...options,
        ...(next && { next }),
        routes: [
          { path: '/fr/secret', access: { role: 'admin' } },
          { path: '/*', access: 'public' },
        ],
        signIn: undefined as never,
      })
      for (const path of ['/secret', '/pt-BR/secret', '/fr/secret', '/other'])
        expect([
          path,
          (await guard(nextRequest(origin + path, { i18n }, { cookie }))).status,
        ]).toEqual([path, path === '/other' ? 200 : 403])
    }
  })

  it.each<[string, NextOptions['rewrites'], number]>([
    ['/boss', [{ source: '/boss', destination: '/admin' }], 403],
    ['/BOSS/', [{ source: '/boss', destination: '/admin' }], 403],
    ['/boss/users/7', [{ source: '/boss/:path*', destination: '/admin/:path*' }], 403],
    ['/of/admin', [{ source: '/of/:page', destination: '/:page' }], 403],
    [
      '/a',
      [
        { source: '/a', destination: '/b' },
        { source: '/b', destination: '/admin' },
      ],
      403,
    ],
    ['/other', [{ source: '/boss', destination: '/admin' }], 200],
  ])(
    'N2: %s is judged as the page that a rewrite %j leads to: %i',
    async (path, rewrites, status) => {
      expect((await ask(path, { rewrites: rewrites ?? [] }, {})).status).toBe(status)
    },
  )

  it.each<[string, NextOptions | undefined, Configured]>([
    ['/', undefined, {}],
    ['/shop', based, { basePath: '/shop' }],
    ['/fr', locales, { i18n }],
    ['/fr/shop/fr', both, { basePath: '/shop', i18n }],
    ['/login/', { trailingSlash: true }, {}],
    ['/shop/_next/data/Xy1/index.json', based, { basePath: '/shop', skip: true }],
    ['/_next/data/Xy1/fr.json', locales, { i18n, skip: true }],
    ['/shop/images/logo.png', based, { basePath: '/shop' }],
  ])('N2: %s of a public page passes without a session', async (path, next, configured) => {
    for (const given of [next, undefined]) {
      const answer = await ask(path, given, configured, { cookie: '' })
      expect(answer.headers.get('x-middleware-next')).toBe('1')
    }
  })
})

describe('a guard that was told something else than Next knows', () => {
  const faults: string[] = []
  const onFault = (error: unknown): unknown => faults.push((error as Error).message)

  it.each<[string, NextOptions | undefined, Configured, RegExp]>([
    ['/shop', { basePath: '/store' }, { basePath: '/shop' }, /next\.basePath must be "\/shop"/],
    ['/shop', based, {}, /next\.basePath must be absent: next\.config has no basePath/],
    [
      '/fr/shop/fr/admin',
      { basePath: '/store', ...locales },
      { basePath: '/shop', i18n },
      /next\.basePath must be "\/shop"/,
    ],
    ['/', locales, {}, /next\.locales must be absent/],
    ['/fr/', { locales: ['en'], defaultLocale: 'en' }, { i18n }, /next\.locales must list "fr"/],
    ['/', { ...i18n, defaultLocale: 'fr' }, { i18n }, /next\.defaultLocale must name "en"/],
  ])('N2: answers 503 to %s and says why', async (path, next, configured, words) => {
    faults.length = 0
    const guard = vercel({ ...options, onFault, ...(next && { next }) })
    for (const headers of [{}, { cookie }, { ...page, cookie }]) {
      const answer = await guard(nextRequest(origin + path, configured, headers))
      expect([answer.status, answer.headers.get('x-middleware-next')]).toEqual([503, null])
    }
    expect(faults[0]).toMatch(words)
  })

  // What no version of Next is known to do, but whoever calls a guard with a url of his own: nothing can be found out by it.
  it.each<[string, Configured, RegExp]>([
    ['/shop/admin', { basePath: '/shop' }, /next\.basePath must be "\/shop"/],
    ['/admin', { i18n }, /next\.locales and next\.defaultLocale are required/],
  ])(
    'N2: answers 503 to %s where it was told nothing and cannot ask',
    async (path, configured, words) => {
      faults.length = 0
      const request = nextRequest(origin + path, configured, { cookie })
      Object.assign((request as unknown as { nextUrl: object }).nextUrl, { clone: undefined })
      const answer = await vercel({ ...options, onFault })(request)
      expect([answer.status, answer.headers.get('x-middleware-next')]).toEqual([503, null])
      expect(faults[0]).toMatch(words)
    },
  )

  // `/_next/data/<id>/shop/admin.json` is outside the base path, and Next serves the page's data there.
  it('N2: lets nobody past who asks for data outside the base path first', async () => {
    for (const skip of [true, false]) {
      const guard = vercel({ ...options, onFault })
      const configured = { basePath: '/shop', skip }
      const data = nextRequest(`${origin}/_next/data/Xy1/shop/admin.json`, configured, { cookie })
      expect((await guard(data)).status).toBeGreaterThanOrEqual(403)
      const admin = nextRequest(`${origin}/shop/admin`, configured, { cookie })
      expect((await guard(admin)).status).toBe(403)
    }
  })

  it('N2: takes the default locale of a domain that it was told of, and of no other', async () => {
    const domains = [{ domain: 'fr.localhost:3000', defaultLocale: 'fr' }]
    const configured = { i18n: { ...i18n, domains } }
    const host = { host: 'fr.localhost:3000' }
    const told = vercel({ ...options, hosts: ['fr.localhost:3000'], next: { ...i18n, domains } })
    expect(
      (await told(nextRequest(`${origin}/admin`, configured, { ...host, cookie }))).status,
    ).toBe(403)
    expect((await told(nextRequest(`${origin}/`, configured, host))).status).toBe(200)
    const untold = vercel({ ...options, hosts: ['fr.localhost:3000'], next: i18n })
    expect((await untold(nextRequest(`${origin}/`, configured, host))).status).toBe(503)
    const learning = vercel({ ...options, hosts: ['fr.localhost:3000'] })
    for (const path of ['/admin', '/en/admin', '/pt-BR/admin'])
      expect(
        (await learning(nextRequest(origin + path, configured, { ...host, cookie }))).status,
      ).toBe(403)
  })

  it('N2: names every option that cannot be meant', () => {
    const next = {
      basePath: 'shop/',
      locales: ['a/b'],
      domains: [{}],
      rewrites: [{ source: '/x(.*)' }],
      base: '',
    }
    let error: unknown
    try {
      vercel({ ...options, next: next as unknown as NextOptions })
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(ConfigError)
    const named = (error as ConfigError).faults.map(({ option }) => option)
    expect(named).toEqual(
      expect.arrayContaining([
        'next.base',
        'next.basePath',
        'next.locales.0',
        'next.domains.0.domain',
        'next.rewrites.0.source',
        'next.rewrites.0.destination',
      ]),
    )
  })
})

describe('where a guard sends a visitor', () => {
  it.each<[string, NextOptions | undefined, Configured, string]>([
    ['/account?a=1', undefined, {}, '/login?return_to=%2Faccount%3Fa%3D1'],
    ['/shop/account', based, { basePath: '/shop' }, '/shop/login?return_to=%2Faccount'],
    ['/fr/account', locales, { i18n }, '/fr/login?return_to=%2Ffr%2Faccount'],
    ['/account', locales, { i18n }, '/login?return_to=%2Faccount'],
    [
      '/fr/shop/fr/account',
      both,
      { basePath: '/shop', i18n },
      '/shop/fr/login?return_to=%2Ffr%2Faccount',
    ],
    ['/account/', { trailingSlash: true }, {}, '/login/?return_to=%2Faccount'],
  ])(
    'N2: from %s is the sign-in page of that base path and locale',
    async (path, next, configured, location) => {
      for (const given of next?.trailingSlash ? [next] : [next, undefined]) {
        const answer = await ask(path, given, configured, { ...page, cookie: '' })
        expect([answer.status, answer.headers.get('location')]).toEqual([303, origin + location])
      }
    },
  )
})

describe('images', () => {
  // GET /_next/image?url=%2Fimages%2Flogo.png: the optimizer asks for the file with no header at all.
  it.each(['http://localhost:3000', 'https://app.example.com'])(
    'N4: a request without Host is judged as one for %s',
    async (publicOrigin) => {
      const guard = vercel({ ...options, publicOrigin })
      const image = await guard(new Request('http://localhost:4000/images/logo.png'))
      expect(image.headers.get('x-middleware-next')).toBe('1')
      expect((await guard(new Request('http://localhost:4000/admin/chart.png'))).status).toBe(401)
    },
  )

  it('N4: the public origin may come from the environment', async () => {
    const publicOrigin = ({ env }: { env: { ORIGIN?: string } }): string | undefined => env.ORIGIN
    const routes = [{ path: '/images/*', access: 'public' }] as const
    const guard = vercel<object, { ORIGIN?: string }>(
      { publicOrigin, routes },
      { env: { ORIGIN: origin } },
    )
    const image = await guard(new Request('http://localhost:4000/images/logo.png'))
    expect(image.headers.get('x-middleware-next')).toBe('1')
  })
})

describe('the policy of a guard that names none', () => {
  it('N5: leaves the request the nonce that is measured by', async () => {
    const answer = await ask('/', undefined, {}, { ...page, cookie: '' })
    const measured = answer.headers.get('content-security-policy-report-only') ?? ''
    const [, nonce] = /'nonce-([\w-]{24})'/.exec(measured) ?? []
    expect(nonce).toBeDefined()
    // Next reads the enforced policy first; the answer's own would take its place.
    expect(answer.headers.get('content-security-policy')).toBeNull()
    expect(answer.headers.get('x-middleware-request-content-security-policy')).toBe(
      `script-src 'nonce-${nonce}'`,
    )
    expect(measured).not.toContain('require-trusted-types-for')
    expect(measured).toContain("style-src 'self' 'unsafe-inline'")
    expect(answer.headers.get('x-frame-options')).not.toBeNull()
  })

  it.each([
    { preset: 'recommended' as const },
    { contentSecurityPolicy: { defaultSrc: "'self'", objectSrc: "'none'", baseUri: "'none'" } },
  ])('N5: %j stays enforced', async (headers) => {
    const guard = vercel({ ...options, headers })
    const answer = await guard(nextRequest(`${origin}/`, {}, page))
    expect(answer.headers.get('content-security-policy')).toMatch(/default-src/)
  })

  it('N5: reports to an address that Next hands to the guard', async () => {
    const answer = await ask('/shop', based, { basePath: '/shop' }, { ...page, cookie: '' })
    const measured = answer.headers.get('content-security-policy-report-only') ?? ''
    expect(measured).toContain('report-uri /shop/.portcullis/reports')
    const guard = vercel({ ...options, next: based })
    const sent = new Request(`${origin}/shop/.portcullis/reports`, { method: 'POST', body: '{}' })
    expect((await guard(sent)).status).toBe(204)
  })
})

describe('a Host that is none', () => {
  // printf 'GET / HTTP/1.1\r\nHost: evil.test/\r\n\r\n' | nc localhost 3000
  it.each([
    'evil.test/',
    'evil.test/x',
    'localhost:3000/',
    'localhost:3000?',
    'localhost:3000#',
    'user@localhost:3000',
    'evil.test\\',
    'localhost:3000, evil.test',
    'localhost:99999',
    'local host',
    'caf\u00e9.test',
    '0x7f.1',
    '[::1',
  ])('N6: as %j gets 400', async (host) => {
    const seen: string[] = []
    const guard = vercel({ ...options, onEvent: ({ reason }) => seen.push(`${reason}`) })
    const answer = await guard(new Request(`${origin}/`, { headers: { host, ...page } }))
    expect([answer.status, answer.headers.get('x-middleware-next')]).toEqual([400, null])
    expect(seen).toEqual(['host-malformed'])
    const app = vercel({ fetch: () => new Response('served') })
    expect((await app(new Request(`${origin}/`, { headers: { host } }))).status).toBe(400)
  })

  it.each([
    ['localhost:3000', 200],
    ['LOCALHOST:3000', 200],
    ['evil.test', 421],
    ['localhost:3000.evil.test', 400],
    ['localhost', 421],
    ['[::1]:3000', 421],
  ])('N6: as %j gets %i', async (host, status) => {
    const guard = vercel(options)
    expect((await guard(new Request(`${origin}/`, { headers: { host } }))).status).toBe(status)
  })
})
