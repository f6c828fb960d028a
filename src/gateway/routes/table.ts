/**
 * Compiles the route table and finds the route of a request. The first pattern that matches host and path
 * decides; then the method selects a route among those with that pattern. `compile.ts` compiles the table,
 * `find-route.ts` matches each request, and `find-unreachable.ts` matches the sign-in page; most files of
 * this folder use its types. An unknown path or method is a result, not an error. It expects valid
 * patterns, and gives wrong matches for others. Matching throws only if a function of the option
 * `aliases` does.
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

/** A validated route with its compiled options. */
export interface CompiledRoute {
  readonly route: Route
  readonly access: CompiledAccess
  /** The cross-origin policy; undefined if the route accepts requests from any origin. */
  readonly csrf?: CrossOriginPolicy | undefined
  readonly body: BodyRules
  /** The login throttle; undefined for a route that is not a login. */
  readonly throttle?: CompiledThrottle | undefined
  /** The GraphQL limits; undefined for a route without them. */
  readonly graphql?: CompiledGraphqlRoute | undefined
  /** The upstream with the options of this route; undefined if `to` names no upstream, which is an issue. */
  readonly upstream?: CompiledUpstream | undefined
  /** The rate limits that count the requests of the route. */
  readonly limits?: ReadonlyArray<LimitGate<LimitedContext>>
  /** Writes the security headers; undefined if the gateway's own headers are used. */
  readonly secure?: HeaderWriter | undefined
  /**
   * The checks of its requests; undefined for a route that was combined for one request, whose checks are created then.
   */
  readonly checks?: readonly RouteCheck[] | undefined
}

/** The parts of a route that decide which requests it matches and guards. */
export type RuledRoute = Pick<CompiledRoute, 'route' | 'access'>

/** The result of a match: a route; `method` if the path has routes, but none for the method; or `none`. */
export type RouteMatch =
  | { readonly type: 'route'; readonly route: CompiledRoute }
  | { readonly type: 'method'; readonly allow: string }
  | { readonly type: 'none' }

/** A compiled table of routes. */
export interface RouteTable {
  /** True if any route names a host. Otherwise `host` of {@link match} is ignored. */
  readonly hosted: boolean
  /** True if any route forwards `%2F`. */
  readonly keepsSlashes: boolean
  /**
   * The first cache of a route, from which the invalidation of all caches is created; undefined if no route has a
   * cache.
   */
  readonly cache: RouteCache | undefined
  /** True if any route has a rate limit. */
  readonly limited: boolean
  /** Whether a route names this host, exactly or by a `*.` pattern. */
  names(host: string): boolean
  /** @param host - a name without a port. @param path - canonical. @param search - the query with its `?`, or empty. */
  match(host: string, path: string, method: string, search?: string): RouteMatch
}

/**
 * All routes that share a pattern. The group decides for a path that it covers: a method that it lacks gets 405, and a
 * later, laxer pattern is not tried.
 */
export interface RouteGroup {
  /** Its position in the table. If several groups cover a path, the one with the lowest position decides. */
  readonly order: number
  readonly byMethod: Map<string, CompiledRoute>
  /** The value of `Allow` for other methods. */
  readonly allow: string
  /** The pattern as it is written in the configuration. */
  readonly pattern: PathPattern
  readonly members: readonly CompiledRoute[]
}

/**
 * Patterns indexed by their text. A request needs one look-up for each of its segments, however many patterns there
 * are.
 */
interface SpellingIndex {
  readonly exact: Map<string, RouteGroup>
  readonly prefixes: Map<string, RouteGroup>
  /**
   * Number of segments of the longest prefix, up to which a path is looked up. -1 means that there is
   * no prefix.
   */
  depth: number
}

/** The patterns of one host. */
interface HostIndex {
  readonly plain: SpellingIndex
  /** Patterns that are compared with the folded path, so that they match every spelling that an upstream may accept. */
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

/** Compiles a route table. The patterns of the routes must be valid. */
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

/** Lists the methods of a route, with HEAD besides GET; all methods by default. */
export function listMethods(route: Route): readonly string[] {
  if (route.methods === undefined) return allMethods
  return route.methods.includes('GET') && !route.methods.includes('HEAD')
    ? [...route.methods, 'HEAD']
    : route.methods
}

function groupRoutes(routes: readonly CompiledRoute[]): CompiledRoute[][] {
  const byPattern = new Map<string, CompiledRoute[]>()
  for (const routeToGroup of routes) {
    // Neither a host nor a path contains a space, so the key is unique.
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

/** Returns the group that covers a path and has the lowest position, or `bestGroup` if that comes before it. */
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
