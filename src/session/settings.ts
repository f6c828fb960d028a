/** Session options, worked out once: what requests are served with. */
import { type CookieSettings, cookieSettings } from '../cookie/settings.ts'
import { type KeyRing, keyRing } from '../crypto/key-ring.ts'
import { type Sealer, sealer } from '../crypto/seal.ts'
import type { Faults } from '../options/faults.ts'
import { resolveFrom } from '../options/from.ts'
import { checkKeys } from '../options/keys.ts'
import { optionalFunction, optionalListener, wholeNumber } from '../options/values.ts'
import type { Clock, Emit } from '../types.ts'
import type { Limits } from './lifetimes.ts'
import type { LegacyCookie, SessionOptions } from './options.ts'
import { isObject } from './record.ts'
import type { Schema } from './schema.ts'

/** The keys that belong to an environment: one secret, one set of keys. */
export interface Keys {
  readonly ring: KeyRing
  /** Seals what the cookie holds. */
  readonly sealer: Sealer
  /** Seals what a store holds. */
  readonly records: Sealer
}

/** What every strategy works with. */
export interface SessionSettings<Data> {
  readonly cookie: CookieSettings
  readonly limits: Limits
  readonly keys: (env: unknown) => Keys
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
const LONGEST_RECORD = 2_000_000
/** User agents keep no cookie longer (RFC 6265bis section 5.5). */
const LONGEST = 400 * 24 * HOUR

/** Judges the options and works them out; faults are noted, not thrown. */
export function sessionSettings<Data extends object>(
  options: SessionOptions<Data, never>,
  faults: Faults,
  kind: 'stateless' | 'stored',
): SessionSettings<Data> {
  checkKeys(faults, options, [...SESSION_OPTIONS, kind === 'stored' ? 'store' : 'revocation'])
  const given: Partial<SessionOptions<Data, never>> = isObject(options) ? options : {}
  const clock = optionalFunction(faults, 'clock', given.clock) ?? Date.now
  const user = optionalFunction(faults, 'user', given.user)
  const { secret, audience } = given
  const cookie = cookieSettings(given, faults)
  const seconds = (most: number): { least: number; most: number; unit: string } => ({ least: 1, most, unit: 'seconds' })
  const maxAge = wholeNumber(faults, 'maxAge', given.maxAge, 8 * HOUR, seconds(LONGEST))
  const idleTimeout = wholeNumber(faults, 'idleTimeout', given.idleTimeout, Math.min(HOUR, maxAge), seconds(maxAge))
  const anonymousIdle = wholeNumber(
    faults,
    'anonymousIdle',
    given.anonymousIdle,
    Math.min(HOUR / 4, idleTimeout),
    seconds(idleTimeout),
  )
  if (audience !== undefined && (typeof audience !== 'string' || audience === '')) {
    faults.add('audience', 'must be a string that is not empty')
  }
  return {
    cookie,
    limits: { maxAge, idleTimeout, anonymousIdle },
    keys: resolveFrom(faults, 'secret', secret, (value: string | readonly string[], at) => {
      const ring = keyRing(value, at)
      const bound = { lifetime: maxAge, clock, ...(audience !== undefined && { audience }) }
      // A stateless cookie must not open as the id of a stored session, nor the other way round.
      const name = kind === 'stored' ? `${cookie.name} stored` : cookie.name
      return {
        ring,
        sealer: sealer(ring, { ...bound, purpose: 'session', name }),
        records: sealer(ring, { ...bound, purpose: 'record', name: cookie.name, maxLength: LONGEST_RECORD }),
      }
    }),
    schema: schemaOf(given.schema, faults),
    initial: optionalFunction(faults, 'initial', given.initial),
    // An empty name is none: all who have it would share one list.
    user: user && ((data) => user(data) || undefined),
    mark: optionalFunction(faults, 'mark', given.mark),
    legacy: given.legacy ?? [],
    emit: optionalListener(faults, 'onEvent', given.onEvent),
    clock,
  }
}

function schemaOf<Data>(given: Schema<Data> | undefined, faults: Faults): Schema<Data> | undefined {
  if (given === undefined || typeof given?.['~standard']?.validate === 'function') return given
  faults.add('schema', 'must be a Standard Schema (an object with ~standard.validate)')
  return undefined
}
