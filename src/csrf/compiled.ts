/**
 * Defines the compiled form of the csrf options, plain data that a build can store as JSON, and creates a policy
 * from it. `policy.ts` and `compiledCsrf()` (`src/compiled`) call `createPolicy`; the check, the guard and the
 * gateway use its types. It validates nothing: the caller must have checked the data and its `version`. The
 * policy's `publicOrigins` may throw a `ConfigError` at a request whose environment is invalid.
 */
import { hasAmbientCredentials } from './credentials.ts'
import type { IsolationOptions } from './policy.ts'

/** The policy of the check, created by {@link csrfPolicy}. */
export interface CrossOriginPolicy {
  /**
   * Returns the application's origins; undefined: the origin of the request's URL.
   *
   * @throws {ConfigError} for a bad environment
   */
  readonly publicOrigins: ((env: unknown) => readonly string[]) | undefined
  /** Origins that every route trusts, in lower case. */
  readonly trustedOrigins: ReadonlySet<string>
  /** The origins that a route trusts, by {@link ruleKey}. */
  readonly trust: ReadonlyMap<string, ReadonlySet<string>>
  /** Exempt routes, by {@link ruleKey}. */
  readonly exempt: ReadonlySet<string>
  /** Whether a request without any header about its origin is allowed. */
  readonly allowsMissingMetadata: (headers: Headers) => boolean
  /** The option `trustSameSite`. */
  readonly trustSameSite: boolean
  /** The isolation of reads; undefined if it is off. */
  readonly isolation?: Required<IsolationOptions> | undefined
}

/** The result of `compileCsrf()` and the input of `compiledCsrf()`, as JSON. Its members may change with each release. */
export interface CompiledCsrf {
  /** The version of this format. `compiledCsrf()` rejects any other version. */
  readonly version: number
  /** The application's origins. If absent, the origin of the request's URL counts. */
  readonly publicOrigins?: readonly string[]
  /** The option `trustedOrigins`. */
  readonly trustedOrigins: readonly string[]
  /** Routes such as `POST /path`, with the origins that they trust. */
  readonly trust: ReadonlyArray<{ readonly route: string; readonly origins: readonly string[] }>
  /** Exempt routes, such as `POST /path`. */
  readonly exempt: readonly string[]
  /** The option `missing`. */
  readonly missing: string
  /** Cookies that count as credentials. If absent, any cookie counts. */
  readonly cookieNames?: readonly string[]
  /** The option `trustSameSite`. */
  readonly trustSameSite: boolean
  /** The isolation of reads. If absent, it is off. */
  readonly isolation?: Required<IsolationOptions>
  /** True if requests are only reported and not rejected. */
  readonly observing: boolean
}

/** The version of the format that this release writes and reads. */
export const formatVersion = 1

/** Creates a policy from compiled options, and from the options that are functions, which data cannot hold. */
export function createPolicy(
  compiled: CompiledCsrf,
  functions: {
    readonly credentials: ((headers: Headers) => boolean) | undefined
    readonly publicOrigins?: CrossOriginPolicy['publicOrigins']
  },
): CrossOriginPolicy {
  const { missing, cookieNames, publicOrigins } = compiled
  const hasCredentials =
    functions.credentials ?? ((headers) => hasAmbientCredentials(headers, cookieNames))
  return {
    ...compiled,
    publicOrigins: functions.publicOrigins ?? (publicOrigins && (() => publicOrigins)),
    trustedOrigins: new Set(compiled.trustedOrigins),
    trust: new Map(compiled.trust.map(({ route, origins }) => [route, new Set(origins)])),
    exempt: new Set(compiled.exempt),
    allowsMissingMetadata:
      missing === 'no-credentials'
        ? (headers) => !hasCredentials(headers)
        : () => missing === 'allow',
  }
}
