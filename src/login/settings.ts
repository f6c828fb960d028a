/**
 * Validates the options of a login, and creates the settings with which its requests are served.
 * `middleware.ts` and `gateway/handler.ts` call `validateLogin` while they are built; nearly every
 * file of the login imports the type `LoginSettings`.
 *
 * Wrong options are reported as issues, all together, and the caller throws them as `ERR_CONFIG`. A
 * wrong value of the environment throws `ERR_CONFIG` at the first request, in `readProvider` or `readKeys`.
 * Up to 64 connections to providers are cached; beyond that the cache is emptied.
 */
import {
  booleanOption,
  checkKeys,
  type Issues,
  optionalFunction,
  optionalListener,
  parseChoice,
  parseWholeNumber,
} from '../options/index.ts'
import type { SessionStrategy } from '../session/core/types.ts'
import type { Clock, Emit } from '../types.ts'
import type { AttemptSettings } from './flow/attempts.ts'
import type { Identify } from './identify.ts'
import { createReadKeys, type LoginKeys } from './keys.ts'
import type { LoginOptions } from './options.ts'
import {
  type Connection,
  type ConnectionSettings,
  createConnection,
} from './providers/connection.ts'
import type { Provider } from './providers/provider-options.ts'
import type { LoginFetch } from './providers/send.ts'
import type { LoginTokens } from './tokens/contract.ts'
import {
  canEndMarked,
  readLabels,
  validateAttempts,
  validateOrigin,
  validatePath,
  validateProviders,
  validateTokens,
} from './validate-parts.ts'

/** The validated settings that requests are served with. */
export interface LoginSettings {
  readonly session: SessionStrategy<object>
  /** The path below which the endpoints are, such as `/.portcullis`. */
  readonly base: string
  readonly publicOrigin: string | undefined
  readonly providerNames: readonly string[]
  /** The text of each provider's link on the page that lists the providers. */
  readonly labels: ReadonlyMap<string, string>
  readonly identify: Identify
  readonly chooser: string | undefined
  readonly afterLogin: string
  readonly afterLogout: string
  readonly logout: 'provider' | 'local'
  readonly backchannel: boolean
  readonly attempts: AttemptSettings
  readonly tolerance: number
  readonly timeoutMs: number
  readonly fetch: LoginFetch
  readonly clock: Clock
  readonly emit: Emit
  readonly me: ((data: never) => unknown) | undefined
  readonly tokens: LoginTokens | undefined
  /** Seconds. */
  readonly revalidate: number | undefined
  /** Resolves a provider with the values of this environment. @throws {ConfigError} `ERR_CONFIG` */
  readProvider(name: string, env: unknown): Provider
  connect(provider: Provider): Connection
  readKeys(env: unknown): LoginKeys
}

const optionKeys: ReadonlyArray<keyof LoginOptions<object>> = [
  'session',
  'providers',
  'identify',
  'base',
  'publicOrigin',
  'chooser',
  'afterLogin',
  'afterLogout',
  'logout',
  'backchannel',
  'attempts',
  'tokens',
  'revalidate',
  'me',
  'tolerance',
  'timeoutMs',
  'fetch',
  'clock',
  'onEvent',
]
const mostConnections = 64

/** Validates the options, and adds an issue for each that is wrong. */
export function validateLogin(
  options: LoginOptions<object>,
  issues: Issues,
  mayBeEmpty = false,
): LoginSettings {
  checkKeys(issues, options, optionKeys)
  const given = { ...options } as LoginOptions<object>
  const readProviders = validateProviders(given.providers, mayBeEmpty, issues.at('providers'))
  const session = given.session
  if (typeof session?.open !== 'function')
    issues.add('session', 'must be the result of statelessSessions() or storedSessions()')

  const base = validatePath(given.base, '/.portcullis', 'base', issues)
  const clock = optionalFunction(issues, 'clock', given.clock) ?? Date.now
  const timeoutMs =
    parseWholeNumber(issues, 'timeoutMs', given.timeoutMs, {
      min: 100,
      max: 30_000,
      unit: 'milliseconds',
    }) ?? 5000
  const fetch =
    optionalFunction(issues, 'fetch', given.fetch) ?? ((url, init) => globalThis.fetch(url, init))
  const emit = optionalListener(issues, 'onEvent', given.onEvent) ?? (() => {})
  const shared = { fetch, clock, timeoutMs, emit }
  const readKeys = createReadKeys(session, clock)
  const backchannel = booleanOption(issues, 'backchannel', given.backchannel, canEndMarked(session))
  if (backchannel && !canEndMarked(session)) {
    issues.add(
      'backchannel',
      'needs storedSessions, or statelessSessions with the option revocation',
    )
  }

  const settings = {
    session,
    base,
    publicOrigin: validateOrigin(given.publicOrigin, issues),
    providerNames: [...readProviders.keys()],
    labels: readLabels(given),
    identify: (optionalFunction(issues, 'identify', given.identify) ?? identifyUser) as Identify,
    chooser:
      given.chooser === undefined ? undefined : validatePath(given.chooser, '/', 'chooser', issues),
    afterLogin: validatePath(given.afterLogin, '/', 'afterLogin', issues),
    afterLogout: validatePath(given.afterLogout, `${base}/logged-out`, 'afterLogout', issues),
    logout:
      parseChoice(issues, 'logout', given.logout, ['provider', 'local'] as const) ?? 'provider',
    backchannel,
    attempts: validateAttempts(given, clock, issues.at('attempts')),
    me: optionalFunction(issues, 'me', given.me) as ((data: never) => unknown) | undefined,
    tolerance:
      parseWholeNumber(issues, 'tolerance', given.tolerance, {
        min: 0,
        max: 300,
        unit: 'seconds',
      }) ?? 60,
    ...shared,
    readKeys,
  }
  const settingsWithoutTokens: Omit<LoginSettings, 'tokens' | 'revalidate'> = {
    ...settings,
    readProvider: (name, env) => (readProviders.get(name) as (env: unknown) => Provider)(env),
    connect: createConnect(shared),
  }
  return {
    ...settingsWithoutTokens,
    ...validateTokens(given, settingsWithoutTokens, issues.at('')),
  }
}

/** Creates the cache of connections: one for each provider and issuer, for as long as the isolate lives. */
function createConnect(shared: ConnectionSettings): LoginSettings['connect'] {
  const connections = new Map<string, Connection>()
  return (provider) => {
    const key = `${provider.name} ${provider.issuer}`
    const cachedConnection = connections.get(key)
    if (cachedConnection !== undefined) return cachedConnection
    if (connections.size >= mostConnections) connections.clear()
    const connection = createConnection(provider, shared)
    connections.set(key, connection)
    return connection
  }
}

const identifyUser: Identify = ({ user }) => ({ user, roles: [] })
