/**
 * Finds which route a request takes: the first pattern that matches host and path decides, then
 * the method. `find-route.ts` asks the compiled table for each request. It expects valid patterns,
 * and reports an unknown path or method as a result.
 */
import type { CompiledAccess } from '../../access/index.ts'
import type { CrossOriginPolicy } from '../../csrf/index.ts'
import type { HeaderWriter } from '../../headers/index.ts'
import type { LimitedContext, LimitGate } from '../../limit/gate.ts'
import type { RouteCache } from '../../proxy/cache/public-cache.ts'
import { type BodyRules, foldPath } from '../../request/index.ts'
import { compilePathPattern, type PathPattern } from '../../request/path/pattern.ts'
import type { RouteCheck } from '../checks/check.ts'
import type { CompiledUpstream } from '../config/upstreams.ts'
import type { CompiledGraphqlRoute } from '../phases/graphql.ts'
import type { CompiledThrottle } from '../throttle/types.ts'
import { type Asked, compileAliases } from './aliases.ts'
import { isFolded } from './guards.ts'
import { toWildcard } from './host-pattern.ts'
import type { Method, Route } from './route.ts'

/** A route as requests use it. */
export interface CompiledRoute {
  readonly route: Route
  readonly access: CompiledAccess
  /** Undefined where the route takes requests from anywhere. */
  readonly csrf?: CrossOriginPolicy | undefined
  readonly body: BodyRules
  /** Undefined for a route that is not a login. */
  readonly throttle?: CompiledThrottle | undefined
  /** Undefined for a route without GraphQL limits. */
  readonly graphql?: CompiledGraphqlRoute | undefined
  /** The upstream as this route uses it; undefined where it names none, which is a fault. */
  readonly upstream?: CompiledUpstream | undefined
  /** The limits that count the requests of the route. */
  readonly limits?: ReadonlyArray<LimitGate<LimitedContext>>
  /** Undefined where its answers have the gateway's headers. */
  readonly secure?: HeaderWriter | undefined
  /** The checks of its requests; undefined for routes that were combined for one request, whose checks are created then. */
  readonly checks?: readonly RouteCheck[] | undefined
}

/** As much of a route as decides what it covers. */
export type RuledRoute = Pick<CompiledRoute, 'route' | 'access'>

/** The match of a host, a path and a method. */
export type RouteMatch =
  | { readonly type: 'route'; readonly route: CompiledRoute }
  | { readonly type: 'method'; readonly allow: string }
  | { readonly type: 'none' }

/** A table of routes. */
export interface RouteTable {
  /** Whether any route names a host; where none does, `host` of {@link match} is not looked at. */
  readonly hosted: boolean
  /** Whether any route forwards `%2F`. */
  readonly keepsSlashes: boolean
  /** The first cache of a route, which brings the code of all; undefined where no route has one. */
  readonly cache: RouteCache | undefined
  /** Whether any route has a rate limit. */
  readonly limited: boolean
  /** Whether a route names this host, itself or by its domain. */
  names(host: string): boolean
  /** @param host - a name without a port. @param path - canonical. @param search - the query with its `?`, or empty. */
  match(host: string, path: string, method: string, search?: string): RouteMatch
}

/** All routes that share a pattern: a path that one of them covers never falls through to a later, laxer pattern. */
export interface RouteGroup {
  /** Its place in the table: of several that cover a path the first one decides. */
  readonly order: number
  readonly byMethod: Map<string, CompiledRoute>
  readonly allow: string
  /** The pattern as it is written. */
  readonly pattern: PathPattern
  readonly members: readonly CompiledRoute[]
}

/** Patterns in one spelling, found by their text: however many there are, a request looks up as often as it has segments. */
interface SpellingIndex {
  readonly exact: Map<string, RouteGroup>
  readonly prefixes: Map<string, RouteGroup>
  /**
   * Segments of the longest prefix: the depth to which a path is searched. -1 means that there is
   * no prefix.
   */
  depth: number
}

/** Patterns of one host. */
interface HostIndex {
  readonly plain: SpellingIndex
  /** Those compared with the folded path: too much is guarded, never too little. */
  readonly folded: SpellingIndex
}

/** Every method that a route may list. */
export const allMethods: readonly Method[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
]
const noMatch: RouteMatch = { type: 'none' }

/** Compiles a route table. Its patterns must be valid. */
export function compileRoutes(routes: readonly CompiledRoute[]): RouteTable {
  const anyHost = newIndex()
  const hosts = new Map<string, HostIndex>()
  const aliases = compileAliases(routes)
  for (const [groupOrder, members] of groupRoutes(routes).entries()) {
    const { host, path } = (members[0] as CompiledRoute).route
    let index = host === undefined ? anyHost : hosts.get(host)
    if (index === undefined) {
      index = newIndex()
      hosts.set(`${host}`, index)
    }

    const hasFolded = members.some(isFolded)
    const { text: patternText, prefix } = compilePathPattern(path, hasFolded)
    const spelling = hasFolded ? index.folded : index.plain
    const groupsByPath = prefix ? spelling.prefixes : spelling.exact
    if (prefix) spelling.depth = Math.max(spelling.depth, patternText.split('/').length - 1)
    const group = createGroup(groupOrder, members)
    if (!groupsByPath.has(patternText)) groupsByPath.set(patternText, group)
    aliases.add(group)
  }

  function findGroup(routeQuery: Asked): RouteGroup | undefined {
    const { host, path } = routeQuery
    let bestGroup: RouteGroup | undefined
    const considerIndex = ({ plain, folded }: HostIndex): void => {
      bestGroup = firstInOrder(bestGroup, plain, path)
      if (isEmpty(folded)) return
      routeQuery.folded ??= foldPath(path)
      bestGroup = firstInOrder(bestGroup, folded, routeQuery.folded)
    }

    considerIndex(anyHost)
    if (hosts.size === 0) return bestGroup
    const [namedIndex, wildcardIndex] = [hosts.get(host), hosts.get(toWildcard(host))]
    if (namedIndex !== undefined) considerIndex(namedIndex)
    if (wildcardIndex !== undefined) considerIndex(wildcardIndex)
    return bestGroup
  }

  return {
    hosted: hosts.size > 0,
    keepsSlashes: routes.some(({ route }) => route.encodedSlash === 'keep'),
    cache: routes.map(({ route }) => route.cache).find((cache) => !!cache) || undefined,
    limited: routes.some(({ limits = [] }) => limits.length > 0),
    names: (host) => hosts.has(host) || hosts.has(toWildcard(host)),
    match(host, path, method, search = ''): RouteMatch {
      const routeQuery: Asked = { host, path, method, search }
      const group = findGroup(routeQuery)
      if (group === undefined) return noMatch
      const route = group.byMethod.get(method)
      if (route === undefined) return { type: 'method', allow: group.allow }
      return aliases.strictest(routeQuery, group, route, findGroup) ?? { type: 'route', route }
    },
  }
}

/** Methods that a route takes. */
export function listMethods(route: Route): readonly string[] {
  if (route.methods === undefined) return allMethods
  return route.methods.includes('GET') && !route.methods.includes('HEAD')
    ? [...route.methods, 'HEAD']
    : route.methods
}

function groupRoutes(routes: readonly CompiledRoute[]): CompiledRoute[][] {
  const byPattern = new Map<string, CompiledRoute[]>()
  for (const routeToGroup of routes) {
    // Neither holds a space.
    const pattern = `${routeToGroup.route.host ?? ''} ${routeToGroup.route.path}`
    const samePattern = byPattern.get(pattern)
    if (samePattern) samePattern.push(routeToGroup)
    else byPattern.set(pattern, [routeToGroup])
  }

  return [...byPattern.values()]
}

function createGroup(groupOrder: number, members: readonly CompiledRoute[]): RouteGroup {
  const byMethod = new Map<string, CompiledRoute>()
  for (const member of members) {
    for (const method of listMethods(member.route))
      if (!byMethod.has(method)) byMethod.set(method, member)
  }

  const pattern = compilePathPattern((members[0] as CompiledRoute).route.path)

  return {
    order: groupOrder,
    pattern,
    members,
    byMethod,
    allow: allMethods.filter((method) => byMethod.has(method)).join(', '),
  }
}

function newIndex(): HostIndex {
  const spelling = (): SpellingIndex => ({ exact: new Map(), prefixes: new Map(), depth: -1 })
  return { plain: spelling(), folded: spelling() }
}

function isEmpty({ exact, depth }: SpellingIndex): boolean {
  return depth < 0 && exact.size === 0
}

/** The first group that covers a path, if it is before `bestGroup`. */
function firstInOrder(
  bestGroup: RouteGroup | undefined,
  { exact, prefixes, depth }: SpellingIndex,
  requestPath: string,
): RouteGroup | undefined {
  let firstGroup = bestGroup
  const consider = (group: RouteGroup | undefined): void => {
    if (group !== undefined && (firstGroup === undefined || group.order < firstGroup.order))
      firstGroup = group
  }
  if (exact.size > 0) consider(exact.get(requestPath))
  if (depth < 0) return firstGroup
  consider(prefixes.get(''))
  for (let segmentLevel = 0, slashIndex = 0; segmentLevel < depth; segmentLevel++) {
    slashIndex = requestPath.indexOf('/', slashIndex + 1)
    consider(prefixes.get(slashIndex === -1 ? requestPath : requestPath.slice(0, slashIndex)))
    if (slashIndex === -1) break
  }

  return firstGroup
}
