/**
 * Defines the options of the login throttle, and validates them while it is built.
 * `loginThrottle()` and the gateway's throttle call it. Everything that is wrong is reported as an
 * issue.
 */
import { type CookieSettings, cookieSettings } from '../../cookie/index.ts'
import {
  checkKeys,
  type Issues,
  optionalFunction,
  parseChoice,
  parseWholeNumber,
  resolveFrom,
} from '../../options/index.ts'
import type { Clock, FromEnv, ProjectEnv } from '../../types.ts'
import type { Normalize } from './account/account.ts'
import { createThrottleKeys, type ThrottleKeys } from './keys.ts'
import type { ThrottleStore } from './stores/store.ts'

/** How many wrong passwords are allowed, and where they are counted. */
export interface LoginThrottleOptions<E = ProjectEnv> {
  /** Where failures are counted: `redisThrottle({ redis })`. `memoryThrottle()` counts for one process only. */
  readonly store: ThrottleStore
  /**
   * One secret or several, each of at least 32 characters. They make digests of what is counted and seal the device cookie.
   * When the first changes, counting begins anew; devices stay known as long as the old one is listed.
   */
  readonly secret: FromEnv<string | readonly string[], E>
  /** Failures in a row of one address on one account that cost nothing; then waits double from a second. Default 5, at most 100. */
  readonly limit?: number
  /** Seconds of the longest of these waits. Default 900, at most 3,600. */
  readonly maxWait?: number
  /**
   * Failures of one address in a day, on whatever accounts; then it waits until the day is over. An address is one of IPv4 or
   * a /64 of IPv6. Default 100, at most 100,000: an office or a carrier may have one address for many people.
   */
  readonly perAddress?: number
  /** The same for a /48 of IPv6, which holds 65,536 of those. Default 1,000. */
  readonly perNetwork?: number
  /** Consecutive failures of unknown devices on one account, from which the origin is notified. Default 10. */
  readonly pressureAt?: number
  /**
   * Consecutive failures on one account from which unknown devices wait: a second, doubling, a minute at most. Default 100, which
   * is also the most (NIST SP 800-63B-4 section 3.2.2). Never a lock; but who tries all the time can be first every time.
   */
  readonly slowAt?: number
  /**
   * The cookie by which a device is known that signed in before: strangers never slow it, and it has a count of its own of
   * twice the limit. `false`: no device is known, and an attacker can keep an owner waiting.
   */
  readonly device?: false | ThrottleDeviceOptions
  /**
   * Normalizes a name as the origin does before it looks it up, such as leaving out the dots of an
   * address at Gmail. The result is folded all the same: case, accents, width, strokes. An empty
   * text names nobody, which is 400. Failures are counted by it; a success clears only what failed
   * under the very same text. Default: the text itself. A route may have its own.
   */
  readonly normalize?: Normalize
  /**
   * `'observe'` counts and tells the same, as `login-throttle-observed`, but lets every try pass, also while the store is down:
   * for finding out what would be refused. Default `'enforce'`.
   */
  readonly mode?: 'enforce' | 'observe'
}

/** The cookie of a known device. */
export interface ThrottleDeviceOptions {
  /** Without prefix. Default `device`, sent as `__Host-device`. */
  readonly name?: string
  /** Default none. A domain gives up `__Host-` for `__Secure-`. */
  readonly domain?: string
  /** Seconds after a login for which the device is known. Default 90 days, at most 400. */
  readonly maxAge?: number
  /** Drops Secure and the prefix, for development over plain http on names other than localhost. Default false. */
  readonly insecurePlainHttp?: boolean
}

/** Option names, for rooms whose options contain them. */
export const loginThrottleKeys: readonly (keyof LoginThrottleOptions)[] = [
  ...([
    'store',
    'secret',
    'limit',
    'maxWait',
    'perAddress',
    'perNetwork',
    'pressureAt',
    'slowAt',
    'device',
    'normalize',
    'mode',
  ] as const),
]

/** The validated options of attempts. */
export interface ThrottleSettings {
  readonly store: ThrottleStore
  readonly keys: (env: unknown) => ThrottleKeys
  readonly limit: number
  readonly longestMs: number
  readonly perAddress: number
  readonly perNetwork: number
  readonly pressureAt: number
  readonly slowAt: number
  readonly device: { readonly cookie: CookieSettings; readonly maxAge: number } | undefined
  readonly normalize: Normalize | undefined
  readonly observing: boolean
}

const dayS = 86_400

/**
 * Validates the options. Unknown names are left to the caller, whose options may hold further ones: see
 * {@link loginThrottleKeys}.
 */
export function compileThrottle(options: unknown, clock: Clock, issues: Issues): ThrottleSettings {
  const input: Partial<LoginThrottleOptions<never>> =
    (options as LoginThrottleOptions<never> | undefined) ?? {}
  const { store } = input

  if (typeof store?.attempt !== 'function' || typeof store.settle !== 'function') {
    issues.add(
      'store',
      store === undefined ? 'is required' : 'must be a store such as redisThrottle({ redis })',
    )
  }

  const count = (
    option: keyof LoginThrottleOptions,
    defaultValue: number,
    max: number,
    least = 1,
  ): number =>
    parseWholeNumber(issues, option, input[option], {
      min: least,
      max: max,
      unit: 'failures',
    }) ?? defaultValue

  const device = compileDevice(input.device, issues.at('device'))
  const lifetime = device?.maxAge ?? dayS
  const name = device?.cookie.name ?? ''
  const perAddress = count('perAddress', 100, 100_000)

  return {
    store: store as ThrottleStore,
    keys: resolveFrom(issues, 'secret', input.secret, (secret: string | readonly string[], at) =>
      createThrottleKeys(secret, { name, lifetime, clock }, at),
    ),
    limit: count('limit', 5, 100),
    longestMs:
      1000 *
      (parseWholeNumber(issues, 'maxWait', input.maxWait, { min: 1, max: 3600, unit: 'seconds' }) ??
        900),
    perAddress,
    perNetwork: count('perNetwork', Math.max(1000, perAddress), 1_000_000, perAddress),
    pressureAt: count('pressureAt', 10, 100),
    slowAt: count('slowAt', 100, 100),
    device,
    normalize: optionalFunction(issues, 'normalize', input.normalize),
    observing: parseChoice(issues, 'mode', input.mode, ['enforce', 'observe']) === 'observe',
  }
}

function compileDevice(optionValue: unknown, issues: Issues): ThrottleSettings['device'] {
  if (optionValue === false) return undefined

  checkKeys(issues, optionValue ?? {}, ['name', 'domain', 'maxAge', 'insecurePlainHttp'])
  const { maxAge, name = 'device', ...rest } = (optionValue ?? {}) as ThrottleDeviceOptions
  const cookie = cookieSettings({ name, ...rest }, issues)
  const bounds = { min: 3600, max: 400 * dayS, unit: 'seconds' }

  return { cookie, maxAge: parseWholeNumber(issues, 'maxAge', maxAge, bounds) ?? 90 * dayS }
}
