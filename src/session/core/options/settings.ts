/**
 * Compiles the options of sessions into the settings that requests are served with: cookie, limits,
 * keys and callbacks. `statelessSessions` and `storedSessions` call it once; most files of `session/`
 * import the type `SessionSettings`.
 *
 * Wrong options are reported as issues, which the strategy throws as one `ERR_CONFIG`. A secret that is
 * read from the environment is validated at the first request, where `keys(env)` throws `ERR_CONFIG`.
 */
import { type CookieSettings, cookieSettings } from '../../../cookie/settings.ts'
import { type KeyRing, keyRing } from '../../../crypto/key-ring.ts'
import { type Sealer, sealer } from '../../../crypto/seal.ts'
import { resolveFrom } from '../../../options/from.ts'
import { isObject } from '../../../options/is-object.ts'
import type { Issues } from '../../../options/issues.ts'
import { checkKeys } from '../../../options/keys.ts'
import { optionalFunction, optionalListener, parseWholeNumber } from '../../../options/values.ts'
import type { Clock, Emit } from '../../../types.ts'
import type { Schema } from '../data.ts'
import type { BindEngine } from '../device.ts'
import type { ClientRecorder } from '../engine.ts'
import type { LifetimeLimits } from '../lifetimes.ts'
import { parseMakerOption } from './maker-option.ts'
import type { LegacyCookie, SessionOptions } from './options.ts'

/** The two kinds of sessions. */
type SessionKind = 'stateless' | 'stored'

/** The keys of an environment. The same secret gives the same keys. */
export interface SessionKeys {
  readonly ring: KeyRing
  /** Seals the content of the cookie. */
  readonly sealer: Sealer
  /** Seals the rows of a store. */
  readonly records: Sealer
}

/** The validated options of a strategy. */
export interface SessionSettings<Data> {
  readonly cookie: CookieSettings
  readonly limits: LifetimeLimits
  readonly keys: (env: unknown) => SessionKeys
  readonly schema: Schema<Data> | undefined
  readonly initial: (() => Data) | undefined
  readonly user: ((sessionData: Data) => string | undefined) | undefined
  readonly mark: ((sessionData: Data) => string | undefined) | undefined
  readonly legacy: readonly LegacyCookie<Data & object>[]
  /** Wraps an engine to bind sessions to their device; undefined without the option `device`. */
  readonly device: BindEngine | undefined
  /** Stores the client of a session; undefined without the option `clientInfo`. */
  readonly clientInfo: ClientRecorder | undefined
  readonly emit: Emit | undefined
  readonly clock: Clock
}

/** Names of the options that every strategy has. */
export const SESSION_OPTIONS = [
  'secret',
  'maxAge',
  'idleTimeout',
  'anonymousIdle',
  'name',
  'path',
  'domain',
  'secure',
  'sameSite',
  'partitioned',
  'insecurePlainHttp',
  'audience',
  'schema',
  'initial',
  'user',
  'mark',
  'legacy',
  'device',
  'clientInfo',
  'onEvent',
  'clock',
] as const

const HOUR = 3600

/** Most characters of a sealed record that is opened; stores accept only shorter ones. */
const MAX_RECORD_BYTES = 2_000_000

/** User agents keep a cookie for at most 400 days (RFC 6265bis section 5.5). */
const MAX_SECONDS = 400 * 24 * HOUR

/** Validates and compiles the options. Issues are collected, not thrown. */
export function compileSessionSettings<Data extends object>(
  input: SessionOptions<Data, never>,
  issues: Issues,
  kind: SessionKind,
): SessionSettings<Data> {
  checkKeys(issues, input, [...SESSION_OPTIONS, kind === 'stored' ? 'store' : 'revocation'])
  const options: Partial<SessionOptions<Data, never>> = isObject(input) ? input : {}

  const clock = optionalFunction(issues, 'clock', options.clock) ?? Date.now
  const user = optionalFunction(issues, 'user', options.user)
  const cookie = cookieSettings(options, issues)
  const limits = compileLimits(options, issues)
  const { audience } = options
  if (audience !== undefined && (typeof audience !== 'string' || audience === '')) {
    issues.add('audience', 'must be a non-empty string')
  }

  return {
    cookie,
    limits,
    keys: resolveFrom(issues, 'secret', options.secret, (secret, secretIssues) => {
      const ring = keyRing(secret, secretIssues)
      return createKeys(ring, cookie.name, kind, {
        lifetime: limits.maxAge,
        clock,
        ...(audience !== undefined && { audience }),
      })
    }),
    schema: validateSchema(options.schema, issues),
    initial: optionalFunction(issues, 'initial', options.initial),
    // All sessions with an empty user would share one list, so an empty user counts as none.
    user: user && ((sessionData) => user(sessionData) || undefined),
    mark: optionalFunction(issues, 'mark', options.mark),
    legacy: options.legacy ?? [],
    device: parseMakerOption(issues, 'device', options.device, 'deviceBound')?.compile(
      cookie,
      issues.at('device'),
    ),
    clientInfo: parseMakerOption(issues, 'clientInfo', options.clientInfo, 'clientInfo')?.compile(
      issues.at('clientInfo'),
    ),
    emit: optionalListener(issues, 'onEvent', options.onEvent),
    clock,
  }
}

function compileLimits(
  options: Partial<Readonly<Record<keyof LifetimeLimits, number>>>,
  issues: Issues,
): LifetimeLimits {
  const readSeconds = (name: keyof LifetimeLimits, defaultValue: number, max: number): number =>
    parseWholeNumber(issues, name, options[name], {
      min: 1,
      max,
      unit: 'seconds',
    }) ?? Math.min(defaultValue, max)

  const maxAge = readSeconds('maxAge', 8 * HOUR, MAX_SECONDS)
  const idleTimeout = readSeconds('idleTimeout', HOUR, maxAge)
  const anonymousIdle = readSeconds('anonymousIdle', HOUR / 4, idleTimeout)
  return { maxAge, idleTimeout, anonymousIdle }
}

function createKeys(
  ring: KeyRing,
  cookieName: string,
  kind: SessionKind,
  options: { readonly lifetime: number; readonly clock: Clock; readonly audience?: string },
): SessionKeys {
  // Different names keep a stateless cookie from opening as the id of a stored session, and vice versa.
  const sealName = kind === 'stored' ? `${cookieName} stored` : cookieName
  return {
    ring,
    sealer: sealer(ring, { ...options, purpose: 'session', name: sealName }),
    records: sealer(ring, {
      ...options,
      purpose: 'record',
      name: cookieName,
      maxLength: MAX_RECORD_BYTES,
    }),
  }
}

function validateSchema<Data>(
  value: Schema<Data> | undefined,
  issues: Issues,
): Schema<Data> | undefined {
  if (value === undefined || typeof value?.['~standard']?.validate === 'function') return value
  issues.add('schema', 'must be a Standard Schema (an object with ~standard.validate)')
  return undefined
}
