/**
 * Compiles the configuration of a gateway: validates all options, collects every issue in one error,
 * and creates the handlers that requests need. `create.ts` calls it once for each gateway. It throws a
 * `ConfigError` (`ERR_CONFIG`) that names every wrong option. Options that are functions of the
 * environment are validated at the first request instead, by `resolveSettings`. Handlers are created
 * from wrong options too, before the error is thrown, so the code that creates them must not throw.
 */

import { type HeaderWriter, headerWriter } from '../headers/index.ts'
import type { GatewayLoginHandler } from '../login/index.ts'
import {
  checkKeys,
  createIssues,
  type Issues,
  optionalFunction,
  optionalListener,
} from '../options/index.ts'
import { isRecord } from '../options/is-object.ts'
import { createReporter, type PageTemplate, type ReportError } from '../page/index.ts'
import { platformFetch } from '../proxy/fetch/platform-fetch.ts'
import { type CompiledClient, compileFetch } from '../proxy/fetch/upstream-client.ts'
import {
  type CheckLimits,
  checkPlatform,
  compileRequestLimits,
  type Platform,
  type ReadableHeaders,
  type RequestLimits,
} from '../request/index.ts'
import type { SessionStrategy } from '../session/index.ts'
import type { Clock, Emit } from '../types.ts'
import { createMaintenanceCheck } from './checks/maintenance.ts'
import { createRequestChecks } from './checks/request-checks.ts'
import { createRouteChecks } from './checks/route-checks.ts'
import { attachConsole } from './config/attach-console.ts'
import { mergeGatewayHeaders } from './config/merge-headers.ts'
import { compileOperations, operationKeys } from './config/operations.ts'
import { createSettingsResolver, type Settings, type SettingsSources } from './config/settings.ts'
import { type CompiledUpstream, compileUpstreams } from './config/upstreams.ts'
import {
  validateAssertion,
  validateAudit,
  validateLogin,
  validatePages,
  validateSession,
  validateThrottle,
} from './config/validate-options.ts'
import type { GatewayConfig } from './config.ts'
import type { GatewayConsole } from './console/types.ts'
import { createEndpointTable } from './endpoints/endpoint.ts'
import { createEndpoints } from './endpoints/list.ts'
import { createScheduled } from './endpoints/scheduled.ts'
import { createGatewayEvents, type GatewayEvents } from './events.ts'
import { createRequestHandler, type HandleRequest } from './handle-request.ts'
import { createRouteHandler } from './handle-route.ts'
import { createPhases, type UpstreamIdentity } from './phases/list.ts'
import { createGatewaySessions } from './phases/session.ts'
import { createReject, type RequestRejecter } from './reject.ts'
import { createErrorMapping, type RespondToError } from './respond-to-error.ts'
import { validateGatewayCsrf } from './routes/compile-csrf.ts'
import { createFindRoute } from './routes/find-route.ts'
import { type CompiledRoute, compileRoutes } from './routes/table.ts'
import { validateRoutes } from './routes/validate-routes.ts'
import type { LoginThrottling } from './throttle/types.ts'
import { createWatch, type Watch } from './watch.ts'

/** A gateway that is ready for requests: its handlers, each created from the options that it needs. */
export interface CompiledGateway {
  readonly handleRequest: HandleRequest
  readonly respondToError: RespondToError
  readonly runScheduled: (env: unknown) => Promise<void>
  readonly resolveSettings: (env: unknown) => Settings | Promise<Settings>
  readonly createRequestId: (headers: ReadableHeaders) => string
  readonly platform: Platform
  /**
   * True if a request may send Redis commands besides the read of its session: then all of them are sent as one batch.
   */
  readonly batchesRedis: boolean
  readonly upstreamFetch: UpstreamFetch
  readonly securityHeaders: HeaderWriter
  readonly watch: Watch
  readonly pages: PageTemplate | undefined
  readonly events: GatewayEvents
}

/** The `fetch` function with which upstreams are requested. */
interface UpstreamFetch {
  readonly fetch: typeof fetch
  readonly client: CompiledClient
  /**
   * True if it is the option `fetch` of the configuration: then the client of the server (`upstream`) does not replace
   * it.
   */
  readonly configured: boolean
}

/** Services that several parts of a gateway share. */
interface Services {
  readonly clock: Clock
  readonly events: GatewayEvents
  readonly emit: Emit
  readonly console: GatewayConsole | undefined
  readonly reject: RequestRejecter
  readonly report: ReportError
}

/** A configuration without its type parameters, which only serve the editor of the person who writes it. */
type AnyConfig = GatewayConfig<string, never, never>

/** The validated options from which the handlers are created. */
interface ValidatedParts {
  readonly session: SessionStrategy<object> | undefined
  readonly roles: ((data: object) => readonly string[]) | undefined
  readonly throttle: LoginThrottling | undefined
  readonly login: GatewayLoginHandler | undefined
  readonly upstreams: ReadonlyMap<string, CompiledUpstream>
  readonly routes: readonly CompiledRoute[]
  readonly upstreamIdentity: UpstreamIdentity
}

/**
 * Compiles a configuration into the handlers of a gateway.
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 */
export function compileGateway(input: AnyConfig): CompiledGateway {
  const issues = createIssues('')
  checkKeys(issues, input, configKeys)
  // A configuration that is no object counts as an empty one, so that one ConfigError names every
  // missing option.
  const knownConfig: Partial<AnyConfig> = isRecord(input) ? input : {}
  const { config, console } = attachConsole(knownConfig, issues)
  const services = createServices(config, console, issues)
  const validated = validateParts(config, services, issues)
  const gateway = assembleGateway(config, validated, services, issues)
  issues.throwIfAny()

  return gateway
}

function createServices(
  config: Partial<AnyConfig>,
  console: GatewayConsole | undefined,
  issues: Issues,
): Services {
  const clock = optionalFunction(issues, 'clock', config.clock) ?? Date.now
  const { onEvent: source, monitor } = config
  const events = createGatewayEvents({
    source,
    onEvent: optionalListener(issues, 'onEvent', source),
    monitor: typeof monitor?.event === 'function' ? monitor : undefined,
    audit: validateAudit(config.audit, issues),
    clock,
  })

  const { emit } = events

  return {
    clock,
    events,
    emit,
    console,
    reject: createReject(emit),
    report: optionalListener(issues, 'onFault', config.onFault) ?? createReporter(),
  }
}

function validateParts(
  config: Partial<AnyConfig>,
  { clock, emit, reject }: Services,
  issues: Issues,
): ValidatedParts {
  const session = validateSession(config.session, issues)
  const upstreams = compileUpstreams(config.upstreams, issues.at('upstreams'))
  const lifetime = validateAssertion(config.assertion, session, upstreams, issues)
  validateGatewayCsrf(config.csrf, issues.at('csrf'))
  const throttle = validateThrottle(config.throttle, { clock, emit }, issues)
  const login = validateLogin(config, { session, clock, emit }, issues)
  const routes = validateRoutes(config, upstreams, issues, { throttle, login })

  return {
    session,
    roles: optionalFunction(issues, 'roles', config.roles) as ValidatedParts['roles'],
    throttle,
    login,
    upstreams,
    routes: routes.map((route) => ({ ...route, checks: createRouteChecks(route, reject) })),
    upstreamIdentity: {
      assertionLifetime: config.assertion && lifetime,
      user: optionalFunction(issues, 'user', config.user) as UpstreamIdentity['user'],
      claims: optionalFunction(issues, 'claims', config.claims) as UpstreamIdentity['claims'],
    },
  }
}

function assembleGateway(
  config: Partial<AnyConfig>,
  validated: ValidatedParts,
  services: Services,
  issues: Issues,
): CompiledGateway {
  const { clock, emit, reject, report, console } = services
  const { session: strategy, throttle, login, upstreams, roles } = validated
  const platform = checkPlatform(config.platform, issues, 'cloudflare')
  const upstreamFetch = compileUpstreamFetch(config.fetch, issues)
  const probing = { upstreams, clock, emit, fetch: upstreamFetch.fetch }
  const operations = compileOperations(config, probing, issues)
  const { isReady } = operations
  const watch = createWatch(operations.monitor, clock)
  const routes = compileRoutes(validated.routes)
  const batchesRedis = throttle !== undefined || routes.limited
  const sessions = createGatewaySessions({ strategy, roles, clock, batchesRedis })
  const checkMaintenance = createMaintenanceCheck(config.maintenance, reject, issues)
  const loginServices = { reject, checkMaintenance, ...sessions }
  const ownCookieNames = listCookieNames(strategy, throttle)
  const basePhases = createPhases({
    ...{ clock, emit, reject, watch, sessions, routes },
    signIn: config.signIn,
    upstreamIdentity: validated.upstreamIdentity,
    cookieNames: login?.listCookieNames(ownCookieNames) ?? ownCookieNames,
  })

  const phases = login
    ? { ...basePhases, ...login.wrapPhases(basePhases, loginServices) }
    : basePhases
  const consoleServices = { clock, reject, sessions, strategy, upstreams: [...upstreams.keys()] }
  const ownEndpoints = [
    ...createEndpoints({ clock, emit, reject, sessions, isReady }),
    ...(login?.createEndpoints(loginServices) ?? []),
    ...(console?.start({ ...consoleServices, phases }, issues.at('console')) ?? []),
  ]

  const endpoints = createEndpointTable(ownEndpoints, reject)
  const resolveSettings = compileSettings(config, validated, issues)
  const limits = compileLimits(config.limits, issues.at('limits'))
  const checks = { reject, platform, limits, routes, answersAnyHost: endpoints.answersAnyHost }

  return {
    handleRequest: createRequestHandler({
      checks: createRequestChecks(checks),
      endpoints,
      checkMaintenance,
      findRoute: createFindRoute(routes, reject),
      handleRoute: createRouteHandler(watch.observePhases(phases)),
    }),
    respondToError: createErrorMapping(reject, report, emit),
    runScheduled: createScheduled({ ...probing, ...operations, resolveSettings, report }),
    resolveSettings,
    createRequestId: operations.requestId,
    platform,
    batchesRedis,
    upstreamFetch,
    securityHeaders: headerWriter(mergeGatewayHeaders(config.headers), issues.at('headers')),
    watch,
    pages: validatePages(config.pages, issues),
    events: services.events,
  }
}

function listCookieNames(
  strategy: SessionStrategy<object> | undefined,
  throttle: LoginThrottling | undefined,
): ReadonlySet<string> {
  const cookieNames = new Set(strategy?.cookieNames ?? [])
  if (throttle?.cookieName !== undefined) cookieNames.add(throttle.cookieName)
  return cookieNames
}

function compileSettings(
  config: Partial<AnyConfig>,
  { session, throttle, login, upstreams, routes }: ValidatedParts,
  issues: Issues,
): CompiledGateway['resolveSettings'] {
  const compiledUpstreams = [...upstreams.values()]
  const sources: SettingsSources = {
    publicOrigin: config.publicOrigin,
    hosts: config.hosts,
    upstreams: compiledUpstreams.map(({ name: upstreamName, connect }) => {
      const option = connect === undefined ? 'url' : 'baseUrl'
      return { name: upstreamName, option, url: config.upstreams?.[upstreamName]?.[option] }
    }),
    key: config.assertion?.key,
    checks: [session, throttle, login, ...compiledUpstreams],
    routeHosts: routes.flatMap(({ route: { host } }, index) =>
      host ? { option: `routes.${index}.host`, host } : [],
    ),
  }

  return createSettingsResolver(sources, issues)
}

function compileUpstreamFetch(fetchOption: unknown, issues: Issues): UpstreamFetch {
  const isConfigured = fetchOption !== undefined
  const send: typeof fetch =
    optionalFunction(issues, 'fetch', fetchOption as typeof fetch | undefined) ?? platformFetch
  const upgrades = isConfigured || 'WebSocketPair' in globalThis

  return { fetch: send, client: compileFetch(send, upgrades), configured: isConfigured }
}

function compileLimits(
  limitsOption: RequestLimits | false | undefined,
  issues: Issues,
): CheckLimits | undefined {
  return limitsOption === false ? undefined : compileRequestLimits(limitsOption, issues)
}

const configKeys: ReadonlyArray<keyof GatewayConfig> = [
  'publicOrigin',
  'platform',
  'hosts',
  'limits',
  'upstreams',
  'session',
  'user',
  'roles',
  'claims',
  'signIn',
  'login',
  'assertion',
  'throttle',
  'limit',
  'csrf',
  'headers',
  'routes',
  'pages',
  'onEvent',
  'audit',
  'onFault',
  ...operationKeys,
  'console',
  'fetch',
  'clock',
]
