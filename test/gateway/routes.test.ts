import { describe, expect, it } from 'vitest'
import type { Route } from '../../src/gateway/route.ts'
import { compileRoutes, patternCovers } from '../../src/gateway/routes.ts'

const table: readonly Route[] = [
  { path: '/login', methods: ['GET'], to: 'a', access: 'public' },
  { path: '/login', methods: ['POST'], to: 'b', access: 'public' },
  { path: '/admin/help', to: 'help', access: 'public' },
  { path: '/admin/*', methods: ['GET', 'POST'], to: 'admin', access: 'session' },
  { path: '/account', to: 'account', access: 'session' },
  { path: '/*', to: 'rest', access: 'public' },
]
const body = { maxBytes: 100 }
const match = compileRoutes(table.map((route) => ({ route, access: route.access ?? 'session', body })))

function outcome(path: string, method = 'GET'): string {
  const found = match(path, method)
  return found.is === 'route' ? found.route.route.to : found.is === 'method' ? `405 ${found.allow}` : '404'
}

describe('routes', () => {
  it.each([
    ['/login', 'GET', 'a'],
    ['/login', 'HEAD', 'a'],
    ['/login', 'POST', 'b'],
    ['/login', 'DELETE', '405 GET, HEAD, POST'],
    ['/login/', 'GET', 'rest'],
    ['/Login', 'GET', 'rest'],
    ['/admin', 'GET', 'admin'],
    ['/admin/', 'GET', 'admin'],
    ['/admin/x/y', 'GET', 'admin'],
    ['/ADMIN', 'GET', 'admin'],
    ['/aDmIn/x', 'GET', 'admin'],
    ['/admin./x', 'GET', 'admin'],
    ['/admin%20/x', 'GET', 'admin'],
    ['/administration', 'GET', 'rest'],
    ['/admin/help', 'GET', 'help'],
    ['/admin/HELP', 'GET', 'admin'],
    ['/admin/x', 'DELETE', '405 GET, HEAD, POST'],
    ['/ADMIN/x', 'DELETE', '405 GET, HEAD, POST'],
    ['/account', 'GET', 'account'],
    ['/account/', 'GET', 'account'],
    ['/account/x', 'GET', 'rest'],
    ['/', 'GET', 'rest'],
  ])('%s %s goes to %s', (path, method, to) => {
    expect(outcome(path, method)).toBe(to)
  })

  // A guarded route that lists its methods must not leave the others to a laxer pattern further down.
  it('does not let another method fall through to a later pattern', () => {
    expect(outcome('/admin', 'PUT')).toBe('405 GET, HEAD, POST')
  })

  it.each(['/', '/a', '/a/b', '/A./b'])('guards %s by a guarded route for everything', (path) => {
    const all = compileRoutes([{ route: { path: '/*', to: 'all', access: 'session' }, access: 'session', body }])
    expect(all(path, 'GET').is).toBe('route')
  })

  it('finds nothing where no pattern covers the path', () => {
    const only = compileRoutes([{ route: { path: '/a/*', to: 'a' }, access: 'public', body }])
    expect(only('/b', 'GET')).toEqual({ is: 'none' })
    expect(only('/ab', 'GET')).toEqual({ is: 'none' })
  })
})

it.each([
  ['/*', '/a', true],
  ['/*', '/a/*', true],
  ['/a/*', '/a', true],
  ['/a/*', '/a/*', true],
  ['/a/*', '/ab', false],
  ['/a', '/a/*', false],
  ['/a', '/a', true],
])('%s covers %s: %s', (pattern, other, expected) => {
  expect(patternCovers(pattern, other)).toBe(expected)
})

describe('a guarded route that tells spellings apart', () => {
  const routes: readonly Route[] = [
    { path: '/files/*', to: 'files', access: 'session', caseSensitive: true },
    { path: '/admin', to: 'admin', access: 'session' },
    { path: '/*', to: 'rest', access: 'public' },
  ]
  const compiled = compileRoutes(routes.map((route) => ({ route, access: route.access ?? 'session', body })))

  it.each([
    ['/files/Readme', 'files'],
    ['/files', 'files'],
    ['/Files/Readme', 'rest'],
    ['/ADMIN/', 'admin'],
  ])('takes %s to %s', (path, to) => {
    const found = compiled(path, 'GET')
    expect(found.is === 'route' && found.route.route.to).toBe(to)
  })
})
