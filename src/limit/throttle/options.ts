/**
 * Defines the options of the login throttle and validates them while it is built. `loginThrottle()`
 * and the gateway's `createThrottle` call `compileThrottle`; the throttle's other files use its
 * types. It throws nothing itself: each invalid option is added to the caller's list of issues, and
 * the caller must end with `issues.throwIfAny()` before it uses the settings. Unknown option names
 * are the caller's to report.
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

/**
 * Options of the login throttle: how many failed logins are allowed, and where they are counted.
 */
export interface LoginThrottleOptions<E = ProjectEnv> {
  /**
   * The store of the counts: `redisThrottle({ redis })` or `durableObjectThrottle({ namespace })`.
   * `memoryThrottle()` counts for one process only.
   */
  readonly store: ThrottleStore
  /**
   * One secret or several, each of at least 32 characters. Counters are stored under digests of the
   * first secret, and the device cookie is sealed with it. When the first secret changes, counts
   * start at zero; devices stay known as long as the old secret is listed.
   */
  readonly secret: FromEnv<string | readonly string[], E>
  /**
   * The number of consecutive failures of one address on one account with which waits begin: a
   * second, doubled by each further failure. Default 5, at most 100.
   */
  readonly limit?: number
  /** The longest of these waits in seconds. Default 900, at most 3,600. */
  readonly maxWait?: number
  /**
   * Failures of one address in a day, on any accounts, after which the address must wait until the
   * day is over. An address is one of IPv4 or a /64 of IPv6. Default 100, at most 100,000: the
   * people of an office or of a mobile carrier may share one address.
   */
  readonly perAddress?: number
  /**
   * The same for a /48 of IPv6, which contains 65,536 networks of /64. Default 1,000, and at least
   * `perAddress`.
   */
  readonly perNetwork?: number
  /**
   * The number of consecutive failures of unknown devices on one account from which events and the
   * handler are notified. Default 10, at most 100.
   */
  readonly pressureAt?: number
  /**
   * The number of consecutive failures on one account from which unknown devices must wait: a
   * second, doubling, a minute at most. Default 100, which is also the most (NIST SP 800-63B-4
   * section 3.2.2). The account is never locked, but an attacker who tries constantly can use up
   * each attempt.
   */
  readonly slowAt?: number
  /**
   * The cookie by which a device is recognized that has signed in before. Strangers never make such
   * a device wait, and it has a separate count with twice the limit. `false` recognizes no device,
   * so that an attacker can keep an owner waiting.
   */
  readonly device?: false | ThrottleDeviceOptions
  /**
   * Normalizes an account name as the application does before it looks it up, such as removing the
   * dots of an address at Gmail. The result is then folded: case, accents, width, strokes. An empty
   * result names no account, which is answered with 400. Failures are counted by the result; a
   * success clears only failures under exactly the same text. Default: the text itself. A gateway
   * route may have its own.
   */
  readonly normalize?: Normalize
  /**
   * `'observe'` counts and emits `login-throttle-observed` where it would deny, but allows every
   * attempt, also while the store is down. Use it to find out what would be denied. Default
   * `'enforce'`.
   */
  readonly mode?: 'enforce' | 'observe'
}

/** Options of the cookie of a known device. */
export interface ThrottleDeviceOptions {
  /** The name without prefix. Default `device`, sent as `__Host-device`. */
  readonly name?: string
  /**
   * The Domain attribute. Default none. With a domain, the prefix is `__Secure-` instead of
   * `__Host-`.
   */
  readonly domain?: string
  /** How long the device is known after a login, in seconds. Default 90 days, at most 400 days. */
  readonly maxAge?: number
  /**
   * Omits the attribute Secure and the prefix, for development over plain http on names other than
   * localhost. Default false.
   */
  readonly insecurePlainHttp?: boolean
}

/** The names of these options, for modules whose options contain them. */
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

const daySeconds = 86_400

/**
 * Validates the options. Unknown names are not reported here, because the caller's options may have
 * further ones: see {@link loginThrottleKeys}.
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
    min = 1,
  ): number =>
    parseWholeNumber(issues, option, input[option], {
      min,
      max,
      unit: 'failures',
    }) ?? defaultValue

  const device = compileDevice(input.device, issues.at('device'))
  const lifetime = device?.maxAge ?? daySeconds
  const name = device?.cookie.name ?? ''
  const perAddress = count('perAddress', 100, 100_000)

  return {
    store: store as ThrottleStore,
    keys: resolveFrom(
      issues,
      'secret',
      input.secret,
      (secret: string | readonly string[], secretIssues) =>
        createThrottleKeys(secret, { name, lifetime, clock }, secretIssues),
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
  const bounds = { min: 3600, max: 400 * daySeconds, unit: 'seconds' }

  return { cookie, maxAge: parseWholeNumber(issues, 'maxAge', maxAge, bounds) ?? 90 * daySeconds }
}
