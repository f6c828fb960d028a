/** What is left of the options of the check once they are judged: plain data, which a build can write down. */
import { hasAmbientCredentials } from './credentials.ts'
import type { IsolationOptions } from './policy.ts'

/** What the check goes by; made by {@link csrfPolicy}. */
export interface CrossOriginPolicy {
  /** Undefined: the request's own. @throws {ConfigError} for what the environment holds */
  readonly publicOrigins: ((env: unknown) => readonly string[]) | undefined
  /** Serialised origins, in lower case. */
  readonly trustedOrigins: ReadonlySet<string>
  /** By {@link ruleKey}. */
  readonly trust: ReadonlyMap<string, ReadonlySet<string>>
  /** By {@link ruleKey}. */
  readonly exempt: ReadonlySet<string>
  /** Whether a request without any word of where it comes from may pass. */
  readonly allowsMissingMetadata: (headers: Headers) => boolean
  /** See the option. */
  readonly trustSameSite: boolean
  /** Undefined: off. */
  readonly isolation: Required<IsolationOptions> | undefined
}

/** What `compileCsrf` makes and `compiledCsrf` takes: it survives JSON. Its members may change with each release. */
export interface CompiledCsrf {
  /** Of this shape: a reader refuses every other. */
  readonly version: number
  /** Absent: the request's own. */
  readonly publicOrigins?: readonly string[]
  /** See the option. */
  readonly trustedOrigins: readonly string[]
  /** Routes, as `POST /path`. */
  readonly trust: ReadonlyArray<{ readonly route: string; readonly origins: readonly string[] }>
  /** The same, of those that are not guarded. */
  readonly exempt: readonly string[]
  /** See the option. */
  readonly missing: string
  /** Absent: any cookie counts. */
  readonly cookieNames?: readonly string[]
  /** See the option. */
  readonly trustSameSite: boolean
  /** Absent: off. */
  readonly isolation?: Required<IsolationOptions>
  /** Whether nothing is refused, only told. */
  readonly observing: boolean
}

/** The shape that this release writes and reads. */
export const formatVersion = 1

/** Makes ready what was judged. `credentials` and `publicOrigins` are what no data can say. */
export function createPolicy(
  {
    trustedOrigins,
    trust,
    exempt,
    missing,
    cookieNames,
    trustSameSite,
    isolation,
    publicOrigins,
  }: CompiledCsrf,
  own: {
    readonly credentials: ((headers: Headers) => boolean) | undefined
    readonly publicOrigins?: CrossOriginPolicy['publicOrigins']
  },
): CrossOriginPolicy {
  const carries = own.credentials ?? ((headers) => hasAmbientCredentials(headers, cookieNames))
  return {
    publicOrigins: own.publicOrigins ?? (publicOrigins && (() => publicOrigins)),
    trustedOrigins: new Set(trustedOrigins),
    trust: new Map(trust.map(({ route, origins }) => [route, new Set(origins)])),
    exempt: new Set(exempt),
    allowsMissingMetadata:
      missing === 'no-credentials' ? (headers) => !carries(headers) : () => missing === 'allow',
    trustSameSite,
    isolation,
  }
}
