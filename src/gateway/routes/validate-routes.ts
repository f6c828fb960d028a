/** Validates the route table while building: a route that cannot be meant is a fault, by its place and option. */
import { type CompiledAccess, compileAccess } from '../../access/index.ts'
import type { GatewayLoginHandler } from '../../login/index.ts'
import {
  booleanOption,
  checkKeys,
  choiceOption,
  type Issues,
  wholeNumber,
} from '../../options/index.ts'
import { isSafeMethod } from '../../request/index.ts'
import { isPathPattern } from '../../request/path/pattern.ts'
import { requiresUnsafeMethod } from '../../session-protocol/apply.ts'
import { type CompiledUpstream, timeoutBounds } from '../config/upstreams.ts'
import type { GatewayConfig } from '../config.ts'
import { compileGraphql } from '../phases/graphql.ts'
import type { CompiledThrottle, LoginThrottling } from '../throttle/types.ts'
import { compileBodyRules } from './compile-body.ts'
import { compileRouteCsrf } from './compile-csrf.ts'
import { routeHeaders } from './compile-headers.ts'
import { compileGatewayLimit, compileRouteLimits } from './compile-limits.ts'
import { findUnreachable, validateSignIn } from './find-unreachable.ts'
import { isHostPattern } from './host-pattern.ts'
import type { Method, Route, SessionVerb } from './route.ts'
import { type CompiledRoute, listMethods } from './table.ts'
import { validateCache } from './validate-cache.ts'

/** What of the configuration routes are judged by. */
export type RouteSources = Partial<
  Pick<
    GatewayConfig<string, never, never>,
    | 'routes'
    | 'session'
    | 'roles'
    | 'signIn'
    | 'login'
    | 'csrf'
    | 'throttle'
    | 'limit'
    | 'headers'
    | 'platform'
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
  'token',
  'bearer',
  'throttle',
]
const methods: readonly Method[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const verbs: readonly SessionVerb[] = ['start', 'set', 'end', 'endAll', 'endAny', 'list', 'flash']
/** Verbs that sessions of this strategy cannot keep. */
export function unsupportedVerbs(session: unknown): readonly SessionVerb[] {
  const { kind, endAll } = (session ?? {}) as { kind?: unknown; endAll?: unknown }
  if (kind !== 'stateless') return []
  // Stateless sessions with a revocation have it.
  return endAll === undefined ? ['endAll', 'endAny', 'list'] : ['list']
}

/** Options of the gateway that bring options of routes. */
export interface RouteExtensions {
  readonly throttle?: LoginThrottling | undefined
  readonly login?: GatewayLoginHandler | undefined
}

/** Validates every route and what they are together. */
export function validateRoutes(
  config: RouteSources,
  upstreams: ReadonlyMap<string, CompiledUpstream>,
  issues: Issues,
  { throttle: throttling, login }: RouteExtensions = {},
): CompiledRoute[] {
  const routes: CompiledRoute[] = []
  if (!Array.isArray(config.routes) || config.routes.length === 0) {
    issues.add('routes', 'must list at least one route')
    return routes
  }
  const all = compileGatewayLimit(config.limit, issues)
  const headersOf = routeHeaders(config.headers)
  for (const [index, given] of (config.routes as readonly Route[]).entries()) {
    const at = issues.at(`routes.${index}`)
    checkKeys(at, given, known)
    if (typeof given !== 'object' || given === null) continue
    // Files are the same for everybody: who asks for them makes no difference.
    const isAssets = upstreams.get(given.to)?.isAssets
    const route: Route = isAssets ? { ...given, anonymous: given.anonymous ?? true } : given
    const before = routes.length
    const csrf = compileRouteCsrf(config.csrf, route.csrf, at)
    const body = compileBodyRules(route, at)
    const throttle = compileRouteThrottle(route, config, at.at('throttle'), throttling)
    const access = compileRouteAccess(route, config, at)
    if (login !== undefined) login.validateRoute(route, !access.session, at)
    else {
      const option = (['token', 'bearer'] as const).find((name) => route[name] !== undefined)
      if (option !== undefined) at.add(option, 'needs the option login of the gateway')
    }
    const compiled: CompiledRoute = {
      ...{ route, csrf, body, throttle, access },
      graphql: compileGraphql(
        route,
        { session: access.session, roles: config.roles !== undefined },
        at,
      ),
      upstream: validateRouteOptions(route, config, upstreams, at),
      limits: compileRouteLimits(route.limit, all, at),
      secure: headersOf(route.headers, at),
    }
    if (validatePattern(route, at)) routes.push(compiled)
    if (routes.length > before) findUnreachable(routes, at)
  }
  if (config.signIn !== undefined && config.session === undefined)
    issues.add('signIn', 'needs the option session')
  validateSignIn(config.signIn, routes, issues)
  return routes
}

function compileRouteThrottle(
  route: Route,
  { throttle }: RouteSources,
  issues: Issues,
  throttling?: LoginThrottling,
): CompiledThrottle | undefined {
  if (route.throttle === undefined) return undefined
  if (throttle === undefined) {
    issues.add(
      '',
      'needs the option throttle of the gateway, which says where failures are counted',
    )
  }
  return throttling?.route(route, issues)
}

function validatePattern({ host, path }: Route, issues: Issues): boolean {
  const named = host === undefined || isHostPattern(host)
  if (!named)
    issues.add('host', 'must be a host without a port, such as api.example.com or *.example.com')
  if (isPathPattern(path)) return named
  issues.add('path', 'must be an exact path (/login) or a prefix (/admin/*), in canonical form')
  return false
}

function compileRouteAccess(
  { access = 'session' }: Route,
  config: RouteSources,
  issues: Issues,
): CompiledAccess {
  const { session, roles, platform } = config
  const compiled = compileAccess(access, issues.at('access'))
  if (session === undefined && compiled.session) {
    issues.add('access', "must be 'public' where the gateway has no option session")
  } else if (compiled.roles !== undefined && roles === undefined)
    issues.add('access.role', 'needs the option roles')
  if (compiled.bound && session !== undefined && session.device === undefined)
    issues.add('access.device', 'needs sessions with the option device')
  if (compiled.ranges !== undefined && platform === 'none') {
    issues.add(
      'access.address',
      "needs a platform that tells addresses: with 'none' nobody would pass",
    )
  }
  return compiled
}

function validateRouteOptions(
  route: Route,
  { session }: RouteSources,
  upstreams: ReadonlyMap<string, CompiledUpstream>,
  issues: Issues,
): CompiledUpstream | undefined {
  const upstream = upstreams.get(route.to)
  if (upstream === undefined) {
    const names = [...upstreams.keys()].map((name) => JSON.stringify(name)).join(', ')
    issues.add('to', `names no upstream; there is ${names || 'none'}`)
  }
  if (route.timeoutMs !== undefined)
    wholeNumber(issues, 'timeoutMs', route.timeoutMs, 1, timeoutBounds)
  validateCache(route, issues)
  const socket = route.maxSocketSeconds === false ? undefined : route.maxSocketSeconds
  wholeNumber(issues, 'maxSocketSeconds', socket, 3600, { min: 1, max: 86_400, unit: 'seconds' })
  choiceOption(issues, 'retry', route.retry, [true, false, 'idempotency-key'], true)
  parseList(route.methods, methods, 'methods', issues)
  const granted = parseList(route.sessions, verbs, 'sessions', issues)
  if (granted.length > 0 && upstream?.sessions === false) {
    issues.add('sessions', `needs sessions: true on the upstream ${JSON.stringify(route.to)}`)
  }
  for (const verb of unsupportedVerbs(session).filter((verb) => granted.includes(verb))) {
    issues.add('sessions', `must not grant ${verb}: stateless sessions cannot keep it`)
  }
  const unsafeVerbs = granted.filter(requiresUnsafeMethod).join(' and ')
  booleanOption(issues, 'caseSensitive', route.caseSensitive, false)
  const onGet = booleanOption(issues, 'startOnGet', route.startOnGet, false)
  if (onGet && !unsafeVerbs) issues.add('startOnGet', 'needs sessions with start, endAll or endAny')
  if (
    unsafeVerbs &&
    !onGet &&
    Array.isArray(route.methods) &&
    listMethods(route).every(isSafeMethod)
  ) {
    issues.add(
      'sessions',
      `grants ${unsafeVerbs}, which no method of this route may use; see startOnGet`,
    )
  }
  choiceOption(issues, 'encodedSlash', route.encodedSlash, ['keep'], undefined)
  const hideErrors = booleanOption(
    issues,
    'hideErrors',
    route.hideErrors,
    upstream?.hideErrors ?? false,
  )
  const anonymous = booleanOption(issues, 'anonymous', route.anonymous, false)
  if (anonymous && granted.length > 0)
    issues.add('anonymous', 'must not stand beside sessions: nobody is known there')
  return upstream && { ...upstream, hideErrors, sessions: upstream.sessions && !anonymous }
}

function parseList<T extends string>(
  value: unknown,
  choices: readonly T[],
  option: string,
  issues: Issues,
): readonly T[] {
  if (value === undefined) return []
  if (!Array.isArray(value) || value.length === 0) {
    issues.add(option, 'must be a list that is not empty, or absent')
    return []
  }
  for (const [index, item] of value.entries())
    choiceOption(issues, `${option}.${index}`, item, choices, item)
  return value
}
