/**
 * Validates the csrf options and creates the policy of the check, or its compiled form for a build. `csrfGuard`,
 * the route checks and the console of the gateway, and applications call `csrfPolicy`; build scripts call
 * `compileCsrf`. All problems of the options are thrown as one `ConfigError` (`ERR_CONFIG`), or added to the
 * issues of the caller, who must not use the policy then.
 */
import { resolveFrom } from '../options/from.ts'
import { createIssues, type Issues } from '../options/issues.ts'
import { checkKeys } from '../options/keys.ts'
import { booleanOption, optionalFunction, parseChoice } from '../options/values.ts'
import type { FromEnv, ProjectEnv } from '../types.ts'
import {
  type CompiledCsrf,
  type CrossOriginPolicy,
  createPolicy,
  formatVersion,
} from './compiled.ts'
import { parseOrigins, parsePublicOrigins } from './origins.ts'
import { type ExemptRule, parseExempt, parseTrust, type TrustRule } from './rules.ts'

/** Options of the resource isolation policy: which reads of other sites are allowed besides navigations. */
export interface IsolationOptions {
  /**
   * Whether other hosts of the same site may read.
   *
   * @default true
   */
  readonly sameSite?: boolean
  /**
   * Whether this check allows other sites to show pages in frames.
   *
   * @default true: `frame-ancestors` decides
   */
  readonly frames?: boolean
}

/** The options that decide whether a request may come from another origin. */
export interface CrossOriginOptions<E = ProjectEnv> {
  /**
   * The origins of this application as visitors see them. They are needed when a browser sends no Fetch Metadata: for
   * WebSockets (Chromium), over plain http, and before 2023. Set them behind a proxy that terminates TLS.
   *
   * @default scheme and host of the request's URL
   */
  readonly publicOrigins?: FromEnv<string | readonly string[], E>
  /**
   * Origins that may send any request to any route, such as `https://app.example.com`. Prefer `trust`.
   *
   * @default none
   */
  readonly trustedOrigins?: readonly string[]
  /**
   * Origins that may send requests to one route.
   *
   * @default none
   */
  readonly trust?: readonly TrustRule[]
  /**
   * Routes that are not checked.
   *
   * @default none
   */
  readonly exempt?: readonly ExemptRule[]
  /**
   * Whether an unsafe request without Fetch Metadata, Origin and Referer is allowed. Programs send such requests,
   * current browsers do not. `'no-credentials'` allows it if it has no credentials that a browser adds by itself.
   *
   * @default 'no-credentials'
   */
  readonly missing?: 'deny' | 'no-credentials' | 'allow'
  /**
   * Full names of the cookies that count as credentials, for `'no-credentials'`.
   *
   * @default any cookie
   */
  readonly cookieNames?: readonly string[]
  /**
   * Decides whether a request has ambient credentials, in place of `cookieNames` and Authorization.
   *
   * @default none
   */
  readonly credentials?: (headers: Headers) => boolean
  /**
   * Trusts every host of the same site, by the browser's Sec-Fetch-Site.
   *
   * @default false
   */
  readonly trustSameSite?: boolean
  /**
   * Also rejects reads from other sites: embedded resources, not links. `true` is `{}`.
   *
   * @default false
   */
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
 * Validates options and creates the policy for {@link checkCrossOrigin}.
 *
 * @param value - receives the issues; a policy with issues must not be used. If it is absent, the function throws them.
 * @param more - further keys, which the caller validates itself.
 * @throws {ConfigError} `ERR_CONFIG`
 * @example
 * const policy = csrfPolicy({ trustedOrigins: ['https://app.example.com'] })
 */
export function csrfPolicy<E = ProjectEnv>(
  options: CrossOriginOptions<E>,
  value?: Issues,
  more: readonly string[] = [],
): CrossOriginPolicy {
  const issues = value ?? createIssues('csrf')
  const { publicOrigins, credentials, ...plain } = (options ?? {}) as CrossOriginOptions<never>
  checkKeys(issues, options, [...keys, ...more])

  const readCredentials = optionalFunction(issues, 'credentials', credentials)
  if (readCredentials && plain.cookieNames !== undefined)
    issues.add('cookieNames', 'has no effect together with credentials')

  const policy = createPolicy(parsePolicyData(plain, issues), {
    credentials: readCredentials,
    publicOrigins:
      publicOrigins === undefined
        ? undefined
        : resolveFrom(issues, 'publicOrigins', publicOrigins, parsePublicOrigins),
  })

  if (value === undefined) issues.throwIfAny()
  return policy
}

/** Options of {@link compileCsrf}. Options that are functions belong to `compiledCsrf()`. */
export interface CompilableCsrf extends Omit<CrossOriginOptions, 'publicOrigins' | 'credentials'> {
  /**
   * The origins of this application as visitors see them.
   *
   * @default scheme and host of the request's URL
   */
  readonly publicOrigins?: string | readonly string[]
  /**
   * `'observe'` rejects nothing and emits the same events.
   *
   * @default 'enforce'
   */
  readonly mode?: 'enforce' | 'observe'
}

/**
 * Validates and compiles options of `csrf()` while building, so that the deployed bundle contains data instead of options
 * and their validation. The result is JSON for `compiledCsrf()`.
 *
 * @throws {ConfigError} `ERR_CONFIG` with everything that is wrong with the options
 * @example
 * await writeFile('csrf.json', JSON.stringify(compileCsrf({ cookieNames: ['__Host-session'] })))
 */
export function compileCsrf(options: CompilableCsrf = {}): CompiledCsrf {
  const issues = createIssues('compileCsrf')
  checkKeys(issues, options, [...keys.filter((key) => key !== 'credentials'), 'mode'])

  const { publicOrigins, mode, ...plain } = options ?? {}
  const origins =
    publicOrigins !== undefined && parsePublicOrigins(publicOrigins, issues.at('publicOrigins'))
  const observing = parseChoice(issues, 'mode', mode, ['enforce', 'observe']) === 'observe'
  const data = parsePolicyData(plain, issues)

  issues.throwIfAny()
  return { ...data, observing, ...(origins && { publicOrigins: origins }) }
}

function parsePolicyData(
  value: Omit<CrossOriginOptions<never>, 'publicOrigins' | 'credentials'>,
  issues: Issues,
): CompiledCsrf {
  const { trustedOrigins = [], missing, cookieNames, trustSameSite } = value
  const isValid =
    Array.isArray(cookieNames) &&
    cookieNames.every((name) => typeof name === 'string' && name !== '')

  if (cookieNames !== undefined && !isValid)
    issues.add('cookieNames', 'must be a list of whole cookie names')
  const isolation = parseIsolation(value.isolation, issues.at('isolation'))

  return {
    version: formatVersion,
    trustedOrigins: parseOrigins(trustedOrigins, issues.at('trustedOrigins')),
    trust: parseTrust(value.trust, issues.at('trust')),
    exempt: parseExempt(value.exempt, issues.at('exempt')),
    missing:
      parseChoice(issues, 'missing', missing, ['deny', 'no-credentials', 'allow']) ??
      'no-credentials',
    trustSameSite: booleanOption(issues, 'trustSameSite', trustSameSite, false),
    observing: false,
    ...(cookieNames && { cookieNames }),
    ...(isolation && { isolation }),
  }
}

function parseIsolation(optionValue: unknown, issues: Issues): CompiledCsrf['isolation'] {
  if (optionValue === undefined || optionValue === false) return undefined

  const options: IsolationOptions = optionValue === true ? {} : (optionValue as IsolationOptions)
  checkKeys(issues, options, ['sameSite', 'frames'])

  return {
    sameSite: booleanOption(issues, 'sameSite', options?.sameSite, true),
    frames: booleanOption(issues, 'frames', options?.frames, true),
  }
}
