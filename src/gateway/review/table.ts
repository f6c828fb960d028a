/** Remarks on a route table: what is allowed there, and perhaps not what was meant. */

import { patternCovers } from '../../request/path/pattern.ts'
import type { GatewayConfig } from '../config.ts'
import { coversAll, describeRoute } from '../routes/find-unreachable.ts'
import { isFolded, isGuarded } from '../routes/guards.ts'
import { hostCovers, hostsOverlap } from '../routes/host-pattern.ts'
import { listMethods, type RuledRoute } from '../routes/table.ts'

type Upstreams = GatewayConfig<string, never, never>['upstreams']

/** Remarks on routes and on every two of them, in the order of the table. */
export function reviewTable(routes: readonly RuledRoute[], upstreams: Upstreams): string[] {
  return routes.flatMap((ruled, index) => {
    const at = `routes.${index} (${describeRoute(ruled)})`
    const pairs = routes.flatMap((later, place) => {
      return place > index
        ? reviewPair(ruled, later, at, `routes.${place} (${describeRoute(later)})`)
        : []
    })
    return [
      ...pairs,
      ...reviewRoute(ruled, at),
      ...reviewOpenTable(ruled, at, { routes, upstreams }),
      ...findOverlaps(ruled, at, routes),
    ]
  })
}

function reviewRoute({ route, access }: RuledRoute, at: string): string[] {
  const { path } = route
  const remarks: string[] = []
  // A `$` within is OData's; these anchors and groups are nobody's.
  if (/[()[\]+]|\$$|\/:/.test(path)) {
    remarks.push(
      `${at} looks like a pattern, and is compared letter by letter: only /* at the end stands for more.`,
    )
  }
  if (route.caseSensitive && isGuarded(access)) {
    remarks.push(`${at} guards one spelling: the upstream must tell others apart.`)
  }
  if (route.startOnGet)
    remarks.push(`${at} starts sessions on GET: the upstream must bind them to the browser.`)
  if (route.encodedSlash === 'keep')
    remarks.push(`${at} hands %2F on: the upstream must not take it for a slash.`)
  return remarks
}

/** Of a table whose `/*` is public nothing is closed but what its guards know. */
function reviewOpenTable(
  ruled: RuledRoute,
  at: string,
  { routes, upstreams }: { readonly routes: readonly RuledRoute[]; readonly upstreams: Upstreams },
): string[] {
  const { path, host, methods, to } = ruled.route
  if (path !== '/*' || isGuarded(ruled.access)) return []

  const isForAll = host === undefined && methods === undefined
  const remarks = isForAll
    ? [`${at} is public: whatever no other route names is open. Without it, that is 404.`]
    : []
  const isBesideGuards = routes.some(
    (other) => isGuarded(other.access) && (isForAll || servesAlike(ruled, other)),
  )
  if (!isBesideGuards) return remarks

  const cure =
    upstreams[to]?.aliases === undefined
      ? ` Until then, name the framework of the upstream ${JSON.stringify(to)} by its option aliases.`
      : ''
  return [
    ...remarks,
    `${at} is public beside guards: an address of a guarded page that its guard does not know (a rewrite, a language, a number) ` +
      `is open. Name what is public, and let /* need a session.${cure}`,
  ]
}

/** Whether a page of a guarded route would be served at another address of the same host, to some method of both. */
function servesAlike(open: RuledRoute, guarded: RuledRoute): boolean {
  const methods = listMethods(guarded.route)
  return (
    open.route.host === guarded.route.host &&
    listMethods(open.route).some((method) => methods.includes(method))
  )
}

/** An earlier route decides for the paths it has in common with a later one. */
function reviewPair(earlier: RuledRoute, later: RuledRoute, at: string, there: string): string[] {
  const [one, two] = [earlier.route, later.route]
  const same = one.path === two.path && one.host === two.host
  if (same || !hostsOverlap(one.host, two.host)) return []
  const wider = patternCovers(one.path, two.path, isFolded(earlier))
  if (!wider && !patternCovers(two.path, one.path, isFolded(later))) return []
  // In a table that ends closed, what is public is named before: that is what it is for.
  const endsClosed = two.path === '/*' && two.host === undefined && one.path !== '/*'
  if (endsClosed && !isGuarded(earlier.access)) return []
  if (isLessRestrictive(earlier, later)) {
    const how = isGuarded(earlier.access) ? 'asks for less and' : 'is public and'
    return [`${at} ${how} takes ${wider ? '' : 'its '}paths from ${there}.`]
  }
  // One path is meant to have its own methods; a whole branch, or part of what another route takes, may not be.
  if (!one.path.endsWith('/*') || two.path === '/*') return []
  const missing = listMethods(two).filter((method) => !listMethods(one).includes(method))
  return missing.length > 0
    ? [`${at} answers 405 to ${missing.join(', ')} where ${there} would take it.`]
    : []
}

/** Whether a route lets somebody pass whom the other one would not. */
export function isLessRestrictive({ access: a }: RuledRoute, { access: b }: RuledRoute): boolean {
  return (
    (b.session && !a.session) ||
    (b.ranges !== undefined && a.ranges === undefined) ||
    (b.roles !== undefined && a.roles === undefined) ||
    ((b.claims ?? b.check) !== undefined && (a.claims ?? a.check) === undefined)
  )
}

/** A guard on one host is none where another host leads to the same paths of the same upstream. */
function findOverlaps(ruled: RuledRoute, at: string, routes: readonly RuledRoute[]): string[] {
  const { route, access } = ruled
  if (route.host === undefined || !isGuarded(access)) return []
  return routes.flatMap((other, index) => {
    const free =
      !isGuarded(other.access) &&
      other.route.to === route.to &&
      !hostCovers(route.host, other.route.host)
    const reaches = free && patternCovers(other.route.path, route.path)
    // What stands on any host is asked after this route on its own host, and before nothing on the others.
    if (!reaches || coversAll(ruled, other)) return []
    return [
      `${at} guards one host: routes.${index} (${describeRoute(other)}) leads to the same paths from others.`,
    ]
  })
}
