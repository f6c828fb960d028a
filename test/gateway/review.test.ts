import { describe, expect, it } from 'vitest'
import { createGateway, defineGateway, type Route, reviewGateway } from '../../src/gateway/index.ts'
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
      ['routes.0 (/admin/help) is public and takes its paths from routes.1 (/admin/*).'],
    ],
    [
      'the same of a spelling that the guard would take',
      [{ path: '/ADMIN/help', access: 'public' }, { path: '/admin/*' }],
      ['routes.0 (/ADMIN/help) is public and takes its paths from routes.1 (/admin/*).'],
    ],
    [
      'the same of a public branch of one host before a guard of all',
      [{ host: 'api.example.com', path: '/*', access: 'public' }, { path: '/admin/*' }],
      ['routes.0 (api.example.com/*) is public and takes paths from routes.1 (/admin/*).'],
    ],
    [
      'the same of a domain before one of its hosts',
      [
        { host: '*.example.com', path: '/a/b', access: 'public' },
        { host: 'ann.example.com', path: '/a/*' },
      ],
      [
        'routes.0 (*.example.com/a/b) is public and takes its paths from routes.1 (ann.example.com/a/*).',
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
      ['routes.0 (/admin/log) asks for less and takes its paths from routes.1 (/admin/*).'],
    ],
    [
      'that part of a branch answers 405 where the rest takes the method',
      [
        { path: '/api/orders/*', methods: ['GET'], access: 'public' },
        { path: '/api/*', methods: ['GET', 'POST'], access: 'public' },
      ],
      ['routes.0 (/api/orders/*) answers 405 to POST where routes.1 (/api/*) would take it.'],
    ],
    [
      'that a guard of one host is none on the others',
      [
        { host: 'api.example.com', path: '/admin/*' },
        { path: '/*', methods: ['GET'], access: 'public' },
      ],
      [
        'routes.0 (api.example.com/admin/*) guards one host: routes.1 (/*) leads to the same paths from others.',
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
          `routes.${i} (${path}) looks like a pattern, and is compared letter by letter: only /* at the end stands for more.`,
      ),
    ],
    [
      'that one spelling is guarded',
      [{ path: '/files/*', caseSensitive: true }],
      ['routes.0 (/files/*) guards one spelling: the upstream must tell others apart.'],
    ],
    [
      'that a link may start a session',
      [{ path: '/callback', access: 'public', sessions: ['start'], startOnGet: true }],
      ['routes.0 (/callback) starts sessions on GET: the upstream must bind them to the browser.'],
    ],
    [
      'that a path may hold an escaped slash',
      [{ path: '/files/*', encodedSlash: 'keep' }],
      ['routes.0 (/files/*) hands %2F on: the upstream must not take it for a slash.'],
    ],
    [
      'that a logout leaves a copy of the cookie open',
      [{ path: '/logout', access: 'public', sessions: ['end'] }],
      [
        'routes.0 (/logout) ends sessions, which are stateless: end() only clears the cookie, and a copy of it lives until its own end.',
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
    'routes.0 (/*) is public: whatever no other route names is open. Without it, that is 404.',
  ])
})

describe('a review of upstreams', () => {
  const fault = (name: string): string =>
    `upstreams.${name}.url is a private address, which from another machine is another machine; where it is meant, say insecurePrivateAddress: true`
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
    const idle = 'upstreams.idle is where no route leads.'
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
      remarks: ['upstreams.app.url is not known here: nobody has looked at its address.', idle],
    })
  })
})
