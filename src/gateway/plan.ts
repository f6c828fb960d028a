/** A configuration judged and made ready while building: every fault at once, nothing left to find out per request. */
import { type HeaderWriter, headerWriter } from '../headers/index.ts'
import {
  checkKeys,
  type Faults,
  faults as newFaults,
  optionalFunction,
  optionalListener,
  wholeNumber,
} from '../options/index.ts'
import { type ReportFault, reporter } from '../page/index.ts'
import { type CheckLimits, checkPlatform, type Platform, requestLimits } from '../request/index.ts'
import type { SessionStrategy } from '../session/index.ts'
import type { Clock, Emit } from '../types.ts'
import { type Assertions, assertions } from './assertion.ts'
import type { GatewayConfig } from './config.ts'
import { gatewayHeaders } from './headers.ts'
import { judgeGatewayCsrf } from './judge-csrf.ts'
import { judgeRoutes } from './judge-routes.ts'
import { judgeOperations, type Operations, operationKeys } from './operations.ts'
import { platformFetch } from './platform-fetch.ts'
import { type ReportCollector, reportCollector } from './reports.ts'
import { compileRoutes, type RouteTable } from './routes.ts'
import { type Settings, settingsFrom } from './settings.ts'
import type { LoginThrottling } from './throttle-types.ts'
import { type CompiledClient, compileFetch } from './upstream-client.ts'
import { isObject, judgeUpstreams, type PlannedUpstream } from './upstreams.ts'

/** What a gateway knows before its first request. */
export interface Plan {
  readonly routes: RouteTable
  /** Whether some route hands `%2F` on. */
  readonly keepsSlashes: boolean
  /** Whether some route has a cache. */
  readonly caches: boolean
  /** Whether what a request asks Redis may be more than its session. */
  readonly shares: boolean
  readonly upstreams: ReadonlyMap<string, PlannedUpstream>
  readonly settings: (env: unknown) => Settings | Promise<Settings>
  readonly platform: Platform
  readonly limits: CheckLimits | undefined
  readonly session: SessionStrategy<object> | undefined
  readonly cookieNames: ReadonlySet<string>
  readonly user: ((data: object) => string | undefined) | undefined
  readonly roles: ((data: object) => readonly string[]) | undefined
  readonly claims: ((data: object) => object) | undefined
  readonly signIn: string | undefined
  readonly assertions: Assertions | undefined
  readonly secure: HeaderWriter
  readonly reports: ReportCollector
  readonly emit: Emit
  readonly report: ReportFault
  readonly fetch: typeof fetch
  /** Reaches upstreams where whoever calls the gateway brings no client. */
  readonly client: CompiledClient
  /** Whether the configuration names a `fetch`, which no other client replaces. */
  readonly ownFetch: boolean
  readonly clock: Clock
  readonly ops: Operations
}

/** The strategy of an environment. */
export function strategyFor({ session }: Plan, env: unknown): SessionStrategy<object> | undefined {
  return session?.chosen?.(env) ?? session
}

/**
 * Judges a configuration.
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 */
export function planGateway(config: GatewayConfig<string, never, never>): Plan {
  const faults = newFaults('')
  checkKeys(faults, config, keys)
  // From here on what is no object has no members, so that one ConfigError can name the rest.
  const given: Partial<GatewayConfig<string, never, never>> = isObject(config) ? config : {}
  const session = judgeSession(given.session, faults)
  const upstreams = judgeUpstreams(given.upstreams, faults.under('upstreams'))
  const { assertion } = given
  if (assertion !== undefined) {
    checkKeys(faults.under('assertion'), assertion, ['key', 'lifetime'])
    if (!session) faults.add('assertion', 'needs the option session')
    if (isObject(assertion) && assertion.key === undefined) faults.add('assertion.key', 'is required')
  }
  const lifetime = wholeNumber(faults, 'assertion.lifetime', assertion?.lifetime, 60, second)
  for (const { name, sessions } of upstreams.values()) {
    if (sessions && !session) faults.add(`upstreams.${name}.sessions`, 'needs the option session')
    if (sessions && !assertion) faults.add(`upstreams.${name}.sessions`, 'needs the option assertion')
  }
  judgeGatewayCsrf(given.csrf, faults.under('csrf'))
  const emit = optionalListener(faults, 'onEvent', given.onEvent) ?? ignore
  const clock = optionalFunction(faults, 'clock', given.clock) ?? Date.now
  const throttle = judgeThrottle(given.throttle, { clock, emit }, faults.under('throttle'))
  const routes = judgeRoutes(given, upstreams, faults, throttle)
  const send: typeof fetch = optionalFunction(faults, 'fetch', given.fetch) ?? platformFetch
  const plan: Plan = {
    routes: compileRoutes(routes),
    keepsSlashes: routes.some(({ route }) => route.encodedSlash === 'keep'),
    caches: routes.some(({ route }) => Boolean(route.cache)),
    shares: throttle !== undefined || routes.some(({ limits = [] }) => limits.length > 0),
    upstreams,
    settings: settingsFrom(
      {
        publicOrigin: given.publicOrigin,
        hosts: given.hosts,
        upstreams: [...upstreams.keys()].map((name) => ({ name, url: given.upstreams?.[name]?.url })),
        key: assertion?.key,
        checks: [session, throttle],
        routeHosts: routes.flatMap(({ route: { host } }, index) =>
          host ? { option: `routes.${index}.host`, host } : [],
        ),
      },
      faults,
    ),
    platform: checkPlatform(given.platform, faults, 'cloudflare'),
    limits: given.limits === false ? undefined : requestLimits(given.limits, faults.under('limits')),
    session,
    cookieNames: new Set([...(session?.cookieNames ?? []), ...(throttle?.cookieName ? [throttle.cookieName] : [])]),
    user: optionalFunction(faults, 'user', given.user) as Plan['user'],
    roles: optionalFunction(faults, 'roles', given.roles) as Plan['roles'],
    claims: optionalFunction(faults, 'claims', given.claims) as Plan['claims'],
    signIn: given.signIn,
    assertions: assertion && assertions(lifetime),
    secure: headerWriter(gatewayHeaders(given.headers), faults.under('headers')),
    reports: reportCollector(emit, clock),
    emit,
    report: optionalListener(faults, 'onFault', given.onFault) ?? reporter(),
    fetch: send,
    client: compileFetch(send, given.fetch !== undefined || 'WebSocketPair' in globalThis),
    ownFetch: given.fetch !== undefined,
    clock,
    ops: judgeOperations(given, { upstreams, clock, emit, fetch: send }, faults),
  }
  faults.done()
  return plan
}

const keys: ReadonlyArray<keyof GatewayConfig> = [
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
  'assertion',
  'throttle',
  'limit',
  'csrf',
  'headers',
  'routes',
  'onEvent',
  'onFault',
  ...operationKeys,
  'fetch',
  'clock',
]
const second = { least: 5, most: 60, unit: 'seconds' } as const

function judgeSession(given: unknown, faults: Faults): SessionStrategy<object> | undefined {
  if (given === undefined) return undefined
  if (isObject(given) && typeof given.open === 'function' && typeof given.check === 'function') {
    return given as unknown as SessionStrategy<object>
  }
  faults.add('session', 'must be a strategy, such as statelessSessions({ ... })')
  return undefined
}

function judgeThrottle(
  given: unknown,
  sources: { readonly clock: Clock; readonly emit: Emit },
  faults: Faults,
): LoginThrottling | undefined {
  if (given === undefined) return undefined
  if (isObject(given) && typeof given.start === 'function') return given.start(sources, faults) as LoginThrottling
  faults.add('', 'must be gatewayThrottle({ ... }), which comes from portcullis/gateway')
  return undefined
}

function ignore(): void {}
