import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { compileAccess } from '../../src/access/index.ts'
import { hostCovers, isHostPattern } from '../../src/gateway/routes/host-pattern.ts'
import type { Route } from '../../src/gateway/routes/route.ts'
import { compileRoutes, type RouteTable } from '../../src/gateway/routes/table.ts'
import { createIssues } from '../../src/options/index.ts'
import { foldPath } from '../../src/request/index.ts'
import { patternCovers } from '../../src/request/path/pattern.ts'

function compiled(routes: readonly Route[]): RouteTable {
  return compileRoutes(
    routes.map((route) => ({
      route,
      access: compileAccess(route.access ?? 'session', createIssues()),
      body: { maxBytes: 100, types: undefined },
    })),
  )
}

/** Name of the upstream, the answer to another method, or 404. */
function outcome(
  table: RouteTable,
  path: string,
  method = 'GET',
  host = 'www.example.com',
): string {
  const found = table.match(host, path, method)
  return found.type === 'route'
    ? found.route.route.to
    : found.type === 'method'
      ? `405 ${found.allow}`
      : '404'
}

describe('a route table', () => {
  const table = compiled([
    { path: '/login', methods: ['GET'], to: 'a', access: 'public' },
    { path: '/login', methods: ['POST'], to: 'b', access: 'public' },
    { path: '/admin/help', to: 'help', access: 'public' },
    { path: '/admin/*', methods: ['GET', 'POST'], to: 'admin', access: 'session' },
    { path: '/account', to: 'account', access: 'session' },
    { path: '/office/*', to: 'office', access: { address: ['10.0.0.0/8'] } },
    { path: '/a/b/c/*', to: 'deep', access: { role: 'x' } },
    { path: '/a/*', to: 'shallow', access: 'public' },
    { path: '/search', to: 'search', access: 'public', limit: { prepare: async () => undefined } },
    { path: '/files/*', to: 'files', access: 'session', caseSensitive: true },
    { path: '/*', to: 'rest', access: 'public' },
  ])

  it.each([
    ['/login', 'GET', 'a'],
    ['/login', 'HEAD', 'a'],
    ['/login', 'POST', 'b'],
    ['/login', 'DELETE', '405 GET, HEAD, POST'],
    ['/login', 'OPTIONS', '405 GET, HEAD, POST'],
    ['/login/', 'GET', 'rest'],
    ['/Login', 'GET', 'rest'],
    ['/login/x', 'GET', 'rest'],
    ['/loginx', 'GET', 'rest'],
    ['/admin', 'GET', 'admin'],
    ['/admin/', 'GET', 'admin'],
    ['/admin/x/y', 'GET', 'admin'],
    ['/admin/x/y/z/', 'POST', 'admin'],
    ['/ADMIN', 'GET', 'admin'],
    ['/aDmIn/x', 'GET', 'admin'],
    ['/admin./x', 'GET', 'admin'],
    ['/admin.../x', 'GET', 'admin'],
    ['/admin%20/x', 'GET', 'admin'],
    ['/admin.%20./x', 'GET', 'admin'],
    ['/.../admin', 'GET', 'admin'],
    ['/%41dmin', 'GET', 'admin'],
    ['/administration', 'GET', 'rest'],
    ['/admi', 'GET', 'rest'],
    ['/x/admin', 'GET', 'rest'],
    ['/admin/help', 'GET', 'help'],
    ['/admin/help', 'DELETE', 'help'],
    ['/admin/HELP', 'GET', 'admin'],
    ['/admin/help/', 'GET', 'admin'],
    ['/admin/help/x', 'GET', 'admin'],
    ['/admin/x', 'DELETE', '405 GET, HEAD, POST'],
    ['/ADMIN/x', 'DELETE', '405 GET, HEAD, POST'],
    ['/admin', 'PUT', '405 GET, HEAD, POST'],
    ['/account', 'GET', 'account'],
    ['/account/', 'GET', 'account'],
    ['/Account', 'GET', 'account'],
    ['/account.', 'GET', 'account'],
    ['/account/x', 'GET', 'rest'],
    ['/office', 'GET', 'office'],
    ['/OFFICE/x', 'GET', 'office'],
    ['/a/b/c', 'GET', 'deep'],
    ['/a/b/c/d/e', 'GET', 'deep'],
    ['/A/B/C/d', 'GET', 'deep'],
    ['/a/./b', 'GET', 'shallow'],
    ['/a/b', 'GET', 'shallow'],
    ['/a/b/cc', 'GET', 'shallow'],
    ['/a', 'GET', 'shallow'],
    ['/A/b', 'GET', 'rest'],
    ['/search', 'GET', 'search'],
    ['/SEARCH/', 'GET', 'search'],
    ['/files/Readme', 'GET', 'files'],
    ['/files', 'GET', 'files'],
    ['/Files/Readme', 'GET', 'rest'],
    ['/', 'GET', 'rest'],
    ['/x', 'PATCH', 'rest'],
    [`/${'deep/'.repeat(1000)}`, 'GET', 'rest'],
    [`/admin/${'deep/'.repeat(1000)}`, 'GET', 'admin'],
  ])('%# takes %s by %s to %s', (path, method, to) => {
    expect(outcome(table, path, method)).toBe(to)
  })

  it('finds nothing where no pattern covers the path', () => {
    const only = compiled([{ path: '/a/*', to: 'a', access: 'public' }])
    expect([outcome(only, '/b'), outcome(only, '/ab'), outcome(only, '/')]).toEqual([
      '404',
      '404',
      '404',
    ])
  })

  it.each(['/', '/a', '/A./b', '/...'])('guards %s by a guarded route for everything', (path) => {
    expect(outcome(compiled([{ path: '/*', to: 'all' }]), path)).toBe('all')
  })
})

describe('a route table with hosts', () => {
  const table = compiled([
    {
      host: 'api.example.com',
      path: '/v1/*',
      methods: ['GET', 'POST'],
      to: 'api',
      access: 'public',
    },
    { host: '*.example.com', path: '/v1/*', to: 'tenant' },
    { path: '/health', to: 'health', access: 'public' },
    { host: 'api.example.com', path: '/*', to: 'api-rest', access: 'session' },
    { host: '*.example.com', path: '/static/*', to: 'static', access: 'public' },
    { path: '/admin/*', to: 'admin', access: { role: 'admin' } },
    { host: 'www.example.com', path: '/*', to: 'www', access: 'public' },
  ])

  it.each([
    ['api.example.com', '/v1/x', 'GET', 'api'],
    ['api.example.com', '/v1/x', 'DELETE', '405 GET, HEAD, POST'],
    ['api.example.com', '/v1', 'POST', 'api'],
    ['api.example.com', '/V1/x', 'GET', 'tenant'],
    ['api.example.com', '/health', 'GET', 'health'],
    ['api.example.com', '/anything', 'GET', 'api-rest'],
    ['api.example.com', '/static/x', 'GET', 'api-rest'],
    ['api.example.com', '/admin', 'GET', 'api-rest'],
    ['ann.example.com', '/v1/x', 'GET', 'tenant'],
    ['ann.example.com', '/V1./x', 'GET', 'tenant'],
    ['ann.example.com', '/static/x', 'GET', 'static'],
    ['ann.example.com', '/admin', 'GET', 'admin'],
    ['ann.example.com', '/x', 'GET', '404'],
    ['a.b.example.com', '/v1/x', 'GET', '404'],
    ['a.b.example.com', '/health', 'GET', 'health'],
    ['example.com', '/v1/x', 'GET', '404'],
    ['www.example.com', '/x', 'GET', 'www'],
    ['www.example.com', '/ADMIN/', 'GET', 'admin'],
    ['www.example.com', '/static/x', 'GET', 'static'],
    ['xwww.example.com', '/x', 'GET', '404'],
    ['www.example.com.evil.test', '/x', 'GET', '404'],
    ['.example.com', '/v1/x', 'GET', '404'],
    ['localhost', '/health', 'GET', 'health'],
    ['[::1]', '/v1/x', 'GET', '404'],
    ['', '/v1/x', 'GET', '404'],
  ])('takes %s%s by %s to %s', (host, path, method, to) => {
    expect(outcome(table, path, method, host)).toBe(to)
  })

  it('knows which hosts it names', () => {
    const names = [
      'api.example.com',
      'ann.example.com',
      'example.com',
      'a.b.example.com',
      'other.test',
    ]
    expect(names.map((name) => table.names(name))).toEqual([true, true, false, false, false])
    expect([table.hosted, compiled([{ path: '/*', to: 'a' }]).hosted]).toEqual([true, false])
  })
})

describe('patterns', () => {
  test.each([
    ['/*', '/a', true],
    ['/*', '/a/*', true],
    ['/*', '/*', true],
    ['/a/*', '/a', true],
    ['/a/*', '/a/*', true],
    ['/a/*', '/ab', false],
    ['/a', '/a/*', false],
    ['/a', '/a', true],
    ['/a/*', '/*', false],
  ])('%s covers %s: %s', (pattern, other, expected) => {
    expect(patternCovers(pattern, other)).toBe(expected)
  })

  test.each([
    ['/ADMIN/*', '/admin/x', true],
    ['/*', '/x', true],
    ['/*', '/*', true],
    ['/admin', '/Admin./', true],
    ['/admin', '/admin/x', false],
  ])('%s covers every spelling of %s: %s', (pattern, other, expected) => {
    expect(patternCovers(pattern, other, true)).toBe(expected)
  })

  test.each([
    [undefined, undefined, true],
    [undefined, 'a.test', true],
    ['a.test', undefined, false],
    ['*.a.test', 'x.a.test', true],
    ['*.a.test', '*.a.test', true],
    ['*.a.test', 'a.test', false],
    ['*.a.test', 'x.y.a.test', false],
    ['x.a.test', '*.a.test', false],
    ['*.a.test', '*.x.a.test', false],
  ])('the host %s covers %s: %s', (pattern, other, expected) => {
    expect(hostCovers(pattern, other)).toBe(expected)
  })

  test.each([
    ['a.test', true],
    ['*.a.test', true],
    ['*.localhost', true],
    ['127.0.0.1', true],
    ['[::1]', true],
    ['xn--bcher-kva.example', true],
    ['*.0.0.1', false],
    ['A.test', false],
    ['a.test:8080', false],
    ['a.test/', false],
    ['*', false],
    ['*.', false],
    ['*.*.test', false],
    ['a*.test', false],
    ['bücher.example', false],
    ['user@a.test', false],
    ['', false],
    [7, false],
  ])('%s is a host for a route: %s', (given, expected) => {
    expect(isHostPattern(given)).toBe(expected)
  })
})

// Everything below says the same in the plainest way: the table from above, one route after the other.
describe('for every table, the index', () => {
  const segment = fc.constantFrom('a', 'b', 'A', 'B', 'a.', 'aa', 'a%20', '%C3%84', '...')
  const path = fc.array(segment, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`)
  const host = fc.constantFrom('a.test', 'b.a.test', 'c.a.test', 'test', '')
  const pattern = fc.oneof(
    path,
    path.map((text) => (text === '/' ? '/*' : `${text}/*`)),
  )
  const method = fc.constantFrom('GET', 'POST', 'DELETE')
  const route = fc.record({
    host: fc.constantFrom(undefined, 'a.test', '*.a.test', 'b.a.test'),
    path: pattern,
    methods: fc.option(fc.uniqueArray(method, { minLength: 1 }), { nil: undefined }),
    access: fc.constantFrom('public' as const, 'session' as const),
    caseSensitive: fc.constantFrom(true, undefined),
  })
  const routes = fc
    .array(route, { minLength: 1, maxLength: 12 })
    .map((list) => list.map((each, index) => ({ ...each, to: `${index}` }) as unknown as Route))
  const asked = fc.oneof(
    path,
    path.map((text) => `${text === '/' ? '' : text}/`),
  )

  function takesHost(host: string | undefined, name: string): boolean {
    if (host === undefined || host === name) return true
    return (
      host.startsWith('*.') &&
      name.endsWith(host.slice(1)) &&
      !name.slice(0, 1 - host.length).includes('.') &&
      name.length > host.length - 1
    )
  }

  function takesPath(pattern: string, path: string, folded: boolean): boolean {
    const prefix = pattern.endsWith('/*')
    const fold = (text: string): string => (folded ? foldPath(text) : text)
    const own = fold(prefix ? pattern.slice(0, -2) : pattern).split('/')
    const its = fold(path).split('/')
    if (prefix && own.join('') === '') return true
    return own.every((part, i) => its[i] === part) && (prefix || own.length === its.length)
  }

  function plainly(list: readonly Route[], name: string, path: string, method: string): string {
    for (const first of list) {
      const group = list.filter((each) => each.path === first.path && each.host === first.host)
      const folded = group.some((each) => each.access !== 'public' && !each.caseSensitive)
      if (!takesHost(first.host, name) || !takesPath(first.path, path, folded)) continue
      const found = group.find(
        (each) => each.methods === undefined || (each.methods as string[]).includes(method),
      )
      return found?.to ?? '405'
    }
    return '404'
  }

  it('finds what one route after the other does', () => {
    fc.assert(
      fc.property(routes, host, asked, method, (list, name, path, verb) => {
        // `/a.` is an alias of a guarded `/a`, which this plain reading does not know; aliases.test.ts does.
        fc.pre(
          !(
            path.includes('.') &&
            list.some(({ access, caseSensitive }) => access !== 'public' && caseSensitive)
          ),
        )
        expect(outcome(compiled(list), path, verb, name).slice(0, 3)).toBe(
          plainly(list, name, path, verb).slice(0, 3),
        )
      }),
      { numRuns: 2000 },
    )
  })

  // GET /%41dmin/, /ADMIN., /admin%20/x: whatever a server may take for /admin is guarded as /admin is.
  it('lets nobody around a guard by another spelling', () => {
    const spelled = fc.constantFrom(
      (text: string) => text.toUpperCase(),
      (text: string) => `${text}/`,
      (text: string) => `${text}.`,
      (text: string) => `${text}%20`,
      (text: string) => `${text}/x`,
      (text: string) => text.replace('/b', '/%62'),
      (text: string) => text.replace('/', '/.../'),
    )
    fc.assert(
      fc.property(
        routes,
        host,
        method,
        fc.array(spelled, { maxLength: 4 }),
        (laxer, name, verb, changes) => {
          const guard: Route = { path: '/b/a/*', to: 'guard', access: 'session' }
          const table = compiled([
            guard,
            ...laxer.map((each) => ({ ...each, path: each.path.replace(/^\/b\/a/i, '/c') })),
          ])
          const path = changes.reduce((text, change) => change(text), '/b/a')
          expect(outcome(table, path, verb, name)).toBe('guard')
        },
      ),
    )
  })
})
