import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileAccess } from '../../src/access/index.ts'
import { coversAll } from '../../src/gateway/routes/find-unreachable.ts'
import { createFindCovering } from '../../src/gateway/routes/reachability.ts'
import type { Method, Route } from '../../src/gateway/routes/route.ts'
import { listMethods, type RuledRoute } from '../../src/gateway/routes/table.ts'
import { createIssues } from '../../src/options/index.ts'

function createRoute(route: Omit<Route, 'to'>): RuledRoute {
  const access = compileAccess(route.access ?? 'session', createIssues())
  return { route: { ...route, to: 'app' }, access }
}

/** The earlier route that leaves nothing for the last one, by a comparison with each of them. */
function findByComparison(routes: readonly RuledRoute[]): RuledRoute | undefined {
  const last = routes.at(-1) as RuledRoute
  const openMethods = new Set(listMethods(last.route))
  return routes.slice(0, -1).find((earlier) => {
    const isSame = earlier.route.path === last.route.path && earlier.route.host === last.route.host
    if (isSame) for (const method of listMethods(earlier.route)) openMethods.delete(method)
    else if (coversAll(earlier, last)) openMethods.clear()
    return openMethods.size === 0
  })
}

const methods = fc.subarray<Method>(['GET', 'HEAD', 'POST', 'PUT'], { minLength: 1 })
const paths = [
  '/',
  '/*',
  '/a',
  '/A',
  '/a/*',
  '/A/*',
  '/a.',
  '/a/b',
  '/a/b/*',
  '/a/b/c',
  '/b',
  '/ab/*',
]
const route = fc.record(
  {
    path: fc.constantFrom(...paths),
    host: fc.constantFrom('a.test', 'b.a.test', '*.a.test', '*.test'),
    methods,
    access: fc.constantFrom('public' as const, 'session' as const),
    caseSensitive: fc.boolean(),
  },
  { requiredKeys: ['path', 'access'] },
)

describe('the check that every route is reachable', () => {
  it('finds the route that a comparison with each earlier one finds', () => {
    fc.assert(
      fc.property(fc.array(route, { minLength: 1, maxLength: 12 }), (given) => {
        const routes = given.map((each) => createRoute(each as Omit<Route, 'to'>))
        const findCovering = createFindCovering()
        for (const [index, each] of routes.entries())
          expect(findCovering(each)).toBe(findByComparison(routes.slice(0, index + 1)))
      }),
      { numRuns: 500 },
    )
  })

  it.each([500, 2000])('reads the patterns of %i routes a few times each', (count) => {
    let reads = 0
    const findCovering = createFindCovering()
    for (let index = 0; index < count; index++) {
      const { access } = createRoute({ path: '/' })
      const counted: Route = {
        to: 'app',
        get path(): string {
          reads++
          return `/shop/${index}/*`
        },
      }
      expect(findCovering({ route: counted, access })).toBeUndefined()
    }
    expect(reads / count).toBeLessThan(10)
  })
})
