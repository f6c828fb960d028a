/** Session options, worked out once: what requests are served with. */
import { type CookieSettings, cookieSettings } from '../../cookie/settings.ts'
import { type KeyRing, keyRing } from '../../crypto/key-ring.ts'
import { type Sealer, sealer } from '../../crypto/seal.ts'
import { resolveFrom } from '../../options/from.ts'
import type { Issues } from '../../options/issues.ts'
import { checkKeys } from '../../options/keys.ts'
import { optionalFunction, optionalListener, wholeNumber } from '../../options/values.ts'
import type { Clock, Emit } from '../../types.ts'
import type { LifetimeLimits } from './lifetimes.ts'
import type { LegacyCookie, SessionOptions } from './options.ts'
import { isObject } from './record.ts'
import type { Schema } from './schema.ts'

/** The keys that belong to an environment: one secret, one set of keys. */
export interface SessionKeys {
  readonly ring: KeyRing
  /** Seals what the cookie holds. */
  readonly sealer: Sealer
  /** Seals what a store holds. */
  readonly records: Sealer
}

/** What every strategy works with. */
export interface SessionSettings<Data> {
  readonly cookie: CookieSettings
  readonly limits: LifetimeLimits
  readonly keys: (env: unknown) => SessionKeys
  readonly schema: Schema<Data> | undefined
  readonly initial: (() => Data) | undefined
  readonly user: ((data: Data) => string | undefined) | undefined
  readonly mark: ((data: Data) => string | undefined) | undefined
  readonly legacy: readonly LegacyCookie<Data & object>[]
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
  'onEvent',
  'clock',
] as const

const HOUR = 3600

/** Characters of a sealed record that are looked at; stores keep less. */
const MAX_RECORD_BYTES = 2_000_000

/** User agents keep no cookie longer (RFC 6265bis section 5.5). */
const MAX_SECONDS = 400 * 24 * HOUR

/** Judges the options and works them out; faults are noted, not thrown. */
export function compileSessionSettings<Data extends object>(
  options: SessionOptions<Data, never>,
  issues: Issues,
  kind: 'stateless' | 'stored',
): SessionSettings<Data> {
  checkKeys(issues, options, [...SESSION_OPTIONS, kind === 'stored' ? 'store' : 'revocation'])
  const given: Partial<SessionOptions<Data, never>> = isObject(options) ? options : {}
  const clock = optionalFunction(issues, 'clock', given.clock) ?? Date.now
  const user = optionalFunction(issues, 'user', given.user)
  const { secret, audience } = given
  const cookie = cookieSettings(given, issues)
  const seconds = (most: number): { min: number; max: number; unit: string } => ({
    min: 1,
    max: most,
    unit: 'seconds',
  })
  const maxAge = wholeNumber(issues, 'maxAge', given.maxAge, 8 * HOUR, seconds(MAX_SECONDS))
  const idleTimeout = wholeNumber(
    issues,
    'idleTimeout',
    given.idleTimeout,
    Math.min(HOUR, maxAge),
    seconds(maxAge),
  )
  const anonymousIdle = wholeNumber(
    issues,
    'anonymousIdle',
    given.anonymousIdle,
    Math.min(HOUR / 4, idleTimeout),
    seconds(idleTimeout),
  )
  if (audience !== undefined && (typeof audience !== 'string' || audience === '')) {
    issues.add('audience', 'must be a string that is not empty')
  }
  return {
    cookie,
    limits: { maxAge, idleTimeout, anonymousIdle },
    keys: resolveFrom(issues, 'secret', secret, (value: string | readonly string[], at) => {
      const ring = keyRing(value, at)
      const bound = { lifetime: maxAge, clock, ...(audience !== undefined && { audience }) }
      // A stateless cookie must not open as the id of a stored session, nor the other way round.
      const name = kind === 'stored' ? `${cookie.name} stored` : cookie.name
      return {
        ring,
        sealer: sealer(ring, { ...bound, purpose: 'session', name }),
        records: sealer(ring, {
          ...bound,
          purpose: 'record',
          name: cookie.name,
          maxLength: MAX_RECORD_BYTES,
        }),
      }
    }),
    schema: validateSchema(given.schema, issues),
    initial: optionalFunction(issues, 'initial', given.initial),
    // An empty name is none: all who have it would share one list.
    user: user && ((data) => user(data) || undefined),
    mark: optionalFunction(issues, 'mark', given.mark),
    legacy: given.legacy ?? [],
    emit: optionalListener(issues, 'onEvent', given.onEvent),
    clock,
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
