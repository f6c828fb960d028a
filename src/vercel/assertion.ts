/** The signed word of a guard or a gateway, read where the project renders or acts. */
import { importKeys, parseKeys } from '../assertion/keys.ts'
import { type AssertionReader, createAssertionReader } from '../assertion/verify.ts'
import {
  checkKeys,
  createIssues,
  type Issues,
  optionalFunction,
  resolveFrom,
} from '../options/index.ts'
import { isLoopbackHost } from '../request/index.ts'
import type { Clock, FromEnv, ProjectEnv } from '../types.ts'

/** What an assertion says; it was signed less than a minute ago. */
export interface Assertion {
  /** Who is signed in, where the guard has the option `user`. */
  readonly user?: string
  /** Digest of the session's id. */
  readonly session?: string
  /** When they signed in, in milliseconds since the epoch. */
  readonly authenticatedAt?: number
  /** Version of a stored session. */
  readonly version?: string
  /** What the option `claims` of the guard made. */
  readonly claims?: Readonly<Record<string, unknown>>
}

/** Options of {@link assertionVerifier}; one of `key` and `jwks`. */
export interface AssertionVerifierOptions<E = ProjectEnv> {
  /** The guard's own `assertion.key`, where both are one deployment. Only its public half verifies. */
  readonly key?: FromEnv<string | readonly string[], E>
  /**
   * A JWK Set as JSON, or the https address of one: `https://app.example.com/.portcullis/jwks.json` of a gateway elsewhere.
   * It is fetched once and again for a key it does not hold, at most every 30 s.
   */
  readonly jwks?: FromEnv<string, E>
  /** `publicOrigin` of the guard or gateway. */
  readonly issuer: FromEnv<string, E>
  /** `'project'` for a guard, the default; the upstream's name for a gateway. */
  readonly audience?: string
  /** Now; for tests. Default `Date.now`. */
  readonly clock?: Clock
}

/** Reads the assertion of a request's headers. undefined for none, an expired, a foreign or a forged one. */
export type VerifyAssertion<E = ProjectEnv> = (
  headers: { get(name: string): string | null },
  env?: E,
) => Promise<Assertion | undefined>

/**
 * Makes `verifyAssertion`: only ES256 counts, `iss`, `aud` and `exp` must be right, clocks may differ by 5 s.
 *
 * @returns a function that rejects with `ERR_UPSTREAM_UNREACHABLE` where a JWK Set cannot be fetched.
 * @throws {ConfigError} `ERR_CONFIG`, the function too where the environment holds what will not do
 */
export function assertionVerifier<E = ProjectEnv>(
  options: AssertionVerifierOptions<E>,
): VerifyAssertion<E> {
  const issues = createIssues('assertionVerifier')
  checkKeys(issues, options, ['key', 'jwks', 'issuer', 'audience', 'clock'])
  const given = Object(options) as AssertionVerifierOptions<never>
  const { audience = 'project' } = given
  if ((given.key === undefined) === (given.jwks === undefined))
    issues.add('key', 'or jwks is required, not both')
  if (typeof audience !== 'string' || audience === '')
    issues.add('audience', 'must be the name of an upstream')
  const issuer = resolveFrom(issues, 'issuer', given.issuer, (text: string, at) => {
    if (typeof text === 'string' && URL.canParse(text) && /^https?:/.test(text))
      return new URL(text).origin
    at.add('', 'must be the public origin of the guard or gateway')
    return ''
  })
  const own =
    given.key === undefined ? undefined : resolveFrom(issues, 'key', given.key, parseOwnKeys)
  const set =
    given.jwks === undefined ? undefined : resolveFrom(issues, 'jwks', given.jwks, parseKeySet)
  const clock = optionalFunction(issues, 'clock', given.clock) ?? Date.now
  issues.throwIfAny()
  return async (headers, env) => {
    const read = (await own?.(env)()) ?? set?.(env)
    const iss = issuer(env)
    const jwt = headers.get('portcullis-assertion')
    if (read === undefined || jwt === null || jwt.length > 8192) return undefined
    const payload = await read(jwt, { issuer: iss, audience, now: clock() })
    return payload && toAssertion(payload)
  }
}

/** Ready once the keys are imported; kept as a value, since a promise belongs to the request that made it. */
function parseOwnKeys(
  value: string | readonly string[],
  issues: Issues,
): () => Promise<AssertionReader> {
  const judged = parseKeys(value, issues)
  let reader: AssertionReader | undefined
  return async () => {
    if (reader !== undefined) return reader
    const late = createIssues('assertionVerifier.key')
    const keys = await importKeys(judged, late)
    late.throwIfAny()
    reader = createAssertionReader({ keys: keys?.jwks ?? '{"keys":[]}' })
    return reader
  }
}

function parseKeySet(value: string, issues: Issues): AssertionReader | undefined {
  const at =
    typeof value === 'string' && /^https?:/.test(value) && URL.canParse(value)
      ? new URL(value)
      : undefined
  if (at !== undefined) {
    // Whoever can change what is sent in the clear would sign for anybody.
    if (at.protocol === 'https:' || isLoopbackHost(at.host)) return createAssertionReader({ at })
    issues.add('', 'must be a JWK Set as JSON, or its https address')
    return undefined
  }
  try {
    return createAssertionReader({ keys: value })
  } catch {
    issues.add('', 'must be a JWK Set as JSON, or its https address')
    return undefined
  }
}

function toAssertion({ sub, sid, auth_time: at, ver, claims }: Payload): Assertion {
  return {
    ...(typeof sub === 'string' && { user: sub }),
    ...(typeof sid === 'string' && { session: sid }),
    ...(typeof at === 'number' && { authenticatedAt: at * 1000 }),
    ...(typeof ver === 'string' && { version: ver }),
    ...(typeof claims === 'object' &&
      claims !== null && { claims: claims as Record<string, unknown> }),
  }
}

type Payload = NonNullable<Awaited<ReturnType<AssertionReader>>>
