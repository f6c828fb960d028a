/** Judges the route table while building: a route that cannot be meant is a fault, by its place and option. */
import { checkKeys, type Faults, flag, oneOf, wholeNumber } from '../options/index.ts'
import { canonicalPath, foldedPath, isSafeMethod } from '../request/index.ts'
import type { Emit } from '../types.ts'
import { isGrave } from './apply.ts'
import type { GatewayConfig } from './config.ts'
import { judgeBody } from './hygiene.ts'
import { judgeCache } from './judge-cache.ts'
import { judgeCsrf } from './judge-csrf.ts'
import { judgeRouteThrottle } from './judge-throttle.ts'
import type { Access, Method, Route, SessionVerb } from './route.ts'
import { type CompiledRoute, compileRoutes, isFolded, methodsOf, patternCovers } from './routes.ts'
import { type PlannedUpstream, timeoutBounds } from './upstreams.ts'

/** What of the configuration routes are judged by. */
export type RouteSources = Partial<
  Pick<GatewayConfig<string, never, never>, 'routes' | 'session' | 'roles' | 'signIn' | 'csrf' | 'throttle'>
>

const known: ReadonlyArray<keyof Route> = [
  'path',
  'methods',
  'to',
  'access',
  'sessions',
  'startOnGet',
  'caseSensitive',
  'csrf',
  'timeoutMs',
  'retry',
  'maxSocketSeconds',
  'cache',
  'maxBodyBytes',
  'contentTypes',
  'throttle',
]
const methods: readonly Method[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const verbs: readonly SessionVerb[] = ['start', 'set', 'end', 'endAll', 'endAny', 'list']
/** Verbs that sessions of this strategy cannot keep. */
export function cannotKeep(session: unknown): readonly SessionVerb[] {
  const { kind, endAll } = (session ?? {}) as { kind?: unknown; endAll?: unknown }
  if (kind !== 'stateless') return []
  // Stateless sessions with a revocation have it.
  return endAll === undefined ? ['endAll', 'endAny', 'list'] : ['list']
}

/** Judges every route and what they are together. */
export function judgeRoutes(
  config: RouteSources,
  upstreams: ReadonlyMap<string, PlannedUpstream>,
  faults: Faults,
  emit: Emit,
): CompiledRoute[] {
  const routes: CompiledRoute[] = []
  if (!Array.isArray(config.routes) || config.routes.length === 0) {
    faults.add('routes', 'must list at least one route')
    return routes
  }
  for (const [index, route] of config.routes.entries()) {
    const at = faults.under(`routes.${index}`)
    checkKeys(at, route, known)
    if (typeof route !== 'object' || route === null) continue
    const before = routes.length
    const csrf = judgeCsrf(config.csrf, route.csrf, at)
    const body = judgeBody(route, at)
    const throttle = judgeRouteThrottle(route, { counted: config.throttle !== undefined, emit }, at)
    if (judgePath(route, at)) routes.push({ route, access: judgeAccess(route, config, at), csrf, body, throttle })
    judgeMembers(route, config, upstreams, at)
    if (routes.length > before) judgeReach(routes, at)
  }
  judgeSignIn(config, routes, faults)
  return routes
}

function judgePath({ path }: Route, faults: Faults): boolean {
  const text = typeof path === 'string' ? path.replace(/\/\*$/, '') || '/' : ''
  const canonical = text.startsWith('/') && !/[*?#]/.test(text) ? canonicalPath(`http://host${text}`) : undefined
  if (canonical?.ok && canonical.path === text) return true
  faults.add('path', 'must be an exact path (/login) or a prefix (/admin/*), in canonical form')
  return false
}

function judgeAccess({ access }: Route, { session, roles }: RouteSources, faults: Faults): Access {
  if (access === 'public') return access
  if (session === undefined) {
    faults.add('access', "must be 'public' where the gateway has no option session")
    return 'session'
  }
  if (access === undefined || access === 'session') return 'session'
  checkKeys(faults.under('access'), access, ['role'])
  const names = [(access as { role?: unknown }).role ?? []].flat()
  if (names.length === 0 || !names.every((name) => typeof name === 'string' && name !== '')) {
    faults.add('access.role', 'must be a role or a list of roles')
  }
  if (roles === undefined) faults.add('access.role', 'needs the option roles')
  return access
}

function judgeMembers(
  route: Route,
  { session }: RouteSources,
  upstreams: ReadonlyMap<string, PlannedUpstream>,
  faults: Faults,
): void {
  const upstream = upstreams.get(route.to)
  if (upstream === undefined) {
    const names = [...upstreams.keys()].map((name) => JSON.stringify(name)).join(', ')
    faults.add('to', `names no upstream; there is ${names || 'none'}`)
  }
  if (route.timeoutMs !== undefined) wholeNumber(faults, 'timeoutMs', route.timeoutMs, 1, timeoutBounds)
  judgeCache(route, faults)
  const socket = route.maxSocketSeconds === false ? undefined : route.maxSocketSeconds
  wholeNumber(faults, 'maxSocketSeconds', socket, 3600, { least: 1, most: 86_400, unit: 'seconds' })
  oneOf(faults, 'retry', route.retry, [true, false, 'idempotency-key'], true)
  listOf(route.methods, methods, 'methods', faults)
  const granted = listOf(route.sessions, verbs, 'sessions', faults)
  if (granted.length > 0 && upstream?.sessions === false) {
    faults.add('sessions', `needs sessions: true on the upstream ${JSON.stringify(route.to)}`)
  }
  for (const verb of cannotKeep(session).filter((verb) => granted.includes(verb))) {
    faults.add('sessions', `must not grant ${verb}: stateless sessions cannot keep it`)
  }
  const grave = granted.filter(isGrave).join(' and ')
  flag(faults, 'caseSensitive', route.caseSensitive, false)
  const onGet = flag(faults, 'startOnGet', route.startOnGet, false)
  if (onGet && !grave) faults.add('startOnGet', 'needs sessions with start, endAll or endAny')
  if (grave && !onGet && Array.isArray(route.methods) && methodsOf(route).every(isSafeMethod)) {
    faults.add('sessions', `grants ${grave}, which no method of this route may use; see startOnGet`)
  }
}

function listOf<T extends string>(given: unknown, choices: readonly T[], option: string, faults: Faults): readonly T[] {
  if (given === undefined) return []
  if (!Array.isArray(given) || given.length === 0) {
    faults.add(option, 'must be a list that is not empty, or absent')
    return []
  }
  for (const [index, item] of given.entries()) oneOf(faults, `${option}.${index}`, item, choices, item)
  return given
}

/** The last route must be reachable: what an earlier one covers altogether was meant to come first. */
function judgeReach(routes: readonly CompiledRoute[], faults: Faults): void {
  const last = routes.at(-1)
  if (last === undefined) return
  const { path } = last.route
  const left = new Set(methodsOf(last.route))
  for (const compiled of routes.slice(0, -1)) {
    const { route } = compiled
    if (route.path === path) for (const method of methodsOf(route)) left.delete(method)
    else if (coversAll(route.path, path, isFolded(compiled))) left.clear()
    if (left.size > 0) continue
    faults.add('path', `is never reached: ${JSON.stringify(route.path)} stands before it`)
    return
  }
}

function coversAll(pattern: string, path: string, guarded: boolean): boolean {
  return guarded ? patternCovers(foldPattern(pattern), foldPattern(path)) : patternCovers(pattern, path)
}

function foldPattern(pattern: string): string {
  if (!pattern.endsWith('/*')) return foldedPath(pattern)
  if (pattern === '/*') return pattern
  return `${foldedPath(pattern.slice(0, -2))}/*`
}

function judgeSignIn({ signIn, session }: RouteSources, routes: readonly CompiledRoute[], faults: Faults): void {
  if (signIn === undefined) return
  if (session === undefined) faults.add('signIn', 'needs the option session')
  const canonical =
    typeof signIn === 'string' && signIn.startsWith('/') ? canonicalPath(`http://host${signIn}`) : undefined
  if (!canonical?.ok || canonical.path !== signIn) {
    faults.add('signIn', 'must be a canonical path without a query, such as /login')
    return
  }
  const match = compileRoutes(routes)(signIn, 'GET')
  if (match.is === 'route' && match.route.access === 'public') return
  faults.add('signIn', 'must lead to a public route that takes GET, or visitors would be sent round in circles')
}
