/** What the check goes by, judged and made ready once. */
import { type Faults, faults as newFaults } from '../options/faults.ts'
import { resolveFrom } from '../options/from.ts'
import { checkKeys } from '../options/keys.ts'
import { flag, oneOf, optionalFunction } from '../options/values.ts'
import type { From, ProjectEnv } from '../types.ts'
import { type CompiledCsrf, type CrossOriginPolicy, policyOf, shape } from './compiled.ts'
import { judgeOrigins, judgePublicOrigins } from './origins.ts'
import { type ExemptRule, judgeExempt, judgeTrust, type TrustRule } from './rules.ts'

/** Which reads other sites may make: Fetch Metadata's resource isolation policy. */
export interface IsolationOptions {
  /** Whether other hosts of the same site may read. Default true. */
  readonly sameSite?: boolean
  /** Whether pages may be framed by other sites, as far as this check goes. Default true: `frame-ancestors` decides. */
  readonly frames?: boolean
}

/** What decides whether a request may come from another origin. Absent = default. */
export interface CrossOriginOptions<E = ProjectEnv> {
  /**
   * The origins under which visitors know this application. Default: scheme and host of the request's url, which behind a
   * proxy that ends TLS are not the visitors'. Asked where a browser sends no Fetch Metadata: with WebSockets (Chromium),
   * over plain http, and before 2023.
   */
  readonly publicOrigins?: From<string | readonly string[], E>
  /** Origins that may send anything anywhere, as `https://app.example.com`. Default none; prefer `trust`. */
  readonly trustedOrigins?: readonly string[]
  /** Origins that may send to one route. Default none. */
  readonly trust?: readonly TrustRule[]
  /** Routes without a check. Default none. */
  readonly exempt?: readonly ExemptRule[]
  /**
   * What becomes of an unsafe request that has neither Fetch Metadata nor Origin nor Referer, as programs send them and no
   * browser of the last years does. Default `'no-credentials'`: it passes if it carries nothing that a browser would have
   * added on its own.
   */
  readonly missing?: 'deny' | 'no-credentials' | 'allow'
  /** Whole names of the cookies that sign somebody in, for `'no-credentials'`. Default: any cookie counts. */
  readonly cookieNames?: readonly string[]
  /** Says itself whether a request carries ambient credentials, instead of `cookieNames` and Authorization. */
  readonly credentials?: (headers: Headers) => boolean
  /** Lets every host of the same site send, as far as the browser says that it is one. Default false. */
  readonly trustSameSite?: boolean
  /** Refuses reads from other sites, too: what they would embed, not what they link to. Default off; `true` is `{}`. */
  readonly isolation?: boolean | IsolationOptions
}

const keys: ReadonlyArray<keyof CrossOriginOptions> = [
  'publicOrigins',
  'trustedOrigins',
  'trust',
  'exempt',
  'missing',
  'cookieNames',
  'credentials',
  'trustSameSite',
  'isolation',
]

/**
 * Judges the options.
 *
 * @param given - takes what is wrong; a policy with faults must not be used. Without it, what is wrong is thrown.
 * @param more - further keys that the caller judges itself.
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function csrfPolicy<E = ProjectEnv>(
  options: CrossOriginOptions<E>,
  given?: Faults,
  more: readonly string[] = [],
): CrossOriginPolicy {
  const faults = given ?? newFaults('csrf')
  const { publicOrigins, credentials, ...plain } = (options ?? {}) as CrossOriginOptions<never>
  checkKeys(faults, options, [...keys, ...more])
  const own = optionalFunction(faults, 'credentials', credentials)
  if (own && plain.cookieNames !== undefined) faults.add('cookieNames', 'is not read where credentials is given')
  const policy = policyOf(judgeData(plain, faults), {
    credentials: own,
    publicOrigins:
      publicOrigins === undefined ? undefined : resolveFrom(faults, 'publicOrigins', publicOrigins, judgePublicOrigins),
  })
  if (given === undefined) faults.done()
  return policy
}

/** Options of {@link compileCsrf}: those without functions, which `compiledCsrf` takes beside what was compiled. */
export interface CompilableCsrf extends Omit<CrossOriginOptions, 'publicOrigins' | 'credentials'> {
  /** The origins under which visitors know this application. Default: scheme and host of the request's url. */
  readonly publicOrigins?: string | readonly string[]
  /** `'observe'` refuses nothing and tells the same. Default `'enforce'`. */
  readonly mode?: 'enforce' | 'observe'
}

/**
 * Judges the options of `csrf` while building, so that what is deployed carries data instead of options and their judges:
 * hand it to `compiledCsrf`. It is JSON.
 *
 * @throws {ConfigError} `ERR_CONFIG` with everything that is wrong with the options
 */
export function compileCsrf(options: CompilableCsrf = {}): CompiledCsrf {
  const faults = newFaults('compileCsrf')
  checkKeys(faults, options, [...keys.filter((key) => key !== 'credentials'), 'mode'])
  const { publicOrigins, mode, ...plain } = options ?? {}
  const origins = publicOrigins !== undefined && judgePublicOrigins(publicOrigins, faults.under('publicOrigins'))
  const observing = oneOf(faults, 'mode', mode, ['enforce', 'observe'], 'enforce') === 'observe'
  const data = judgeData(plain, faults)
  faults.done()
  return { ...data, observing, ...(origins && { publicOrigins: origins }) }
}

function judgeData(
  given: Omit<CrossOriginOptions<never>, 'publicOrigins' | 'credentials'>,
  faults: Faults,
): CompiledCsrf {
  const { trustedOrigins = [], missing, cookieNames, trustSameSite } = given
  const good = Array.isArray(cookieNames) && cookieNames.every((name) => typeof name === 'string' && name !== '')
  if (cookieNames !== undefined && !good) faults.add('cookieNames', 'must be a list of whole cookie names')
  const isolation = judgeIsolation(given.isolation, faults.under('isolation'))
  return {
    version: shape,
    trustedOrigins: judgeOrigins(trustedOrigins, faults.under('trustedOrigins')),
    trust: judgeTrust(given.trust, faults.under('trust')),
    exempt: judgeExempt(given.exempt, faults.under('exempt')),
    missing: oneOf(faults, 'missing', missing, ['deny', 'no-credentials', 'allow'], 'no-credentials'),
    trustSameSite: flag(faults, 'trustSameSite', trustSameSite, false),
    observing: false,
    ...(cookieNames && { cookieNames }),
    ...(isolation && { isolation }),
  }
}

function judgeIsolation(given: unknown, faults: Faults): CompiledCsrf['isolation'] {
  if (given === undefined || given === false) return undefined
  const options: IsolationOptions = given === true ? {} : (given as IsolationOptions)
  checkKeys(faults, options, ['sameSite', 'frames'])
  return {
    sameSite: flag(faults, 'sameSite', options?.sameSite, true),
    frames: flag(faults, 'frames', options?.frames, true),
  }
}
