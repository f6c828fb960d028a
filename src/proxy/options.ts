/**
 * Validates the options of `proxy()` and compiles them. `middleware.ts` calls it while building, and `exchange.ts` uses
 * the result. All wrong options are thrown as one `ConfigError` (`ERR_CONFIG`). `resolve` rejects with a `ConfigError`
 * at each request whose environment holds a wrong value.
 */
import type { AssertionKeys } from '../assertion/keys.ts'
import { importKeys, parseKeys } from '../assertion/keys.ts'
import { createAssertions, type SignAssertion } from '../assertion/sign.ts'
import {
  booleanOption,
  checkKeys,
  createIssues,
  type Issues,
  optionalFunction,
  optionalListener,
  parseChoice,
  parseWholeNumber,
  resolveFrom,
} from '../options/index.ts'
import { bodyBounds, checkPlatform, defaultBodyBytes, type Platform } from '../request/index.ts'
import type { SessionStrategy } from '../session/index.ts'
import { type SessionVerb, sessionVerbs } from '../session-protocol/grants.ts'
import type { Clock, Emit, FromEnv, ProjectEnv } from '../types.ts'
import type { BreakerRules } from './fetch/breaker.ts'
import { parseOrigin, parseUpstreamUrl } from './fetch/parse-url.ts'
import { platformFetch } from './fetch/platform-fetch.ts'
import { createRetryBudget } from './fetch/retry.ts'
import { type CompiledClient, compileFetch } from './fetch/upstream-client.ts'
import type { ForwardRules, UpstreamRules } from './forward/context.ts'
import { checkDropHeaders } from './header-filters.ts'
import { createTarget, type Target } from './target.ts'

/** The assertion that names the signed-in user to the server: an ES256 JWT (RFC 7519). */
export interface ProxyAssertion<E = ProjectEnv> {
  /**
   * ES256 private keys: a list of JWKs, each as JSON text, or one JSON text that holds a list of them. The first one
   * signs. The server needs the public part of each: see `assertionVerifier` of `portcullis/assertion`.
   */
  readonly key: FromEnv<string | readonly string[], E>
  /** `aud` of the assertion: the name that the server expects there. */
  readonly audience: string
  /** Seconds until an assertion expires, 5 to 60. @default 60 */
  readonly lifetime?: number
}

/** Options of `proxy()`. */
export interface ProxyOptions<Data extends object = object, E = ProjectEnv> {
  /**
   * The address of the server: an http or https URL without credentials, query or fragment. Its path becomes a prefix
   * of the path of every request.
   */
  readonly upstream: FromEnv<string, E>
  /**
   * The strategy of the sessions. Its cookies are withheld from the server. It is also needed for `assertion` and `grants`.
   * If `session()` runs before, both use one session. @default none: all cookies are forwarded
   */
  readonly sessions?: SessionStrategy<Data>
  /** Sends the identity of the user to the server. @default none */
  readonly assertion?: ProxyAssertion<E>
  /** Reads the user of a session: `sub` of the assertion. @default none */
  readonly user?: (data: Data) => string | undefined
  /** Further claims of the assertion, at most 4 KB of JSON. @default none */
  readonly claims?: (data: Data) => object
  /**
   * Verbs of the session protocol that the server may use. It then receives a nonce with each request, and needs `assertion`.
   *
   * @default none
   */
  readonly grants?: readonly SessionVerb[]
  /** Grants `start`, `endAll` and `endAny` on GET too. @default false */
  readonly startOnGet?: boolean
  /**
   * The origin that visitors see. It is used in `X-Forwarded-Host`, `Location` and `iss` of the assertion.
   *
   * @default the origin of the request's URL, which is safe if only requests for your own hosts reach the app; see
   *   `allowHosts`
   */
  readonly publicOrigin?: FromEnv<string, E>
  /** The platform in front, whose headers name the client's IP address. @default 'none': no address is forwarded */
  readonly platform?: Platform
  /** Milliseconds until the first byte of the response, at most 300,000; then 504. @default 30,000 */
  readonly timeoutMs?: number
  /**
   * Whether a request without a body is sent once more if the connection was refused or reset: GET, HEAD and OPTIONS,
   * and with `'idempotency-key'` also PUT and DELETE that have the header `Idempotency-Key`. @default true
   */
  readonly retry?: boolean | 'idempotency-key'
  /** Seconds after which a WebSocket or an event stream is closed, at most 86,400. @default 3,600 */
  readonly maxSocketSeconds?: number | false
  /** Maximum bytes of a request body. @default 10,485,760 (10 MB) */
  readonly maxBodyBytes?: number
  /** Pauses requests to the server while it keeps failing: `circuitBreaker()`. @default off */
  readonly breaker?: BreakerRules | false
  /** Further client headers that the server never receives: names, or prefixes that end in `*`. @default none */
  readonly dropHeaders?: readonly string[]
  /** Receives security events. What it throws is ignored. @default none */
  readonly onEvent?: Emit
  /** Sends requests, for tests. @default the fetch of the runtime */
  readonly fetch?: typeof fetch
  /** Returns the time in milliseconds, for tests. @default Date.now */
  readonly clock?: Clock
}

/** The values of one environment for a proxy. */
export interface ProxyEnvironment {
  /** The option `publicOrigin`; undefined if the origin of the request's URL is used. */
  readonly publicOrigin: URL | undefined
  readonly target: Target
  readonly keys: AssertionKeys | undefined
}

/** The validated and compiled options. */
export interface CompiledProxy {
  readonly sessions: SessionStrategy<object> | undefined
  readonly sign: SignAssertion | undefined
  readonly user: ((data: object) => string | undefined) | undefined
  readonly claims: ((data: object) => object) | undefined
  readonly platform: Platform
  readonly maxBodyBytes: number
  readonly upstream: UpstreamRules
  readonly rules: ForwardRules
  readonly client: CompiledClient
  readonly emit: Emit
  readonly clock: Clock
  /** Resolves the values of an environment. It rejects with a ConfigError for a wrong value. */
  resolve(env: unknown): Promise<ProxyEnvironment>
}

const optionKeys: ReadonlyArray<keyof ProxyOptions> = [
  'upstream',
  'sessions',
  'assertion',
  'user',
  'claims',
  'grants',
  'startOnGet',
  'publicOrigin',
  'platform',
  'timeoutMs',
  'retry',
  'maxSocketSeconds',
  'maxBodyBytes',
  'breaker',
  'dropHeaders',
  'onEvent',
  'fetch',
  'clock',
]
const timeoutRange = { min: 1, max: 300_000, unit: 'milliseconds' } as const
const socketRange = { min: 1, max: 86_400, unit: 'seconds' } as const
const lifetimeRange = { min: 5, max: 60, unit: 'seconds' } as const

/**
 * Validates and compiles the options.
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 */
export function compileProxy(input: ProxyOptions<never, never>): CompiledProxy {
  const issues = createIssues('proxy')
  checkKeys(issues, input, optionKeys)
  const options = Object(input) as ProxyOptions<never, never>
  const send = optionalFunction(issues, 'fetch', options.fetch)
  const upgrades = send !== undefined || 'WebSocketPair' in globalThis
  const compiledProxy: CompiledProxy = {
    ...compileIdentity(options, issues),
    platform: checkPlatform(options.platform, issues, 'none'),
    maxBodyBytes:
      parseWholeNumber(issues, 'maxBodyBytes', options.maxBodyBytes, bodyBounds) ??
      defaultBodyBytes,
    upstream: compileUpstream(options, issues),
    rules: compileRules(options, issues),
    client: compileFetch(send ?? platformFetch, upgrades),
    emit: optionalListener(issues, 'onEvent', options.onEvent) ?? (() => {}),
    clock: optionalFunction(issues, 'clock', options.clock) ?? Date.now,
    resolve: createResolver(options, issues),
  }

  issues.throwIfAny()

  return compiledProxy
}

type CompiledIdentity = Pick<CompiledProxy, 'sessions' | 'sign' | 'user' | 'claims'>

function compileIdentity(options: ProxyOptions<never, never>, issues: Issues): CompiledIdentity {
  const { sessions, assertion } = options
  if (sessions !== undefined && typeof sessions?.open !== 'function') {
    issues.add('sessions', 'must be a strategy, such as statelessSessions({ ... })')
  }

  if (assertion !== undefined) {
    checkKeys(issues.at('assertion'), assertion, ['key', 'audience', 'lifetime'])
    if (sessions === undefined) issues.add('assertion', 'needs the option sessions')
    if (!/^[\w.:/-]{1,255}$/.test(`${assertion?.audience ?? ''}`)) {
      issues.add('assertion.audience', 'must be a name of letters, digits and . _ : / -')
    }
  }

  const lifetime =
    parseWholeNumber(issues, 'assertion.lifetime', assertion?.lifetime, lifetimeRange) ?? 60

  return {
    sessions: sessions as SessionStrategy<object> | undefined,
    sign: assertion && createAssertions(lifetime),
    user: optionalFunction(issues, 'user', options.user) as CompiledIdentity['user'],
    claims: optionalFunction(issues, 'claims', options.claims) as CompiledIdentity['claims'],
  }
}

function compileUpstream(options: ProxyOptions<never, never>, issues: Issues): UpstreamRules {
  const { breaker, dropHeaders, timeoutMs, assertion } = options
  const isBreaker = typeof breaker === 'object' && typeof breaker?.start === 'function'
  if (breaker !== undefined && breaker !== false && !isBreaker) {
    issues.add('breaker', 'must be circuitBreaker({ ... }) or false')
  }

  return {
    name: assertion?.audience ?? 'upstream',
    index: 0,
    sessions: options.grants !== undefined,
    timeoutMs: parseWholeNumber(issues, 'timeoutMs', timeoutMs, timeoutRange) ?? 30_000,
    retries: createRetryBudget(),
    breaker: isBreaker ? breaker.start() : undefined,
    drops: checkDropHeaders(dropHeaders, issues),
  }
}

function compileRules(options: ProxyOptions<never, never>, issues: Issues): ForwardRules {
  const { grants: grantedVerbs, retry, maxSocketSeconds } = options
  const isGrantList = Array.isArray(grantedVerbs) && grantedVerbs.length > 0
  if (grantedVerbs !== undefined && !isGrantList) {
    issues.add('grants', 'must be a non-empty list, or absent')
  }

  for (const [index, sessionVerb] of (isGrantList ? grantedVerbs : []).entries()) {
    parseChoice(issues, `grants.${index}`, sessionVerb, sessionVerbs)
  }

  if (grantedVerbs !== undefined && options.assertion === undefined) {
    issues.add('grants', 'needs the option assertion')
  }

  const seconds = maxSocketSeconds === false ? undefined : maxSocketSeconds
  parseWholeNumber(issues, 'maxSocketSeconds', seconds, socketRange)

  return {
    sessions: grantedVerbs,
    startOnGet: booleanOption(issues, 'startOnGet', options.startOnGet, false),
    retry: parseChoice(issues, 'retry', retry, [true, false, 'idempotency-key'] as const) ?? true,
    maxSocketSeconds,
  }
}

function createResolver(
  { publicOrigin, upstream, assertion }: ProxyOptions<never, never>,
  issues: Issues,
): CompiledProxy['resolve'] {
  const readOrigin =
    publicOrigin === undefined
      ? undefined
      : resolveFrom(issues, 'publicOrigin', publicOrigin, parseOrigin)
  const readUpstream = resolveFrom(issues, 'upstream', upstream, parseUpstreamUrl)
  const readKeys =
    assertion === undefined
      ? undefined
      : resolveFrom(issues, 'assertion.key', assertion.key, parseKeys)
  let lastImported:
    | { readonly parsed: unknown; readonly keys: AssertionKeys | undefined }
    | undefined

  return async (env) => {
    const upstreamUrl = readUpstream(env)
    const parsedKeys = readKeys?.(env)
    if (lastImported === undefined || lastImported.parsed !== parsedKeys) {
      const keyIssues = createIssues('proxy.assertion.key')
      const importedKeys = parsedKeys && (await importKeys(parsedKeys, keyIssues))
      keyIssues.throwIfAny()
      lastImported = { parsed: parsedKeys, keys: importedKeys }
    }

    const { keys: cachedKeys } = lastImported

    return {
      publicOrigin: readOrigin?.(env),
      target: createTarget(upstreamUrl as URL),
      keys: cachedKeys,
    }
  }
}
