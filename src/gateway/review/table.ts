/**
 * Reviews the route table: finds routes that may allow requests which the configuration was meant to deny.
 * `review.ts` calls it, and `methods.ts` uses its comparison of two routes. It returns one sentence for
 * each doubtful route or pair of routes; it throws nothing and changes nothing. It compares patterns and
 * access rules only, so functions in access rules are not called.
 */

import { patternCovers } from '../../request/path/pattern.ts'
import type { GatewayConfig } from '../config.ts'
import { coversAll, describeRoute } from '../routes/find-unreachable.ts'
import { isFolded, isGuarded } from '../routes/guards.ts'
import { hostCovers, hostsOverlap } from '../routes/host-pattern.ts'
import { listMethods, type RuledRoute } from '../routes/table.ts'

type Upstreams = GatewayConfig<string, never, never>['upstreams']

/** Reviews each route and each pair of routes, in the order of the table. */
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
  // Groups, classes, `:name` and a `$` at the end belong to other kinds of patterns. A `$` inside a name is valid
  // (OData).
  if (/[()[\]+]|\$$|\/:/.test(path)) {
    remarks.push(
      `${routeName} looks like a pattern, but is compared literally: ` +
        'only /* at the end matches more than itself.',
    )
  }

  if (route.caseSensitive && isGuarded(access)) {
    remarks.push(
      `${routeName} is caseSensitive, so it guards one spelling of the path only: the upstream ` +
        'must not serve the page under another spelling, such as /Admin or /admin/.',
    )
  }

  if (route.startOnGet)
    remarks.push(
      `${routeName} starts sessions on GET, so a link can sign a user in: ` +
        "the upstream must bind each login to the browser, by OAuth's state for example.",
    )

  if (route.encodedSlash === 'keep')
    remarks.push(`${routeName} forwards %2F: the upstream must not read it as a slash.`)

  return remarks
}

/**
 * Finds a public route for `/*`. With it, requests for all paths that no other route lists reach the
 * upstream without a guard.
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
    ? [`${routeName} is public: every other path is open. Without this route it would be 404.`]
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
    `${routeName} is public beside guards: a guarded page is open at every other path under ` +
      'which the upstream serves it, such as a rewrite or a language prefix. ' +
      `List the public paths, and require a session for /*.${suggestion}`,
  ]
}

/** Checks whether two routes have the same host and a method in common. */
function servesAlike(openRoute: RuledRoute, guardedRoute: RuledRoute): boolean {
  const methods = listMethods(guardedRoute.route)
  return (
    openRoute.route.host === guardedRoute.route.host &&
    listMethods(openRoute.route).some((method) => methods.includes(method))
  )
}

/** Reviews two routes. For paths that both match, the earlier one decides. */
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
  // If the later route is a guarded /*, the public routes before it are intended.
  const isCatchAll =
    laterRule.path === '/*' && laterRule.host === undefined && earlierRule.path !== '/*'
  if (isCatchAll && !isGuarded(earlier.access)) return []
  if (isLessRestrictive(earlier, laterRoute)) {
    const laxness = isGuarded(earlier.access) ? 'requires less' : 'is public'
    const paths = isWider ? 'the paths' : 'some paths'
    return [`${routeName} ${laxness} and decides first for ${paths} of ${laterName}.`]
  }

  // An exact path with its own methods is intended. A prefix that hides methods of a later route may be a mistake.
  if (!earlierRule.path.endsWith('/*') || laterRule.path === '/*') return []
  const missing = listMethods(laterRule).filter(
    (method) => !listMethods(earlierRule).includes(method),
  )

  return missing.length > 0
    ? [`${routeName} answers 405 to ${missing.join(', ')} where ${laterName} would accept it.`]
    : []
}

/** Checks whether the first route may allow a client that the second one denies. */
export function isLessRestrictive({ access: a }: RuledRoute, { access: b }: RuledRoute): boolean {
  return (
    (b.session && !a.session) ||
    (b.ranges !== undefined && a.ranges === undefined) ||
    (b.roles !== undefined && a.roles === undefined) ||
    ((b.claims ?? b.check) !== undefined && (a.claims ?? a.check) === undefined)
  )
}

/**
 * Finds a guarded route of one host that clients can bypass by another host, for which an unguarded
 * route forwards the same paths to the same upstream.
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
    // An unguarded route that the guarded route covers completely does not bypass it.
    if (!reaches || coversAll(ruledRoute, otherRoute)) return []
    return [
      `${routeName} guards one host only: routes.${index} (${describeRoute(otherRoute)}) ` +
        'forwards the same paths of other hosts to the same upstream without a guard.',
    ]
  })
}
