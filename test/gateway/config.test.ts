import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { createGateway, defineGateway, type Route } from '../../src/gateway/index.ts'
import { assertionKey, newKey, sessions } from './support.ts'

const routes: readonly Route<'app'>[] = [{ path: '/*', to: 'app', access: 'public' }]
const least = {
  publicOrigin: 'https://app.example.com',
  upstreams: { app: { url: 'http://u.test' } },
  routes,
}

/** What a configuration is refused for, `option problem` each. */
function faultsOf(config: object): string[] {
  try {
    createGateway(config as never)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.faults.map(({ option, problem }) => `${option} ${problem}`)
  }
  return []
}

describe('a configuration', () => {
  it('needs an origin, an upstream and a route', () => {
    expect(faultsOf(least)).toEqual([])
  })

  it('is refused with everything that is wrong in one error', () => {
    const config = {
      ...least,
      publicOrigin: 'https://app.example.com/path',
      upstreems: {},
      upstreams: {
        app: { url: 'ftp://u.test', timeout: 5 },
        'a b': { url: 'http://b.test', timeoutMs: 0 },
      },
      platform: 'heroku',
      headers: { nothing: true },
      signIn: 'login',
      routes: [
        { path: '/x/*', to: 'ap', acces: 'public' },
        { path: 'relative', to: 'app', access: 'public', methods: ['get'] },
      ],
      onEvent: 'log',
    }
    const found = faultsOf(config)
    expect(found).toEqual(
      expect.arrayContaining([
        'upstreems is not an option; did you mean upstreams?',
        'upstreams.app.timeout is not an option; did you mean timeoutMs?',
        'upstreams.a b must be named with letters, digits, - and _, starting with a letter',
        'upstreams.a b.timeoutMs must be a whole number of milliseconds from 1 to 300000',
        'routes.0.acces is not an option; did you mean access?',
        "routes.0.access must be 'public' where the gateway has no option session",
        'routes.0.to is not a defined upstream; there is "app", "a b"',
        'routes.1.path must be an exact path (/login) or a prefix (/admin/*), in canonical form',
        'routes.1.methods.0 must be one of "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"',
        'publicOrigin must be an origin such as https://app.example.com, without a path',
        'upstreams.app.url must be an http or https URL without credentials, query or fragment',
        'onEvent must be a function',
      ]),
    )
    expect(found.some((text) => text.startsWith('platform '))).toBe(true)
    expect(found.some((text) => text.startsWith('headers.nothing '))).toBe(true)
    expect(found.some((text) => text.startsWith('signIn '))).toBe(true)
  })

  it.each([
    [undefined, ' must be an object'],
    [[], ' must be an object'],
    [
      { ...least, upstreams: {} },
      'upstreams must be an object with at least one upstream, such as { app: { url } }',
    ],
    [{ ...least, routes: [] }, 'routes must list at least one route'],
    [{ ...least, publicOrigin: undefined }, 'publicOrigin is required'],
    [{ ...least, upstreams: { app: {} } }, 'upstreams.app.url is required'],
    [{ ...least, session: {} }, 'session must be a strategy, such as statelessSessions({ ... })'],
    [{ ...least, assertion: { key: 'x' } }, 'assertion needs the option session'],
    [{ ...least, signIn: '/login' }, 'signIn needs the option session'],
    [
      { ...least, upstreams: { app: { url: 'http://u.test', sessions: true } } },
      'upstreams.app.sessions needs the option session',
    ],
    [
      { ...least, session: sessions, upstreams: { app: { url: 'http://u.test', sessions: true } } },
      'upstreams.app.sessions needs the option assertion',
    ],
    [{ ...least, session: sessions, assertion: {} }, 'assertion.key is required'],
    [
      { ...least, session: sessions, assertion: { key: 'x' } },
      'assertion.key must be an ES256 private key: a JWK with kty EC, crv P-256, x, y and d, as JSON',
    ],
    [
      { ...least, session: sessions, assertion: { key: [], lifetime: 61 } },
      'assertion.lifetime must be a whole number of seconds from 5 to 60',
    ],
    [
      { ...least, upstreams: { app: { url: 'http://user:pass@u.test' } } },
      'upstreams.app.url must be an http or https URL without credentials, query or fragment',
    ],
  ])('%# is refused: %s', (config, fault) => {
    expect(faultsOf(config as object)).toContain(fault)
  })

  // http://169.254.169.254/latest/meta-data/iam/security-credentials/: what a proxied request must never reach.
  it.each([
    'http://169.254.169.254/latest',
    'http://0xa9fea9fe/',
    'http://2852039166/',
    'http://0251.0376.0251.0376/',
    'http://[fe80::1]/',
    'http://[::ffff:169.254.169.254]/',
    'http://[fd00:ec2::254]/',
    'http://metadata.google.internal/',
  ])('never leads to the metadata of a cloud: %s', (url) => {
    expect(faultsOf({ ...least, upstreams: { app: { url } } })).toEqual([
      'upstreams.app.url must not be a link-local address: clouds serve their metadata and credentials there',
    ])
  })
})

describe('a route table', () => {
  const withSessions = {
    ...least,
    session: sessions,
    upstreams: { app: { url: 'http://u.test', sessions: true }, static: { url: 'http://s.test' } },
    assertion: { key: () => undefined },
  }
  const faultsOfRoutes = (...given: object[]): string[] =>
    faultsOf({ ...withSessions, routes: given })

  it.each<[object, string]>([
    [
      { path: '', to: 'app', access: 'public' },
      'routes.0.path must be an exact path (/login) or a prefix (/admin/*), in canonical form',
    ],
    [
      { path: '/a/../b', to: 'app' },
      'routes.0.path must be an exact path (/login) or a prefix (/admin/*), in canonical form',
    ],
    [
      { path: '/a*', to: 'app' },
      'routes.0.path must be an exact path (/login) or a prefix (/admin/*), in canonical form',
    ],
    [
      { path: '/a/*/b', to: 'app' },
      'routes.0.path must be an exact path (/login) or a prefix (/admin/*), in canonical form',
    ],
    [
      { path: '/%61', to: 'app' },
      'routes.0.path must be an exact path (/login) or a prefix (/admin/*), in canonical form',
    ],
    [
      { path: '/a?b', to: 'app' },
      'routes.0.path must be an exact path (/login) or a prefix (/admin/*), in canonical form',
    ],
    [
      { path: '/a', to: 'app', access: { role: 'admin' } },
      'routes.0.access.role needs the option roles',
    ],
    [
      { path: '/a', to: 'app', access: { role: [] } },
      'routes.0.access.role must be a role or a list of 1 to 1000 of them',
    ],
    [
      { path: '/a', to: 'app', access: { rolle: 'x' } },
      'routes.0.access.rolle is not an option; did you mean role?',
    ],
    [
      { path: '/a', to: 'app', access: 'private' },
      "routes.0.access must be 'public', 'session' or an object such as { role: 'admin' }",
    ],
    [
      { path: '/a', to: 'static', sessions: ['set'] },
      'routes.0.sessions needs sessions: true on the upstream "static"',
    ],
    [
      { path: '/a', to: 'app', sessions: ['stop'] },
      'routes.0.sessions.0 must be one of "start", "set", "end", "endAll", "endAny", "list", "flash"',
    ],
    [
      { path: '/a', to: 'app', sessions: [] },
      'routes.0.sessions must be a non-empty list, or absent',
    ],
    [
      { path: '/a', to: 'app', sessions: ['endAll'] },
      'routes.0.sessions must not grant endAll: stateless sessions do not support it',
    ],
    [
      { path: '/a', to: 'app', sessions: ['endAny'] },
      'routes.0.sessions must not grant endAny: stateless sessions do not support it',
    ],
    [
      { path: '/a', to: 'app', sessions: ['list'] },
      'routes.0.sessions must not grant list: stateless sessions do not support it',
    ],
    [
      { path: '/a', to: 'app', methods: ['GET'], sessions: ['start'] },
      'routes.0.sessions grants start, but the route accepts safe methods only; add POST or set startOnGet',
    ],
    [
      { path: '/a', to: 'app', startOnGet: true },
      'routes.0.startOnGet needs sessions with start, endAll or endAny',
    ],
    [
      { path: '/a', to: 'app', timeoutMs: 300_001 },
      'routes.0.timeoutMs must be a whole number of milliseconds from 1 to 300000',
    ],
    ...[
      '',
      'API.example.com',
      'api.example.com:8080',
      'https://api.example.com',
      '*',
      '*.*.com',
      'a.*.com',
      7,
    ].map((host): [object, string] => [
      { path: '/a', to: 'app', host },
      'routes.0.host must be a host without a port, such as api.example.com or *.example.com',
    ]),
    [
      { path: '/a', to: 'app', host: 'other.example.com' },
      'routes.0.host is not a host that the gateway serves; add it to hosts, or use the host of publicOrigin',
    ],
    [
      { path: '/a', to: 'app', host: '*.app.example.com' },
      'routes.0.host is not a host that the gateway serves; add it to hosts, or use the host of publicOrigin',
    ],
    [
      { path: '/a', to: 'app', access: { address: ['10.0.0.1/8'] } },
      'routes.0.access.address.0 must be an IP address or a range such as 10.0.0.0/8 (10.0.0.1/8 is not a range)',
    ],
    [
      { path: '/a', to: 'app', access: { address: [] } },
      'routes.0.access.address must be a list of 1 to 1000 addresses or ranges',
    ],
    [
      { path: '/a', to: 'app', access: {} },
      "routes.0.access must contain a condition; use 'public' to allow everybody",
    ],
    [
      { path: '/a', to: 'app', access: { session: false, fresh: 9 } },
      'routes.0.access.session must not be false: role, claim, acr and fresh need a session',
    ],
    [
      { path: '/a', to: 'app', access: { fresh: 0 } },
      'routes.0.access.fresh must be a whole number of seconds from 1 to 34560000',
    ],
    [
      { path: '/a', to: 'app', access: { claim: {} } },
      'routes.0.access.claim must be a function of the data, or an object of members and their values',
    ],
    [
      { path: '/a', to: 'app', limit: { limit: 5, window: 60 } },
      'routes.0.limit must be limitGate({ ... }), which comes from portcullis/limit',
    ],
    [
      { path: '/a', to: 'app', limit: true },
      'routes.0.limit must be limitGate({ ... }), which comes from portcullis/limit',
    ],
    [
      { path: '/a', to: 'app', headers: { xFrameOption: 'DENY' } },
      'routes.0.headers.xFrameOption is not an option; did you mean xFrameOptions?',
    ],
    [
      { path: '/a', to: 'app', headers: 'recomended' },
      'routes.0.headers.preset must be one of recommended, strict, api, owasp, compat; did you mean recommended?',
    ],
    [{ path: '/a', to: 'app', headers: 5 }, 'routes.0.headers must be an object'],
    [
      { path: '/a', to: 'app', hideErrors: 'yes' },
      'routes.0.hideErrors must be one of true, false',
    ],
    [{ path: '/a', to: 'app', anonymous: 1 }, 'routes.0.anonymous must be one of true, false'],
    [
      { path: '/a', to: 'app', anonymous: true, sessions: ['set'] },
      'routes.0.anonymous cannot be combined with sessions: an anonymous route has no session',
    ],
    [
      { path: '/a', to: 'app', encodedSlash: 'reject' },
      'routes.0.encodedSlash must be one of "keep"',
    ],
  ])('with %j is refused: %s', (route, fault) => {
    expect(faultsOfRoutes(route)).toContain(fault)
  })

  it('takes the hosts that are answered, and domains of them', () => {
    const hosts = ['api.example.com:8443', '127.0.0.1:*', '[::1]:3000']
    for (const host of [
      'app.example.com',
      'api.example.com',
      '*.example.com',
      '127.0.0.1',
      '[::1]',
    ]) {
      const given = { ...withSessions, hosts, routes: [{ host, path: '/a', to: 'app' }] }
      expect([host, faultsOf(given)]).toEqual([host, []])
    }
  })

  it('with addresses needs a platform that tells them', () => {
    const given = [{ path: '/a', to: 'app', access: { address: ['10.0.0.0/8'] } }]
    expect(faultsOf({ ...least, routes: given })).toEqual([])
    expect(faultsOf({ ...least, platform: 'none', routes: given })).toEqual([
      "routes.0.access.address needs a platform that reports client addresses: with 'none' every request would be denied",
    ])
  })

  it.each<[string, object[]]>([
    [
      'api.example.com/a',
      [
        { host: 'api.example.com', path: '/a/*' },
        { host: 'api.example.com', path: '/a' },
      ],
    ],
    [
      '/*',
      [
        { path: '/*', access: 'public' },
        { host: 'api.example.com', path: '/a' },
      ],
    ],
    [
      '*.example.com/*',
      [
        { host: '*.example.com', path: '/*' },
        { host: 'api.example.com', path: '/a' },
      ],
    ],
  ])('in which a host makes a route unreachable is refused: %s', (_name, given) => {
    const hosts = ['api.example.com']
    const [fault, ...more] = faultsOf({
      ...withSessions,
      hosts,
      routes: given.map((route) => ({ to: 'app', ...route })),
    })
    expect(fault).toMatch(/^routes\.1\.path is never reached: /)
    expect(more).toEqual([])
  })

  it('must have its sign-in page on every host that sends somebody there', () => {
    const guarded = { host: 'api.example.com', path: '/a', to: 'app' }
    const at = (...more: object[]): string[] =>
      faultsOf({
        ...withSessions,
        hosts: ['api.example.com'],
        signIn: '/login',
        routes: [guarded, ...more],
      })
    const login = { path: '/login', to: 'app', access: 'public' }
    expect(at(login)).toEqual([])
    expect(at({ ...login, host: 'api.example.com' })).toEqual([])
    expect(at({ ...login, host: 'app.example.com' })).toEqual([
      'signIn must be the path of a public route that accepts GET on api.example.com, or the redirect would loop',
    ])
  })

  it('finds out at the first request which hosts the environment answers', async () => {
    const faults: unknown[] = []
    const gateway = createGateway<'app', object, { HOSTS: readonly string[] }>({
      ...least,
      hosts: (c) => c.env.HOSTS,
      routes: [{ host: 'api.example.com', path: '/*', to: 'app', access: 'public' }],
      onFault: (error) => faults.push(error),
      fetch: (async () => new Response('upstream')) as typeof fetch,
    })
    const status = async (...hosts: string[]): Promise<number> =>
      (await gateway.fetch(new Request('https://api.example.com/x'), { HOSTS: hosts })).status
    expect([await status('www.example.com'), await status('api.example.com')]).toEqual([503, 200])
    expect(faults.map(String)).toEqual([
      'ConfigError: routes.0.host is not a host that the gateway serves; add it to hosts, or use the host of publicOrigin',
    ])
  })

  it('with a limit for everything that is none is refused', () => {
    expect(faultsOf({ ...least, limit: {} })).toEqual([
      'limit must be limitGate({ ... }), which comes from portcullis/limit',
    ])
    expect(
      faultsOf({
        ...least,
        upstreams: { app: { url: 'http://u.test', hideErrors: 1, insecurePrivateAddress: 2 } },
      }),
    ).toEqual([
      'upstreams.app.insecurePrivateAddress must be one of true, false',
      'upstreams.app.hideErrors must be one of true, false',
    ])
  })

  it('guards where access is not said', () => {
    expect(faultsOfRoutes({ path: '/a', to: 'app' })).toEqual([])
    expect(faultsOf({ ...least, routes: [{ path: '/a', to: 'app' }] })).toEqual([
      "routes.0.access must be 'public' where the gateway has no option session",
    ])
  })

  it.each<[string, object[]]>([
    ['/admin/*', [{ path: '/*', access: 'public' }, { path: '/admin/*' }]],
    ['/admin', [{ path: '/admin/*' }, { path: '/admin' }]],
    ['/ADMIN/x', [{ path: '/admin/*' }, { path: '/ADMIN/x', access: 'public' }]],
    ['/a', [{ path: '/a' }, { path: '/a', methods: ['GET'] }]],
    [
      '/a',
      [
        { path: '/a', methods: ['GET'] },
        { path: '/a', methods: ['POST'] },
        { path: '/a', methods: ['HEAD', 'POST'] },
      ],
    ],
  ])('in which %s is never reached is refused', (_path, given) => {
    const last = given.length - 1
    const [fault, ...more] = faultsOfRoutes(...given.map((route) => ({ to: 'app', ...route })))
    expect(fault).toMatch(new RegExp(`^routes\\.${last}\\.path is never reached: "/`))
    expect(more).toEqual([])
  })

  it.each([
    ['/login', [{ path: '/login', to: 'app' }]],
    ['/login', [{ path: '/*', to: 'app', access: 'session' }]],
    ['/login', [{ path: '/login', to: 'app', access: 'public', methods: ['POST'] }]],
    ['/login', [{ path: '/other', to: 'app', access: 'public' }]],
  ])('that guards the sign-in page %s is refused', (signIn, given) => {
    expect(faultsOf({ ...withSessions, signIn, routes: given })).toEqual([
      'signIn must be the path of a public route that accepts GET, or the redirect would loop',
    ])
  })

  it.each(['https://evil.test/', '//evil.test', '/login?next=1', '/a/../login'])(
    'with signIn %s is refused',
    (signIn) => {
      expect(faultsOf({ ...withSessions, signIn, routes })).toEqual([
        'signIn must be a canonical path without a query, such as /login',
      ])
    },
  )
})

describe('the environment', () => {
  const config = defineGateway<'app' | 'other', object, Record<string, string | undefined>>({
    publicOrigin: (c) => c.env.PUBLIC_ORIGIN,
    upstreams: {
      app: { url: (c) => c.env.UPSTREAM_URL, sessions: true },
      other: { url: (c) => c.env.OTHER_URL },
    },
    session: sessions,
    assertion: { key: (c) => c.env.ASSERTION_KEY },
    routes: [{ path: '/*', to: 'app', access: 'public' }],
    fetch: (async () => new Response('upstream')) as typeof fetch,
  })
  const good = async (): Promise<Record<string, string>> => ({
    PUBLIC_ORIGIN: 'https://app.example.com',
    UPSTREAM_URL: 'http://u.test',
    OTHER_URL: 'http://o.test',
    ASSERTION_KEY: await assertionKey(),
  })
  const request = (): Request => new Request('https://app.example.com/x')

  it('that is whole serves', async () => {
    expect((await createGateway(config).fetch(request(), await good())).status).toBe(200)
  })

  it('is judged at the first request: one fault names all that is wrong, the client learns nothing', async () => {
    const faults: unknown[] = []
    const { statelessSessions } = await import('../../src/session/index.ts')
    const session = statelessSessions<object>({ secret: (c) => c.env.SESSION_SECRET })
    const gateway = createGateway({ ...config, session, onFault: (error) => faults.push(error) })
    const env = {
      PUBLIC_ORIGIN: 'nonsense',
      OTHER_URL: 'http://169.254.169.254/',
      ASSERTION_KEY: '{"kty":"oct"}',
      SESSION_SECRET: 'short',
    }
    const response = await gateway.fetch(request(), env)
    expect(response.status).toBe(503)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.text()).not.toMatch(/nonsense|short|secret|upstream|assertion|origin/i)
    expect(faults.length).toBe(1)
    const [fault] = faults as [ConfigError]
    expect(fault).toBeInstanceOf(ConfigError)
    expect(fault.faults.map(({ option }) => option)).toEqual([
      'publicOrigin',
      'upstreams.app.url',
      'upstreams.other.url',
      'assertion.key',
      expect.stringContaining('secret'),
    ])
    expect(fault.message).not.toMatch(/nonsense|169\.254|oct|short/)
  })

  it('does not keep health from answering', async () => {
    const response = await createGateway(config).fetch(
      new Request('https://app.example.com/.portcullis/health'),
      {},
    )
    expect([response.status, await response.text()]).toEqual([200, '{"ok":true}'])
  })

  it.each([
    [
      'the public origin',
      { UPSTREAM_URL: 'https://app.example.com/x' },
      'upstreams.app.url is the public origin, so requests would loop; use the address of the server behind the gateway',
    ],
    ['two keys of one kid', {}, 'assertion.key contains two keys with the same kid'],
    [
      'a key whose halves do not belong together',
      {},
      'assertion.key contains a key whose x, y and d do not match',
    ],
  ])('with %s is 503', async (what, change, fault) => {
    const faults: unknown[] = []
    const [one, two] = [JSON.parse(await newKey()), JSON.parse(await newKey())]
    const key = what.startsWith('two')
      ? [JSON.stringify({ ...one, kid: 'a' }), JSON.stringify({ ...two, kid: 'a' })]
      : what.startsWith('a key')
        ? JSON.stringify({ ...one, d: two.d })
        : await assertionKey()
    const gateway = createGateway({
      ...config,
      assertion: { key },
      onFault: (error) => faults.push(error),
    })
    expect((await gateway.fetch(request(), { ...(await good()), ...change })).status).toBe(503)
    expect(faults.map(String)).toEqual([`ConfigError: ${fault}`])
  })

  it('may change: the next request sees it', async () => {
    const gateway = createGateway({ ...config, onFault: () => {} })
    const env = await good()
    expect((await gateway.fetch(request(), env)).status).toBe(200)
    expect((await gateway.fetch(request(), { ...env, UPSTREAM_URL: undefined })).status).toBe(503)
    expect((await gateway.fetch(request(), env)).status).toBe(200)
    const first = await (
      await gateway.fetch(new Request('https://app.example.com/.portcullis/jwks.json'), env)
    ).text()
    const changed = { ...env, ASSERTION_KEY: await newKey() }
    const second = await (
      await gateway.fetch(new Request('https://app.example.com/.portcullis/jwks.json'), changed)
    ).text()
    expect(second).not.toBe(first)
  })
})

describe('types', () => {
  it('find a wrong upstream, option and binding where they stand', () => {
    const config = defineGateway<'app', object, { URL: string }>({
      publicOrigin: 'https://app.example.com',
      upstreams: { app: { url: (c) => c.env.URL } },
      routes: [
        // @ts-expect-error no such upstream
        { path: '/a', to: 'ap', access: 'public' },
        // @ts-expect-error no such option
        { path: '/b', to: 'app', acces: 'public' },
      ],
      // @ts-expect-error no such binding
      assertion: { key: (c) => c.env.KEY },
    })
    expect(() => createGateway(config)).toThrow(ConfigError)
  })
})
