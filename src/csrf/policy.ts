/** What the check goes by, judged and made ready once. */

import { resolveFrom } from '../options/from.ts'
import { createIssues, type Issues } from '../options/issues.ts'
import { checkKeys } from '../options/keys.ts'
import { booleanOption, choiceOption, optionalFunction } from '../options/values.ts'
import type { FromEnv, ProjectEnv } from '../types.ts'
import {
  type CompiledCsrf,
  type CrossOriginPolicy,
  createPolicy,
  formatVersion,
} from './compiled.ts'
import { parseOrigins, parsePublicOrigins } from './origins.ts'
import { type ExemptRule, parseExempt, parseTrust, type TrustRule } from './rules.ts'

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
  readonly publicOrigins?: FromEnv<string | readonly string[], E>
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
 * @param value - collects what is wrong; a policy with issues must not be used. Without it, the function throws.
 * @param more - further keys that the caller validates itself.
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function csrfPolicy<E = ProjectEnv>(
  options: CrossOriginOptions<E>,
  value?: Issues,
  more: readonly string[] = [],
): CrossOriginPolicy {
  const issues = value ?? createIssues('csrf')
  const { publicOrigins, credentials, ...plain } = (options ?? {}) as CrossOriginOptions<never>
  checkKeys(issues, options, [...keys, ...more])

  const own = optionalFunction(issues, 'credentials', credentials)
  if (own && plain.cookieNames !== undefined)
    issues.add('cookieNames', 'is not read where credentials is given')

  const policy = createPolicy(parsePolicyData(plain, issues), {
    credentials: own,
    publicOrigins:
      publicOrigins === undefined
        ? undefined
        : resolveFrom(issues, 'publicOrigins', publicOrigins, parsePublicOrigins),
  })

  if (value === undefined) issues.throwIfAny()
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
  const issues = createIssues('compileCsrf')
  checkKeys(issues, options, [...keys.filter((key) => key !== 'credentials'), 'mode'])

  const { publicOrigins, mode, ...plain } = options ?? {}
  const origins =
    publicOrigins !== undefined && parsePublicOrigins(publicOrigins, issues.at('publicOrigins'))
  const observing =
    choiceOption(issues, 'mode', mode, ['enforce', 'observe'], 'enforce') === 'observe'
  const data = parsePolicyData(plain, issues)

  issues.throwIfAny()
  return { ...data, observing, ...(origins && { publicOrigins: origins }) }
}

function parsePolicyData(
  value: Omit<CrossOriginOptions<never>, 'publicOrigins' | 'credentials'>,
  issues: Issues,
): CompiledCsrf {
  const { trustedOrigins = [], missing, cookieNames, trustSameSite } = value
  const good =
    Array.isArray(cookieNames) &&
    cookieNames.every((name) => typeof name === 'string' && name !== '')

  if (cookieNames !== undefined && !good)
    issues.add('cookieNames', 'must be a list of whole cookie names')
  const isolation = parseIsolation(value.isolation, issues.at('isolation'))

  return {
    version: formatVersion,
    trustedOrigins: parseOrigins(trustedOrigins, issues.at('trustedOrigins')),
    trust: parseTrust(value.trust, issues.at('trust')),
    exempt: parseExempt(value.exempt, issues.at('exempt')),
    missing: choiceOption(
      issues,
      'missing',
      missing,
      ['deny', 'no-credentials', 'allow'],
      'no-credentials',
    ),
    trustSameSite: booleanOption(issues, 'trustSameSite', trustSameSite, false),
    observing: false,
    ...(cookieNames && { cookieNames }),
    ...(isolation && { isolation }),
  }
}

function parseIsolation(value: unknown, issues: Issues): CompiledCsrf['isolation'] {
  if (value === undefined || value === false) return undefined

  const options: IsolationOptions = value === true ? {} : (value as IsolationOptions)
  checkKeys(issues, options, ['sameSite', 'frames'])

  return {
    sameSite: booleanOption(issues, 'sameSite', options?.sameSite, true),
    frames: booleanOption(issues, 'frames', options?.frames, true),
  }
}
