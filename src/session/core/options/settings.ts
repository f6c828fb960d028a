/**
 * Compiles the options of sessions into the settings that requests are served with. Both
 * strategies call it while building. Wrong options are reported as issues; wrong values of the
 * environment are a `ConfigError` at the first request.
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

/** The keys that belong to an environment: one secret gives one set of keys. */
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
  /** Puts the device around an engine; undefined where sessions are never bound. */
  readonly device: BindEngine | undefined
  /** Keeps with sessions what their client is; undefined where nothing of it is kept. */
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

/** Characters of a sealed record that are read; stores accept shorter ones only. */
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
  // A stateless cookie must not open as the id of a stored session, nor the other way round.
  const optionName = kind === 'stored' ? `${cookieName} stored` : cookieName
  return {
    ring,
    sealer: sealer(ring, { ...options, purpose: 'session', name: optionName }),
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
