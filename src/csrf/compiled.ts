/**
 * Defines the compiled form of the options, plain data that a build can store, and creates a
 * policy from it. `policy.ts` and `compiledCsrf()` call it. An invalid environment is a
 * `ConfigError` at the first request.
 */
import { hasAmbientCredentials } from './credentials.ts'
import type { IsolationOptions } from './policy.ts'

/** The policy of the check, created by {@link csrfPolicy}. */
export interface CrossOriginPolicy {
  /** The application's origins; undefined: that of the request. @throws {ConfigError} for an invalid environment */
  readonly publicOrigins: ((env: unknown) => readonly string[]) | undefined
  /** Origins that every route trusts, in lower case. */
  readonly trustedOrigins: ReadonlySet<string>
  /** The origins that a route trusts, by {@link ruleKey}. */
  readonly trust: ReadonlyMap<string, ReadonlySet<string>>
  /** Exempt routes, by {@link ruleKey}. */
  readonly exempt: ReadonlySet<string>
  /** Whether a request is allowed that has no header about its origin. */
  readonly allowsMissingMetadata: (headers: Headers) => boolean
  /** See the option. */
  readonly trustSameSite: boolean
  /** The isolation of reads; undefined: off. */
  readonly isolation?: Required<IsolationOptions> | undefined
}

/** The result of `compileCsrf()` and the input of `compiledCsrf()`, as JSON. Its members may change with each release. */
export interface CompiledCsrf {
  /** The version of this format; a reader rejects every other. */
  readonly version: number
  /** The application's origins. Absent: that of the request. */
  readonly publicOrigins?: readonly string[]
  /** See the option. */
  readonly trustedOrigins: readonly string[]
  /** Routes such as `POST /path`, with the origins that they trust. */
  readonly trust: ReadonlyArray<{ readonly route: string; readonly origins: readonly string[] }>
  /** Exempt routes, such as `POST /path`. */
  readonly exempt: readonly string[]
  /** See the option. */
  readonly missing: string
  /** Cookies that count as credentials. Absent: any cookie. */
  readonly cookieNames?: readonly string[]
  /** See the option. */
  readonly trustSameSite: boolean
  /** The isolation of reads. Absent: off. */
  readonly isolation?: Required<IsolationOptions>
  /** Whether requests are only reported, not rejected. */
  readonly observing: boolean
}

/** The version of the format that this release writes and reads. */
export const formatVersion = 1

/** Creates a policy from compiled options and the functions that data cannot hold. */
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
