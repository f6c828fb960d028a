/** Which route a request takes: the first pattern that matches host and path decides, then the method. */
import type { CompiledAccess } from '../access/index.ts'
import type { CrossOriginPolicy } from '../csrf/index.ts'
import type { HeaderWriter } from '../headers/index.ts'
import type { LimitedContext, LimitGate } from '../limit/gate.ts'
import { type BodyRules, foldedPath } from '../request/index.ts'
import { type PathPattern, pathPattern } from '../request/pattern.ts'
import { wildcardOf } from './host-pattern.ts'
import type { CompiledGraphqlRoute } from './judge-graphql.ts'
import type { Method, Route } from './route.ts'
import { type Asked, compileAliases } from './route-aliases.ts'
import { isFolded } from './route-guards.ts'
import type { CompiledThrottle } from './throttle-types.ts'
import type { PlannedUpstream } from './upstreams.ts'

/** A route as requests use it. */
export interface CompiledRoute {
  readonly route: Route
  readonly access: CompiledAccess
  /** Undefined where the route takes requests from anywhere. */
  readonly csrf?: CrossOriginPolicy | undefined
  readonly body: BodyRules
  /** Undefined where the route is no login. */
  readonly throttle?: CompiledThrottle | undefined
  /** Undefined where nobody looks for GraphQL. */
  readonly graphql?: CompiledGraphqlRoute | undefined
  /** The upstream as this route uses it; undefined where it names none, which is a fault. */
  readonly upstream?: PlannedUpstream | undefined
  /** What requests are counted against. */
  readonly limits?: ReadonlyArray<LimitGate<LimitedContext>>
  /** Undefined where its answers have the gateway's headers. */
  readonly secure?: HeaderWriter | undefined
}

/** As much of a route as decides what it covers. */
export type RuledRoute = Pick<CompiledRoute, 'route' | 'access'>

/** What became of a host, a path and a method. */
export type Match =
  | { readonly is: 'route'; readonly route: CompiledRoute }
  | { readonly is: 'method'; readonly allow: string }
  | { readonly is: 'none' }

/** A table of routes. */
export interface RouteTable {
  /** Whether any route names a host; where none does, `host` of {@link match} is not looked at. */
  readonly hosted: boolean
  /** Whether a route names this host, itself or by its domain. */
  names(host: string): boolean
  /** @param host - a name without a port. @param path - canonical. @param search - the query with its `?`, or empty. */
  match(host: string, path: string, method: string, search?: string): Match
}

/** All routes that share a pattern: a path that one of them covers never falls through to a later, laxer pattern. */
export interface Group {
  /** Its place in the table: of several that cover a path the first one decides. */
  readonly order: number
  readonly byMethod: Map<string, CompiledRoute>
  readonly allow: string
  /** What it covers as it is written. */
  readonly pattern: PathPattern
  readonly members: readonly CompiledRoute[]
}

/** Patterns in one spelling, found by their text: however many there are, a request looks up as often as it has segments. */
interface Spelling {
  readonly exact: Map<string, Group>
  readonly prefixes: Map<string, Group>
  /** Segments of the longest prefix; deeper than that no path is looked at. -1: there is no prefix. */
  depth: number
}

/** Patterns of one host. */
interface Index {
  readonly plain: Spelling
  /** Those compared with the folded path: too much is guarded, never too little. */
  readonly folded: Spelling
}

const every: readonly Method[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const none: Match = { is: 'none' }

/** Compiles a route table. Patterns must have been judged. */
export function compileRoutes(routes: readonly CompiledRoute[]): RouteTable {
  const anyHost = newIndex()
  const hosts = new Map<string, Index>()
  const aliases = compileAliases(routes)
  for (const [order, members] of groupsOf(routes).entries()) {
    const { host, path } = (members[0] as CompiledRoute).route
    let index = host === undefined ? anyHost : hosts.get(host)
    if (index === undefined) {
      index = newIndex()
      hosts.set(`${host}`, index)
    }
    const guarded = members.some(isFolded)
    const { text, prefix } = pathPattern(path, guarded)
    const spelling = guarded ? index.folded : index.plain
    const found = prefix ? spelling.prefixes : spelling.exact
    if (prefix) spelling.depth = Math.max(spelling.depth, text.split('/').length - 1)
    const group = groupOf(order, members)
    if (!found.has(text)) found.set(text, group)
    aliases.add(group)
  }

  function find(asked: Asked): Group | undefined {
    const { host, path } = asked
    let best: Group | undefined
    const look = ({ plain, folded: guarded }: Index): void => {
      best = earlier(best, plain, path)
      if (isEmpty(guarded)) return
      asked.folded ??= foldedPath(path)
      best = earlier(best, guarded, asked.folded)
    }
    look(anyHost)
    if (hosts.size === 0) return best
    const [named, below] = [hosts.get(host), hosts.get(wildcardOf(host))]
    if (named !== undefined) look(named)
    if (below !== undefined) look(below)
    return best
  }

  return {
    hosted: hosts.size > 0,
    names: (host) => hosts.has(host) || hosts.has(wildcardOf(host)),
    match(host, path, method, search = ''): Match {
      const asked: Asked = { host, path, method, search }
      const group = find(asked)
      if (group === undefined) return none
      const route = group.byMethod.get(method)
      if (route === undefined) return { is: 'method', allow: group.allow }
      return aliases.strictest(asked, group, route, find) ?? { is: 'route', route }
    },
  }
}

/** Methods that a route takes. */
export function methodsOf(route: Route): readonly string[] {
  if (route.methods === undefined) return every
  return route.methods.includes('GET') && !route.methods.includes('HEAD') ? [...route.methods, 'HEAD'] : route.methods
}

function groupsOf(routes: readonly CompiledRoute[]): CompiledRoute[][] {
  const found = new Map<string, CompiledRoute[]>()
  for (const compiled of routes) {
    // Neither holds a space.
    const pattern = `${compiled.route.host ?? ''} ${compiled.route.path}`
    const same = found.get(pattern)
    if (same) same.push(compiled)
    else found.set(pattern, [compiled])
  }
  return [...found.values()]
}

function groupOf(order: number, members: readonly CompiledRoute[]): Group {
  const byMethod = new Map<string, CompiledRoute>()
  for (const member of members) {
    for (const method of methodsOf(member.route)) if (!byMethod.has(method)) byMethod.set(method, member)
  }
  const pattern = pathPattern((members[0] as CompiledRoute).route.path)
  return { order, pattern, members, byMethod, allow: every.filter((method) => byMethod.has(method)).join(', ') }
}

function newIndex(): Index {
  const spelling = (): Spelling => ({ exact: new Map(), prefixes: new Map(), depth: -1 })
  return { plain: spelling(), folded: spelling() }
}

function isEmpty({ exact, depth }: Spelling): boolean {
  return depth < 0 && exact.size === 0
}

/** The first group that covers a path, if it is before `best`. */
function earlier(best: Group | undefined, { exact, prefixes, depth }: Spelling, path: string): Group | undefined {
  let first = best
  const offer = (group: Group | undefined): void => {
    if (group !== undefined && (first === undefined || group.order < first.order)) first = group
  }
  if (exact.size > 0) offer(exact.get(path))
  if (depth < 0) return first
  offer(prefixes.get(''))
  for (let level = 0, at = 0; level < depth; level++) {
    at = path.indexOf('/', at + 1)
    offer(prefixes.get(at === -1 ? path : path.slice(0, at)))
    if (at === -1) break
  }
  return first
}
