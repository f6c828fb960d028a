/** Judges the route table while building: a route that cannot be meant is a fault, by its place and option. */
import { type CompiledAccess, compileAccess } from '../access/index.ts'
import { checkKeys, type Faults, flag, oneOf, wholeNumber } from '../options/index.ts'
import { isSafeMethod } from '../request/index.ts'
import { isPathPattern } from '../request/pattern.ts'
import { isGrave } from './apply.ts'
import type { GatewayConfig } from './config.ts'
import { isHostPattern } from './host-pattern.ts'
import { judgeBody } from './hygiene.ts'
import { judgeCache } from './judge-cache.ts'
import { judgeCsrf } from './judge-csrf.ts'
import { judgeGraphql } from './judge-graphql.ts'
import { routeHeaders } from './judge-headers.ts'
import { judgeGatewayLimit, judgeLimit } from './judge-limit.ts'
import { judgeReach, judgeSignIn } from './judge-reach.ts'
import type { Method, Route, SessionVerb } from './route.ts'
import { type CompiledRoute, methodsOf } from './routes.ts'
import type { CompiledThrottle, LoginThrottling } from './throttle-types.ts'
import { type PlannedUpstream, timeoutBounds } from './upstreams.ts'

/** What of the configuration routes are judged by. */
export type RouteSources = Partial<
  Pick<
    GatewayConfig<string, never, never>,
    'routes' | 'session' | 'roles' | 'signIn' | 'csrf' | 'throttle' | 'limit' | 'headers' | 'platform'
  >
>

const known: ReadonlyArray<keyof Route> = [
  'host',
  'path',
  'methods',
  'to',
  'access',
  'anonymous',
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
  'limit',
  'headers',
  'hideErrors',
  'encodedSlash',
  'graphql',
  'throttle',
]
const methods: readonly Method[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const verbs: readonly SessionVerb[] = ['start', 'set', 'end', 'endAll', 'endAny', 'list', 'flash']
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
  throttling?: LoginThrottling,
): CompiledRoute[] {
  const routes: CompiledRoute[] = []
  if (!Array.isArray(config.routes) || config.routes.length === 0) {
    faults.add('routes', 'must list at least one route')
    return routes
  }
  const all = judgeGatewayLimit(config.limit, faults)
  const headersOf = routeHeaders(config.headers)
  for (const [index, route] of (config.routes as readonly Route[]).entries()) {
    const at = faults.under(`routes.${index}`)
    checkKeys(at, route, known)
    if (typeof route !== 'object' || route === null) continue
    const before = routes.length
    const csrf = judgeCsrf(config.csrf, route.csrf, at)
    const body = judgeBody(route, at)
    const throttle = judgeThrottle(route, config, at.under('throttle'), throttling)
    const access = judgeAccess(route, config, at)
    const compiled: CompiledRoute = {
      ...{ route, csrf, body, throttle, access },
      graphql: judgeGraphql(route, { session: access.session, roles: config.roles !== undefined }, at),
      upstream: judgeMembers(route, config, upstreams, at),
      limits: judgeLimit(route.limit, all, at),
      secure: headersOf(route.headers, at),
    }
    if (judgePattern(route, at)) routes.push(compiled)
    if (routes.length > before) judgeReach(routes, at)
  }
  if (config.signIn !== undefined && config.session === undefined) faults.add('signIn', 'needs the option session')
  judgeSignIn(config.signIn, routes, faults)
  return routes
}

function judgeThrottle(
  route: Route,
  { throttle }: RouteSources,
  faults: Faults,
  throttling?: LoginThrottling,
): CompiledThrottle | undefined {
  if (route.throttle === undefined) return undefined
  if (throttle === undefined) {
    faults.add('', 'needs the option throttle of the gateway, which says where failures are counted')
  }
  return throttling?.route(route, faults)
}

function judgePattern({ host, path }: Route, faults: Faults): boolean {
  const named = host === undefined || isHostPattern(host)
  if (!named) faults.add('host', 'must be a host without a port, such as api.example.com or *.example.com')
  if (isPathPattern(path)) return named
  faults.add('path', 'must be an exact path (/login) or a prefix (/admin/*), in canonical form')
  return false
}

function judgeAccess({ access = 'session' }: Route, config: RouteSources, faults: Faults): CompiledAccess {
  const { session, roles, platform } = config
  const compiled = compileAccess(access, faults.under('access'))
  if (session === undefined && compiled.session) {
    faults.add('access', "must be 'public' where the gateway has no option session")
  } else if (compiled.roles !== undefined && roles === undefined) faults.add('access.role', 'needs the option roles')
  if (compiled.ranges !== undefined && platform === 'none') {
    faults.add('access.address', "needs a platform that tells addresses: with 'none' nobody would pass")
  }
  return compiled
}

function judgeMembers(
  route: Route,
  { session }: RouteSources,
  upstreams: ReadonlyMap<string, PlannedUpstream>,
  faults: Faults,
): PlannedUpstream | undefined {
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
  oneOf(faults, 'encodedSlash', route.encodedSlash, ['keep'], undefined)
  const hideErrors = flag(faults, 'hideErrors', route.hideErrors, upstream?.hideErrors ?? false)
  const anonymous = flag(faults, 'anonymous', route.anonymous, false)
  if (anonymous && granted.length > 0) faults.add('anonymous', 'must not stand beside sessions: nobody is known there')
  return upstream && { ...upstream, hideErrors, sessions: upstream.sessions && !anonymous }
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
