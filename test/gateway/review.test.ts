import { describe, expect, it } from 'vitest'
import {
  createGateway,
  defineGateway,
  methodOverride,
  type Route,
  reviewGateway,
} from '../../src/gateway/index.ts'
import { assertionKey, sessions } from './support.ts'

const gate = { prepare: async (): Promise<undefined> => undefined }

/** What is said of routes, after it was made sure that a gateway takes them. */
async function remarks(
  ...routes: Array<Partial<Route<'app' | 'api'>>>
): Promise<readonly string[]> {
  const config = defineGateway({
    publicOrigin: 'https://app.example.com',
    hosts: ['api.example.com', 'ann.example.com'],
    upstreams: { app: { url: 'https://u.test', sessions: true }, api: { url: 'https://v.test' } },
    session: sessions,
    roles: () => [],
    assertion: { key: await assertionKey() },
    routes: routes.map((route) => ({ to: 'app', ...route }) as Route<'app' | 'api'>),
  })
  createGateway(config)
  const review = reviewGateway(config)
  expect(review.faults).toEqual([])
  return review.remarks
}

describe('a review of routes says', () => {
  it.each<[what: string, routes: Array<Partial<Route<'app' | 'api'>>>, remarks: string[]]>([
    [
      'nothing of a table without a doubt',
      [{ path: '/a', access: 'public' }, { path: '/b/*' }],
      [],
    ],
    [
      'nothing of a stricter rule before a laxer one',
      [{ path: '/a/b' }, { path: '/a/*', access: 'public' }],
      [],
    ],
    [
      'nothing of one path with routes for its methods',
      [{ path: '/a', methods: ['GET'], access: 'public' }, { path: '/a' }],
      [],
    ],
    [
      'that a public route takes paths out of a guarded one',
      [{ path: '/admin/help', access: 'public' }, { path: '/admin/*' }],
      ['routes.0 (/admin/help) is public and decides first for some paths of routes.1 (/admin/*).'],
    ],
    [
      'the same of a spelling that the guard would take',
      [{ path: '/ADMIN/help', access: 'public' }, { path: '/admin/*' }],
      ['routes.0 (/ADMIN/help) is public and decides first for some paths of routes.1 (/admin/*).'],
    ],
    [
      'the same of a public branch of one host before a guard of all',
      [{ host: 'api.example.com', path: '/*', access: 'public' }, { path: '/admin/*' }],
      [
        'routes.0 (api.example.com/*) is public and decides first for the paths of routes.1 (/admin/*).',
      ],
    ],
    [
      'the same of a domain before one of its hosts',
      [
        { host: '*.example.com', path: '/a/b', access: 'public' },
        { host: 'ann.example.com', path: '/a/*' },
      ],
      [
        'routes.0 (*.example.com/a/b) is public and decides first for some paths of routes.1 (ann.example.com/a/*).',
      ],
    ],
    [
      'nothing where the hosts never meet',
      [
        { host: 'api.example.com', path: '/a/b', access: 'public' },
        { host: 'ann.example.com', path: '/a/*' },
      ],
      [],
    ],
    [
      'that a route asks for less than the one it takes paths from',
      [{ path: '/admin/log' }, { path: '/admin/*', access: { role: 'admin' } }],
      [
        'routes.0 (/admin/log) requires less and decides first for some paths of routes.1 (/admin/*).',
      ],
    ],
    [
      'that part of a branch answers 405 where the rest takes the method',
      [
        { path: '/api/orders/*', methods: ['GET'], access: 'public' },
        { path: '/api/*', methods: ['GET', 'POST'], access: 'public' },
      ],
      ['routes.0 (/api/orders/*) answers 405 to POST where routes.1 (/api/*) would accept it.'],
    ],
    [
      'that a guard of one host is none on the others',
      [
        { host: 'api.example.com', path: '/admin/*' },
        { path: '/*', methods: ['GET'], access: 'public' },
      ],
      [
        'routes.0 (api.example.com/admin/*) guards one host only: routes.1 (/*) forwards the same paths of other hosts to the same upstream without a guard.',
      ],
    ],
    [
      'that a path looks like a pattern',
      [
        { path: '/users/:id' },
        { path: '/x/(a)' },
        { path: '/y/a+' },
        { path: '/z$' },
        { path: '/odata/$metadata' },
      ],
      ['/users/:id', '/x/(a)', '/y/a+', '/z$'].map(
        (path, i) =>
          `routes.${i} (${path}) looks like a pattern, but is compared literally: only /* at the end matches more than itself.`,
      ),
    ],
    [
      'that one spelling is guarded',
      [{ path: '/files/*', caseSensitive: true }],
      [
        'routes.0 (/files/*) is caseSensitive, so it guards one spelling of the path only: the upstream must not serve the page under another spelling, such as /Admin or /admin/.',
      ],
    ],
    [
      'that a link may start a session',
      [{ path: '/callback', access: 'public', sessions: ['start'], startOnGet: true }],
      [
        "routes.0 (/callback) starts sessions on GET, so a link can sign a user in: the upstream must bind each login to the browser, by OAuth's state for example.",
      ],
    ],
    [
      'that a path may hold an escaped slash',
      [{ path: '/files/*', encodedSlash: 'keep' }],
      ['routes.0 (/files/*) forwards %2F: the upstream must not read it as a slash.'],
    ],
    [
      'that a logout leaves a copy of the cookie open',
      [{ path: '/logout', access: 'public', sessions: ['end'] }],
      [
        'routes.0 (/logout) ends sessions, which are stateless: end() only clears the cookie, and a copy of the cookie stays valid until it expires.',
      ],
    ],
    ['nothing of limits', [{ path: '/a', access: 'public', limit: gate }], []],
  ])('%s', async (_what, routes, expected) => {
    const found = await remarks(...routes)
    expect(found.filter((remark) => !remark.startsWith('upstreams.'))).toEqual(expected)
  })
})

it('a review says that a public route for everything leaves nothing closed', () => {
  const config = defineGateway({
    publicOrigin: 'https://app.example.com',
    upstreams: { app: { url: 'https://u.test' } },
    routes: [{ path: '/*', to: 'app', access: 'public' }],
  })
  expect(reviewGateway(config).remarks).toEqual([
    'routes.0 (/*) is public: every other path is open. Without this route it would be 404.',
  ])
})

describe('G1: a review of a table with guards', () => {
  const guard = { path: '/admin/*', access: { role: 'admin' } } as const
  const open = { path: '/*', access: 'public' } as const
  const isOpenTable = (remark: string): boolean => remark.includes('is public beside guards')

  /** Remarks of an open table whose upstream has these aliases. */
  const review = async (aliases: unknown): Promise<readonly string[]> => {
    const config = defineGateway({
      publicOrigin: 'https://app.example.com',
      upstreams: {
        app: {
          url: 'https://u.test',
          ...(aliases !== undefined && { aliases: aliases as 'next' }),
        },
      },
      session: sessions,
      roles: () => [],
      routes: [
        { ...guard, to: 'app' },
        { ...open, to: 'app' },
      ],
    })
    createGateway(config)
    return reviewGateway(config).remarks.filter(isOpenTable)
  }

  it.each([
    ...['angular', 'aspnet', 'astro', 'cloudflare', 'django', 'drupal', 'express', 'gatsby', 'iis'],
    ...['java', 'laravel', 'netlify', 'next', 'nuxt', 'php', 'rails', 'react-router', 'remix'],
    ...['spring', 'sveltekit', 'symfony', 'tomcat', 'vercel', 'wordpress', 'yii'],
  ])('says that /* is public beside guards, also where aliases is %j', async (aliases) => {
    const found = await review(aliases)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain('List the public paths, and require a session for /*.')
    expect(found[0]).not.toContain('by its option aliases')
  })

  it('names the option aliases where it is absent, and not where it is a function or a list', async () => {
    expect((await review(undefined))[0]).toContain(
      'name the framework of the upstream "app" by its option aliases',
    )
    for (const aliases of [() => [], ['next', () => []]])
      expect((await review(aliases))[0]).not.toContain('by its option aliases')
  })

  it.each<[string, Array<Partial<Route<'app' | 'api'>>>, number]>([
    ['for GET and HEAD alone', [guard, { ...open, methods: ['GET', 'HEAD'] }], 1],
    ['before the guard', [{ path: '/a', access: 'session' }, open], 1],
    [
      'on the host of the guard',
      [
        { ...guard, host: 'api.example.com' },
        { ...open, host: 'api.example.com' },
      ],
      1,
    ],
    [
      'for methods that the guard lacks',
      [
        { ...guard, methods: ['GET'] },
        { ...open, methods: ['POST'] },
      ],
      0,
    ],
    [
      'on another host',
      [
        { ...guard, host: 'api.example.com' },
        { ...open, host: 'ann.example.com' },
      ],
      0,
    ],
    ['without any guard', [open], 0],
  ])('looks at a public /* %s', async (_, routes, count) => {
    expect((await remarks(...routes)).filter(isOpenTable)).toHaveLength(count)
  })

  it('says nothing of public paths in a table that ends closed, as init writes it', async () => {
    const found = await remarks(
      { path: '/login', methods: ['GET'], access: 'public' },
      { path: '/assets/*', methods: ['GET'], access: 'public' },
      { path: '/', access: 'public' },
      guard,
      { path: '/*', access: 'session' },
    )
    expect(found.filter((remark) => !remark.startsWith('upstreams.'))).toEqual([])
  })

  it('says what is public inside a guarded branch, also in a table that ends closed', async () => {
    const found = await remarks({ path: '/admin/help', access: 'public' }, guard, {
      path: '/*',
      access: 'session',
    })
    expect(found.filter((remark) => !remark.startsWith('upstreams.'))).toEqual([
      'routes.0 (/admin/help) is public and decides first for some paths of routes.1 (/admin/*).',
    ])
  })
})

describe('G3: a review of routes that differ by method', () => {
  const strict = { path: '/posts/*', methods: ['DELETE'], access: { role: 'admin' } } as const
  const lax = { path: '/posts/*', methods: ['POST'], access: 'public' } as const

  it.each<[string, Array<Partial<Route<'app' | 'api'>>>, number]>([
    ['a DELETE that asks for more than a POST', [strict, lax], 1],
    ['the same the other way round', [lax, strict], 1],
    ['a PUT and a PATCH', [{ ...strict, methods: ['PUT', 'PATCH'] }, lax], 1],
    ['a GET', [{ ...strict, methods: ['GET'] }, lax], 1],
    ['a POST to all methods', [strict, { path: '/*', access: 'public' }], 1],
    ['a POST of one page of the branch', [{ ...lax, path: '/posts/1' }, strict], 1],
    ['a session beside a role', [strict, { ...lax, access: 'session' }], 1],
    ['a POST that asks for as much', [strict, { ...lax, access: { role: 'admin' } }], 0],
    ['other paths', [strict, { ...lax, path: '/users/*' }], 0],
    [
      'other hosts',
      [
        { ...strict, host: 'api.example.com' },
        { ...lax, host: 'ann.example.com' },
      ],
      0,
    ],
    [
      'a guard of POST too',
      [
        { ...strict, methods: ['DELETE', 'POST'] },
        { path: '/users', methods: ['POST'] },
      ],
      0,
    ],
  ])('looks at %s', async (_, routes, count) => {
    const found = (await remarks(...routes)).filter((remark) => remark.includes('_method'))
    expect(found).toHaveLength(count)
    if (count > 0)
      expect(found[0]).toContain('Set methodOverride: methodOverride() on the upstream "app"')
  })

  it('says nothing of an upstream with methodOverride()', () => {
    const config = defineGateway({
      publicOrigin: 'https://app.example.com',
      upstreams: { app: { url: 'https://u.test', methodOverride: methodOverride() } },
      session: sessions,
      roles: () => [],
      routes: [
        { ...strict, to: 'app' },
        { ...lax, to: 'app' },
      ],
    })
    expect(reviewGateway(config).remarks.filter((remark) => remark.includes('_method'))).toEqual([])
  })
})

describe('a review of upstreams', () => {
  const fault = (name: string): string =>
    `upstreams.${name}.url is a private address, which may be another machine where the gateway is deployed; use a public address, or set insecurePrivateAddress: true if it is intended`
  const review = (
    url: string,
    more: object = {},
    publicOrigin = 'https://app.example.com',
  ): readonly string[] =>
    reviewGateway(
      defineGateway({
        publicOrigin,
        upstreams: { app: { url, ...more } },
        routes: [{ path: '/a', to: 'app', access: 'public' }],
      }),
    ).faults

  it.each([
    'http://10.1.2.3',
    'http://172.16.0.1:3000',
    'http://172.31.255.255',
    'http://192.168.1.1',
    'http://100.64.0.1',
    'http://127.0.0.1:8788',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://0.0.0.0:3000',
    'http://[::1]:3000',
    'http://[::]',
    'http://[fd12:3456::1]',
    'http://[::ffff:10.0.0.1]',
    'http://localhost:3000',
    'http://LOCALHOST./',
    'http://app.localhost',
    'http://app:3000',
    'http://db.internal',
    'http://db.internal./',
    'http://printer.local',
    'http://router.home.arpa',
  ])('refuses %s unless it is meant', (url) => {
    expect(review(url)).toEqual([fault('app')])
    expect(review(url, { insecurePrivateAddress: true })).toEqual([])
  })

  it.each([
    'https://origin.example.com',
    'http://172.15.0.1',
    'http://172.32.0.1',
    'http://11.0.0.1',
    'http://100.128.0.1',
    'https://[2001:db8::1]',
    'https://internal.example.com',
    'https://mylocalhost.example',
  ])('takes %s', (url) => {
    expect(review(url)).toEqual([])
  })

  it('takes this machine’s own addresses for a gateway that is seen on this machine', () => {
    expect(review('http://127.0.0.1:8788', {}, 'http://localhost:8787')).toEqual([])
    expect(review('http://localhost:8788', {}, 'http://127.0.0.1:8787')).toEqual([])
    expect(review('http://10.0.0.1', {}, 'http://localhost:8787')).toEqual([fault('app')])
  })

  it('looks at what the environment says, and says what it could not look at', () => {
    const config = defineGateway<'app' | 'idle', object, Record<string, string>>({
      publicOrigin: (c) => c.env.PUBLIC_ORIGIN,
      upstreams: { app: { url: (c) => c.env.UPSTREAM_URL }, idle: { url: 'https://u.test' } },
      routes: [{ path: '/a', to: 'app', access: 'public' }],
    })
    const at = (env?: object): unknown => reviewGateway(config, env)
    const idle = 'upstreams.idle is used by no route.'
    expect(at({ PUBLIC_ORIGIN: 'https://a.test', UPSTREAM_URL: 'http://10.0.0.1' })).toEqual({
      faults: [fault('app')],
      remarks: [idle],
    })
    expect(
      at({ PUBLIC_ORIGIN: 'http://localhost:8787', UPSTREAM_URL: 'http://127.0.0.1:8788' }),
    ).toEqual({
      faults: [],
      remarks: [idle],
    })
    expect(at()).toEqual({
      faults: [],
      remarks: ['upstreams.app.url is not known here, so its address was not checked.', idle],
    })
  })
})
