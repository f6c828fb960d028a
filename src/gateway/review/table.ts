/**
 * Remarks on a route table: what it allows, and perhaps was not meant to allow. `review.ts` calls
 * it. It returns sentences and changes nothing.
 */

import { patternCovers } from '../../request/path/pattern.ts'
import type { GatewayConfig } from '../config.ts'
import { coversAll, describeRoute } from '../routes/find-unreachable.ts'
import { isFolded, isGuarded } from '../routes/guards.ts'
import { hostCovers, hostsOverlap } from '../routes/host-pattern.ts'
import { listMethods, type RuledRoute } from '../routes/table.ts'

type Upstreams = GatewayConfig<string, never, never>['upstreams']

/** Remarks on routes and on every two of them, in the order of the table. */
export function reviewTable(routes: readonly RuledRoute[], upstreams: Upstreams): string[] {
  return routes.flatMap((ruledRoute, index) => {
    const routeName = `routes.${index} (${describeRoute(ruledRoute)})`
    const pairs = routes.flatMap((laterRoute, laterIndex) => {
      return laterIndex > index
        ? reviewPair(
            ruledRoute,
            laterRoute,
            routeName,
            `routes.${laterIndex} (${describeRoute(laterRoute)})`,
          )
        : []
    })

    return [
      ...pairs,
      ...reviewRoute(ruledRoute, routeName),
      ...reviewOpenTable(ruledRoute, routeName, { routes, upstreams }),
      ...findOverlaps(ruledRoute, routeName, routes),
    ]
  })
}

function reviewRoute({ route, access }: RuledRoute, routeName: string): string[] {
  const { path } = route
  const remarks: string[] = []
  // OData has a `$` inside names; these anchors and groups belong to no path.
  if (/[()[\]+]|\$$|\/:/.test(path)) {
    remarks.push(
      `${routeName} looks like a pattern, but is compared literally: ` +
        'only /* at the end stands for more.',
    )
  }

  if (route.caseSensitive && isGuarded(access)) {
    remarks.push(`${routeName} guards one spelling: the upstream must tell others apart.`)
  }

  if (route.startOnGet)
    remarks.push(`${routeName} starts sessions on GET: the upstream must bind them to the browser.`)

  if (route.encodedSlash === 'keep')
    remarks.push(`${routeName} hands %2F on: the upstream must not take it for a slash.`)

  return remarks
}

/**
 * Finds tables whose `/*` is public: in them a request for an unlisted path reaches the upstream
 * without a guard.
 */
function reviewOpenTable(
  ruledRoute: RuledRoute,
  routeName: string,
  { routes, upstreams }: { readonly routes: readonly RuledRoute[]; readonly upstreams: Upstreams },
): string[] {
  const { path, host, methods, to: upstreamName } = ruledRoute.route
  if (path !== '/*' || isGuarded(ruledRoute.access)) return []

  const isForAll = host === undefined && methods === undefined
  const remarks = isForAll
    ? [`${routeName} is public: whatever no other route names is open. Without it, that is 404.`]
    : []
  const isBesideGuards = routes.some(
    (otherRoute) =>
      isGuarded(otherRoute.access) && (isForAll || servesAlike(ruledRoute, otherRoute)),
  )
  if (!isBesideGuards) return remarks

  const suggestion =
    upstreams[upstreamName]?.aliases === undefined
      ? ` Until then, name the framework of the upstream ${JSON.stringify(upstreamName)} ` +
        'by its option aliases.'
      : ''

  return [
    ...remarks,
    `${routeName} is public beside guards: an address of a guarded page that its guard ` +
      'does not know (a rewrite, a language, a number) is open. ' +
      `Name what is public, and let /* need a session.${suggestion}`,
  ]
}

/** Whether a page of a guarded route would be served at another address of the same host, to some method of both. */
function servesAlike(openRoute: RuledRoute, guardedRoute: RuledRoute): boolean {
  const methods = listMethods(guardedRoute.route)
  return (
    openRoute.route.host === guardedRoute.route.host &&
    listMethods(openRoute.route).some((method) => methods.includes(method))
  )
}

/** An earlier route decides for the paths it has in common with a later one. */
function reviewPair(
  earlier: RuledRoute,
  laterRoute: RuledRoute,
  routeName: string,
  laterName: string,
): string[] {
  const [earlierRule, laterRule] = [earlier.route, laterRoute.route]
  const isSamePattern = earlierRule.path === laterRule.path && earlierRule.host === laterRule.host
  if (isSamePattern || !hostsOverlap(earlierRule.host, laterRule.host)) return []
  const isWider = patternCovers(earlierRule.path, laterRule.path, isFolded(earlier))
  if (!isWider && !patternCovers(laterRule.path, earlierRule.path, isFolded(laterRoute))) return []
  // In a table that ends closed, what is public is named before: that is what it is for.
  const endsClosed =
    laterRule.path === '/*' && laterRule.host === undefined && earlierRule.path !== '/*'
  if (endsClosed && !isGuarded(earlier.access)) return []
  if (isLessRestrictive(earlier, laterRoute)) {
    const laxness = isGuarded(earlier.access) ? 'asks for less and' : 'is public and'
    return [`${routeName} ${laxness} takes ${isWider ? '' : 'its '}paths from ${laterName}.`]
  }

  // One path is meant to have its own methods; a whole branch, or part of what another route takes, may not be.
  if (!earlierRule.path.endsWith('/*') || laterRule.path === '/*') return []
  const missing = listMethods(laterRule).filter(
    (method) => !listMethods(earlierRule).includes(method),
  )

  return missing.length > 0
    ? [`${routeName} answers 405 to ${missing.join(', ')} where ${laterName} would take it.`]
    : []
}

/** Whether one route allows a client that the other one denies. */
export function isLessRestrictive({ access: a }: RuledRoute, { access: b }: RuledRoute): boolean {
  return (
    (b.session && !a.session) ||
    (b.ranges !== undefined && a.ranges === undefined) ||
    (b.roles !== undefined && a.roles === undefined) ||
    ((b.claims ?? b.check) !== undefined && (a.claims ?? a.check) === undefined)
  )
}

/**
 * Finds guards of one host that another host bypasses: it leads to the same paths of the same
 * upstream.
 */
function findOverlaps(
  ruledRoute: RuledRoute,
  routeName: string,
  routes: readonly RuledRoute[],
): string[] {
  const { route, access } = ruledRoute
  if (route.host === undefined || !isGuarded(access)) return []
  return routes.flatMap((otherRoute, index) => {
    const isUnguarded =
      !isGuarded(otherRoute.access) &&
      otherRoute.route.to === route.to &&
      !hostCovers(route.host, otherRoute.route.host)
    const reaches = isUnguarded && patternCovers(otherRoute.route.path, route.path)
    // A route of any host comes after this route on this route's own host, and before nothing on
    // other hosts.
    if (!reaches || coversAll(ruledRoute, otherRoute)) return []
    return [
      `${routeName} guards one host: routes.${index} (${describeRoute(otherRoute)}) ` +
        'allows the same paths for other hosts.',
    ]
  })
}
