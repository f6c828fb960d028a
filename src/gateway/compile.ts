/** A configuration judged and made ready while building: every fault at once, nothing left to find out per request. */

import { createAssertions, type SignAssertion } from '../assertion/sign.ts'
import { type HeaderWriter, headerWriter } from '../headers/index.ts'
import {
  checkKeys,
  createIssues,
  type Issues,
  optionalFunction,
  optionalListener,
  wholeNumber,
} from '../options/index.ts'
import { createReporter, type ReportError } from '../page/index.ts'
import { platformFetch } from '../proxy/platform-fetch.ts'
import { type CompiledClient, compileFetch } from '../proxy/upstream-client.ts'
import {
  type CheckLimits,
  checkPlatform,
  compileRequestLimits,
  type Platform,
} from '../request/index.ts'
import type { SessionStrategy } from '../session/index.ts'
import type { Clock, Emit } from '../types.ts'
import type { GatewayConfig } from './config.ts'
import { createReportCollector, type ReportCollector } from './endpoints/reports.ts'
import { mergeGatewayHeaders } from './headers.ts'
import { compileOperations, type Operations, operationKeys } from './operations.ts'
import { validateGatewayCsrf } from './routes/compile-csrf.ts'
import { compileRoutes, type RouteTable } from './routes/table.ts'
import { validateRoutes } from './routes/validate-routes.ts'
import { createSettingsResolver, type Settings } from './settings.ts'
import type { LoginThrottling } from './throttle/types.ts'
import { type CompiledUpstream, compileUpstreams, isObject } from './upstreams.ts'

/** What a gateway knows before its first request. */
export interface CompiledGateway {
  readonly routes: RouteTable
  /** Whether some route hands `%2F` on. */
  readonly keepsSlashes: boolean
  /** Whether some route has a cache. */
  readonly caches: boolean
  /** Whether what a request asks Redis may be more than its session. */
  readonly shares: boolean
  readonly upstreams: ReadonlyMap<string, CompiledUpstream>
  readonly settings: (env: unknown) => Settings | Promise<Settings>
  readonly platform: Platform
  readonly limits: CheckLimits | undefined
  readonly session: SessionStrategy<object> | undefined
  readonly cookieNames: ReadonlySet<string>
  readonly user: ((data: object) => string | undefined) | undefined
  readonly roles: ((data: object) => readonly string[]) | undefined
  readonly claims: ((data: object) => object) | undefined
  readonly signIn: string | undefined
  readonly assertions: SignAssertion | undefined
  readonly secure: HeaderWriter
  readonly reports: ReportCollector
  readonly emit: Emit
  readonly report: ReportError
  readonly fetch: typeof fetch
  /** Reaches upstreams where whoever calls the gateway brings no client. */
  readonly client: CompiledClient
  /** Whether the configuration names a `fetch`, which no other client replaces. */
  readonly ownFetch: boolean
  readonly clock: Clock
  readonly ops: Operations
}

/** The strategy of an environment. */
export function findStrategy(
  { session }: CompiledGateway,
  env: unknown,
): SessionStrategy<object> | undefined {
  return session?.chosen?.(env) ?? session
}

/**
 * Judges a configuration.
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 */
export function compileGateway(config: GatewayConfig<string, never, never>): CompiledGateway {
  const issues = createIssues('')
  checkKeys(issues, config, keys)
  // From here on what is no object has no members, so that one ConfigError can name the rest.
  const given: Partial<GatewayConfig<string, never, never>> = isObject(config) ? config : {}
  const session = validateSession(given.session, issues)
  const upstreams = compileUpstreams(given.upstreams, issues.at('upstreams'))
  const { assertion } = given
  if (assertion !== undefined) {
    checkKeys(issues.at('assertion'), assertion, ['key', 'lifetime'])
    if (!session) issues.add('assertion', 'needs the option session')
    if (isObject(assertion) && assertion.key === undefined)
      issues.add('assertion.key', 'is required')
  }
  const lifetime = wholeNumber(issues, 'assertion.lifetime', assertion?.lifetime, 60, timeoutRange)
  for (const { name, sessions } of upstreams.values()) {
    if (sessions && !session) issues.add(`upstreams.${name}.sessions`, 'needs the option session')
    if (sessions && !assertion)
      issues.add(`upstreams.${name}.sessions`, 'needs the option assertion')
  }
  validateGatewayCsrf(given.csrf, issues.at('csrf'))
  const emit = optionalListener(issues, 'onEvent', given.onEvent) ?? ignore
  const clock = optionalFunction(issues, 'clock', given.clock) ?? Date.now
  const throttle = validateThrottle(given.throttle, { clock, emit }, issues.at('throttle'))
  const routes = validateRoutes(given, upstreams, issues, throttle)
  const send: typeof fetch = optionalFunction(issues, 'fetch', given.fetch) ?? platformFetch
  const plan: CompiledGateway = {
    routes: compileRoutes(routes),
    keepsSlashes: routes.some(({ route }) => route.encodedSlash === 'keep'),
    caches: routes.some(({ route }) => Boolean(route.cache)),
    shares: throttle !== undefined || routes.some(({ limits = [] }) => limits.length > 0),
    upstreams,
    settings: createSettingsResolver(
      {
        publicOrigin: given.publicOrigin,
        hosts: given.hosts,
        upstreams: [...upstreams.keys()].map((name) => ({
          name,
          url: given.upstreams?.[name]?.url,
        })),
        key: assertion?.key,
        checks: [session, throttle],
        routeHosts: routes.flatMap(({ route: { host } }, index) =>
          host ? { option: `routes.${index}.host`, host } : [],
        ),
      },
      issues,
    ),
    platform: checkPlatform(given.platform, issues, 'cloudflare'),
    limits:
      given.limits === false ? undefined : compileRequestLimits(given.limits, issues.at('limits')),
    session,
    cookieNames: new Set([
      ...(session?.cookieNames ?? []),
      ...(throttle?.cookieName ? [throttle.cookieName] : []),
    ]),
    user: optionalFunction(issues, 'user', given.user) as CompiledGateway['user'],
    roles: optionalFunction(issues, 'roles', given.roles) as CompiledGateway['roles'],
    claims: optionalFunction(issues, 'claims', given.claims) as CompiledGateway['claims'],
    signIn: given.signIn,
    assertions: assertion && createAssertions(lifetime),
    secure: headerWriter(mergeGatewayHeaders(given.headers), issues.at('headers')),
    reports: createReportCollector(emit, clock),
    emit,
    report: optionalListener(issues, 'onFault', given.onFault) ?? createReporter(),
    fetch: send,
    client: compileFetch(send, given.fetch !== undefined || 'WebSocketPair' in globalThis),
    ownFetch: given.fetch !== undefined,
    clock,
    ops: compileOperations(given, { upstreams, clock, emit, fetch: send }, issues),
  }
  issues.throwIfAny()
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
const timeoutRange = { min: 5, max: 60, unit: 'seconds' } as const

function validateSession(value: unknown, issues: Issues): SessionStrategy<object> | undefined {
  if (value === undefined) return undefined
  if (isObject(value) && typeof value.open === 'function' && typeof value.check === 'function') {
    return value as unknown as SessionStrategy<object>
  }
  issues.add('session', 'must be a strategy, such as statelessSessions({ ... })')
  return undefined
}

function validateThrottle(
  value: unknown,
  sources: { readonly clock: Clock; readonly emit: Emit },
  issues: Issues,
): LoginThrottling | undefined {
  if (value === undefined) return undefined
  if (isObject(value) && typeof value.start === 'function')
    return value.start(sources, issues) as LoginThrottling
  issues.add('', 'must be gatewayThrottle({ ... }), which comes from portcullis/gateway')
  return undefined
}

function ignore(): void {}
