/**
 * Finds routes that no request reaches because earlier ones cover them altogether. `validate-routes.ts` asks it for each route of
 * a table, in its order. It looks patterns up instead of comparing each route with all others: a table of thousands of routes
 * is built while a Worker starts. It expects valid patterns.
 */
import { compilePathPattern } from '../../request/path/pattern.ts'
import { isFolded } from './guards.ts'
import { toWildcard } from './host-pattern.ts'
import { listMethods, type RuledRoute } from './table.ts'

/** A route of the table. */
interface PlacedRoute {
  readonly order: number
  readonly route: RuledRoute
  /** The methods that it leaves to none behind it with the same host and path. */
  readonly methods: ReadonlySet<string>
  /** The routes with its host and path, itself among them. */
  readonly samePattern: readonly PlacedRoute[]
}

/** Adds the next route of a table, and returns the earlier one because of which no request reaches it. */
export type FindCovering = (route: RuledRoute) => RuledRoute | undefined

/**
 * Creates the check for one table. Routes with the same host and path share its methods; a route with any other pattern that covers
 * it decides for all of them.
 */
export function createFindCovering(): FindCovering {
  /** By host and path, and by the keys of {@link listKeys}, which begin with the host, too, and have one space more. */
  const placedRoutes = new Map<string, PlacedRoute[]>()
  let routeCount = 0

  function list(key: string): PlacedRoute[] {
    const routes = placedRoutes.get(key) ?? []
    placedRoutes.set(key, routes)
    return routes
  }

  return (route) => {
    const { host = '', path } = route.route
    const openMethods = new Set(listMethods(route.route))
    const samePattern = list(`${host} ${path}`)
    let firstRoute = samePattern.find(({ methods }) => {
      for (const method of methods) openMethods.delete(method)
      return openMethods.size === 0
    })

    const coveringKeys = ['', host, toWildcard(host)].flatMap((coveringHost) => [
      ...listKeys(coveringHost, path, false),
      ...listKeys(coveringHost, path, true),
    ])
    for (const placedRoute of coveringKeys.flatMap(list)) {
      const isBefore = placedRoute.order < (firstRoute?.order ?? routeCount)
      if (isBefore && placedRoute.samePattern !== samePattern) firstRoute = placedRoute
    }

    const placedRoute = { order: routeCount++, route, methods: openMethods, samePattern }
    samePattern.push(placedRoute)
    const [ownKey = ''] = listKeys(host, path, isFolded(route))
    list(ownKey).push(placedRoute)

    return firstRoute?.route
  }
}

/** Lists the key of a pattern, and then those of all prefixes that cover it, as it is written or folded. */
function listKeys(host: string, path: string, isFoldedPattern: boolean): string[] {
  const { text, prefix } = compilePathPattern(path, isFoldedPattern)
  const start = `${host} ${isFoldedPattern} `
  const keys = [start + text + (prefix ? '/*' : ''), `${start + text}/*`]
  for (let end = 0; end !== -1; end = text.indexOf('/', end + 1))
    keys.push(`${start + text.slice(0, end)}/*`)

  return keys
}
