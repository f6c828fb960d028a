/**
 * Finds routes that no request reaches, because earlier routes of the table match all their requests.
 * `validate-routes.ts` calls it for each route in the order of the table, and reports the result as an issue. It
 * looks patterns up instead of comparing all pairs of routes, since a table of thousands of routes is compiled
 * while a Worker starts. It expects valid patterns and does not throw. A route that earlier ones with different
 * patterns cover only together is not found.
 */
import { compilePathPattern } from '../../request/path/pattern.ts'
import { isFolded } from './guards.ts'
import { toWildcard } from './host-pattern.ts'
import { listMethods, type RuledRoute } from './table.ts'

/** A route of the table with its position. */
interface PlacedRoute {
  readonly order: number
  readonly route: RuledRoute
  /** The methods for which this route decides, among the routes with the same host and path. */
  readonly methods: ReadonlySet<string>
  /** All routes with the same host and path, this one included. */
  readonly samePattern: readonly PlacedRoute[]
}

/** Adds the next route of a table. Returns the earlier route that covers it, or undefined if requests can reach it. */
export type FindCovering = (route: RuledRoute) => RuledRoute | undefined

/**
 * Creates the check for one table. Among routes with the same host and path, each decides for its own methods. A route
 * with another pattern that covers such a path decides for all methods.
 */
export function createFindCovering(): FindCovering {
  // The keys are host and path, and those of `listKeys`. Keys of `listKeys` have one space more, so they never collide.
  const placedRoutes = new Map<string, PlacedRoute[]>()
  let routeCount = 0

  function findRoutes(key: string): PlacedRoute[] {
    const routes = placedRoutes.get(key) ?? []
    placedRoutes.set(key, routes)
    return routes
  }

  return (route) => {
    const { host = '', path } = route.route
    const openMethods = new Set(listMethods(route.route))
    const samePattern = findRoutes(`${host} ${path}`)
    let firstRoute = samePattern.find(({ methods }) => {
      for (const method of methods) openMethods.delete(method)
      return openMethods.size === 0
    })

    const coveringKeys = ['', host, toWildcard(host)].flatMap((coveringHost) => [
      ...listKeys(coveringHost, path, false),
      ...listKeys(coveringHost, path, true),
    ])
    for (const placedRoute of coveringKeys.flatMap(findRoutes)) {
      const isBefore = placedRoute.order < (firstRoute?.order ?? routeCount)
      if (isBefore && placedRoute.samePattern !== samePattern) firstRoute = placedRoute
    }

    const placedRoute = { order: routeCount++, route, methods: openMethods, samePattern }
    samePattern.push(placedRoute)
    const [ownKey = ''] = listKeys(host, path, isFolded(route))
    findRoutes(ownKey).push(placedRoute)

    return firstRoute?.route
  }
}

/** Lists the key of a pattern, and then the keys of all prefixes that cover it, for written or for folded patterns. */
function listKeys(host: string, path: string, isFoldedPattern: boolean): string[] {
  const { text, prefix } = compilePathPattern(path, isFoldedPattern)
  const start = `${host} ${isFoldedPattern} `
  const keys = [start + text + (prefix ? '/*' : ''), `${start + text}/*`]
  for (let end = 0; end !== -1; end = text.indexOf('/', end + 1))
    keys.push(`${start + text.slice(0, end)}/*`)

  return keys
}
