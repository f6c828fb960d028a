/**
 * Validates the routes of a configuration and compiles them into the forms that requests need. `compile.ts`
 * calls it while building; the review uses `unsupportedVerbs`. Every issue names the route by its index and
 * the option. Routes with a wrong pattern are left out of the result, and other wrong options get their
 * default, so the caller must throw the issues before it uses the routes.
 */
import { type CompiledAccess, compileAccess } from '../../access/index.ts'
import type { GatewayLoginHandler } from '../../login/index.ts'
import {
  booleanOption,
  checkKeys,
  type Issues,
  parseChoice,
  parseWholeNumber,
} from '../../options/index.ts'
import { isSafeMethod } from '../../request/index.ts'
import { isPathPattern } from '../../request/path/pattern.ts'
import { requiresUnsafeMethod } from '../../session-protocol/apply.ts'
import { sessionVerbs } from '../../session-protocol/grants.ts'
import { type CompiledUpstream, timeoutBounds } from '../config/upstreams.ts'
import type { GatewayConfig } from '../config.ts'
import { compileGraphql } from '../phases/graphql.ts'
import type { CompiledThrottle, LoginThrottling } from '../throttle/types.ts'
import { compileBodyRules } from './compile-body.ts'
import { compileRouteCsrf } from './compile-csrf.ts'
import { routeHeaders } from './compile-headers.ts'
import { compileGatewayLimit, compileRouteLimits } from './compile-limits.ts'
import { describeRoute, validateSignIn } from './find-unreachable.ts'
import { isHostPattern } from './host-pattern.ts'
import { createFindCovering } from './reachability.ts'
import type { Route, SessionVerb } from './route.ts'
import { allMethods, type CompiledRoute, listMethods } from './table.ts'
import { validateCache } from './validate-cache.ts'

/** The parts of a configuration that decide whether routes are valid. */
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

const routeKeys: ReadonlyArray<keyof Route> = [
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

/** Lists the verbs of the session protocol that a session strategy does not support. */
export function unsupportedVerbs(session: unknown): readonly SessionVerb[] {
  const { kind: strategyKind, endAll } = (session ?? {}) as { kind?: unknown; endAll?: unknown }
  if (strategyKind !== 'stateless') return []
  // Stateless sessions have `endAll` if they have a revocation.
  return endAll === undefined ? ['endAll', 'endAny', 'list'] : ['list']
}

/** Options of the gateway that validate further options of routes. */
export interface RouteExtensions {
  readonly throttle?: LoginThrottling | undefined
  readonly login?: GatewayLoginHandler | undefined
}

/** Validates each route, and the table as a whole. */
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

  const gatewayLimit = compileGatewayLimit(config.limit, issues)
  const compileHeaders = routeHeaders(config.headers)
  const findCovering = createFindCovering()
  for (const [index, routeInput] of (config.routes as readonly Route[]).entries()) {
    const routeIssues = issues.at(`routes.${index}`)
    checkKeys(routeIssues, routeInput, routeKeys)
    if (typeof routeInput !== 'object' || routeInput === null) continue
    // Files are the same for every client, so the upstream need not know the session.
    const isAssets = upstreams.get(routeInput.to)?.isAssets
    const route: Route = isAssets
      ? { ...routeInput, anonymous: routeInput.anonymous ?? true }
      : routeInput
    const csrf = compileRouteCsrf(config.csrf, route.csrf, routeIssues)
    const body = compileBodyRules(route, routeIssues)
    const throttle = compileRouteThrottle(route, config, routeIssues.at('throttle'), throttling)
    const access = compileRouteAccess(route, config, routeIssues)
    if (login !== undefined) login.validateRoute(route, !access.session, routeIssues)
    else {
      const option = (['token', 'bearer'] as const).find(
        (loginOption) => route[loginOption] !== undefined,
      )
      if (option !== undefined) routeIssues.add(option, 'needs the option login of the gateway')
    }

    const compiledRoute: CompiledRoute = {
      ...{ route, csrf, body, throttle, access },
      graphql: compileGraphql(
        route,
        { session: access.session, roles: config.roles !== undefined },
        routeIssues,
      ),
      upstream: validateRouteOptions(route, config, upstreams, routeIssues),
      limits: compileRouteLimits(route.limit, gatewayLimit, routeIssues),
      secure: compileHeaders(route.headers, routeIssues),
    }

    if (!validatePattern(route, routeIssues)) continue
    routes.push(compiledRoute)
    const earlierRoute = findCovering(compiledRoute)
    if (earlierRoute === undefined) continue
    const pattern = JSON.stringify(describeRoute(earlierRoute))
    routeIssues.add('path', `is never reached: ${pattern} comes first`)
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
  const isHostValid = host === undefined || isHostPattern(host)
  if (!isHostValid)
    issues.add('host', 'must be a host without a port, such as api.example.com or *.example.com')

  if (isPathPattern(path)) return isHostValid
  issues.add('path', 'must be an exact path (/login) or a prefix (/admin/*), in canonical form')

  return false
}

function compileRouteAccess(
  { access = 'session' }: Route,
  config: RouteSources,
  issues: Issues,
): CompiledAccess {
  const { session, roles, platform } = config
  const compiledAccess = compileAccess(access, issues.at('access'))
  if (session === undefined && compiledAccess.session) {
    issues.add('access', "must be 'public' where the gateway has no option session")
  } else if (compiledAccess.roles !== undefined && roles === undefined)
    issues.add('access.role', 'needs the option roles')

  if (compiledAccess.bound && session !== undefined && session.device === undefined)
    issues.add('access.device', 'needs sessions with the option device')

  if (compiledAccess.ranges !== undefined && platform === 'none') {
    issues.add(
      'access.address',
      "needs a platform that reports client addresses: with 'none' every request would be denied",
    )
  }

  return compiledAccess
}

function validateRouteOptions(
  route: Route,
  { session }: RouteSources,
  upstreams: ReadonlyMap<string, CompiledUpstream>,
  issues: Issues,
): CompiledUpstream | undefined {
  const upstream = upstreams.get(route.to)
  if (upstream === undefined) {
    const names = [...upstreams.keys()]
      .map((upstreamName) => JSON.stringify(upstreamName))
      .join(', ')
    issues.add('to', `is not a defined upstream; there is ${names || 'none'}`)
  }

  if (route.timeoutMs !== undefined)
    parseWholeNumber(issues, 'timeoutMs', route.timeoutMs, timeoutBounds)

  validateCache(route, issues)
  const socketSeconds = route.maxSocketSeconds === false ? undefined : route.maxSocketSeconds
  parseWholeNumber(issues, 'maxSocketSeconds', socketSeconds, {
    min: 1,
    max: 86_400,
    unit: 'seconds',
  })

  parseChoice(issues, 'retry', route.retry, [true, false, 'idempotency-key'])
  parseList(route.methods, allMethods, 'methods', issues)
  const grantedVerbs = parseList(route.sessions, sessionVerbs, 'sessions', issues)
  if (grantedVerbs.length > 0 && upstream?.sessions === false) {
    issues.add('sessions', `needs sessions: true on the upstream ${JSON.stringify(route.to)}`)
  }

  for (const sessionVerb of unsupportedVerbs(session).filter((sessionVerb) =>
    grantedVerbs.includes(sessionVerb),
  )) {
    issues.add('sessions', `must not grant ${sessionVerb}: stateless sessions do not support it`)
  }

  const unsafeVerbs = grantedVerbs.filter(requiresUnsafeMethod).join(' and ')
  booleanOption(issues, 'caseSensitive', route.caseSensitive, false)
  const startsOnGet = booleanOption(issues, 'startOnGet', route.startOnGet, false)
  if (startsOnGet && !unsafeVerbs)
    issues.add('startOnGet', 'needs sessions with start, endAll or endAny')

  if (
    unsafeVerbs &&
    !startsOnGet &&
    Array.isArray(route.methods) &&
    listMethods(route).every(isSafeMethod)
  ) {
    issues.add(
      'sessions',
      `grants ${unsafeVerbs}, but the route accepts safe methods only; add POST or set startOnGet`,
    )
  }

  parseChoice(issues, 'encodedSlash', route.encodedSlash, ['keep'])
  const hideErrors = booleanOption(
    issues,
    'hideErrors',
    route.hideErrors,
    upstream?.hideErrors ?? false,
  )

  const anonymous = booleanOption(issues, 'anonymous', route.anonymous, false)
  if (anonymous && grantedVerbs.length > 0)
    issues.add('anonymous', 'cannot be combined with sessions: an anonymous route has no session')

  return upstream && { ...upstream, hideErrors, sessions: upstream.sessions && !anonymous }
}

function parseList<T extends string>(
  listOption: unknown,
  choices: readonly T[],
  option: string,
  issues: Issues,
): readonly T[] {
  if (listOption === undefined) return []
  if (!Array.isArray(listOption) || listOption.length === 0) {
    issues.add(option, 'must be a non-empty list, or absent')
    return []
  }

  for (const [index, listItem] of listOption.entries())
    parseChoice(issues, `${option}.${index}`, listItem, choices)

  return listOption
}
