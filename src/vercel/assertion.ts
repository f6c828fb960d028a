/** The signed word of a guard or a gateway, read where the project renders or acts. */
import { importKeys, judgeKeys } from '../gateway/keys.ts'
import { type AssertionReader, assertionReader } from '../gateway/verify.ts'
import { checkKeys, type Faults, faults as newFaults, optionalFunction, resolveFrom } from '../options/index.ts'
import { isLoopbackHost } from '../request/index.ts'
import type { Clock, From, ProjectEnv } from '../types.ts'

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
  readonly key?: From<string | readonly string[], E>
  /**
   * A JWK Set as JSON, or the https address of one: `https://app.example.com/.portcullis/jwks.json` of a gateway elsewhere.
   * It is fetched once and again for a key it does not hold, at most every 30 s.
   */
  readonly jwks?: From<string, E>
  /** `publicOrigin` of the guard or gateway. */
  readonly issuer: From<string, E>
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
export function assertionVerifier<E = ProjectEnv>(options: AssertionVerifierOptions<E>): VerifyAssertion<E> {
  const faults = newFaults('assertionVerifier')
  checkKeys(faults, options, ['key', 'jwks', 'issuer', 'audience', 'clock'])
  const given = Object(options) as AssertionVerifierOptions<never>
  const { audience = 'project' } = given
  if ((given.key === undefined) === (given.jwks === undefined)) faults.add('key', 'or jwks is required, not both')
  if (typeof audience !== 'string' || audience === '') faults.add('audience', 'must be the name of an upstream')
  const issuer = resolveFrom(faults, 'issuer', given.issuer, (text: string, at) => {
    if (typeof text === 'string' && URL.canParse(text) && /^https?:/.test(text)) return new URL(text).origin
    at.add('', 'must be the public origin of the guard or gateway')
    return ''
  })
  const own = given.key === undefined ? undefined : resolveFrom(faults, 'key', given.key, judgeOwn)
  const set = given.jwks === undefined ? undefined : resolveFrom(faults, 'jwks', given.jwks, judgeSet)
  const clock = optionalFunction(faults, 'clock', given.clock) ?? Date.now
  faults.done()
  return async (headers, env) => {
    const read = (await own?.(env)()) ?? set?.(env)
    const iss = issuer(env)
    const jwt = headers.get('portcullis-assertion')
    if (read === undefined || jwt === null || jwt.length > 8192) return undefined
    const payload = await read(jwt, { issuer: iss, audience, now: clock() })
    return payload && assertionOf(payload)
  }
}

/** Ready once the keys are imported; kept as a value, since a promise belongs to the request that made it. */
function judgeOwn(given: string | readonly string[], faults: Faults): () => Promise<AssertionReader> {
  const judged = judgeKeys(given, faults)
  let reader: AssertionReader | undefined
  return async () => {
    if (reader !== undefined) return reader
    const late = newFaults('assertionVerifier.key')
    const keys = await importKeys(judged, late)
    late.done()
    reader = assertionReader({ keys: keys?.jwks ?? '{"keys":[]}' })
    return reader
  }
}

function judgeSet(given: string, faults: Faults): AssertionReader | undefined {
  const at = typeof given === 'string' && /^https?:/.test(given) && URL.canParse(given) ? new URL(given) : undefined
  if (at !== undefined) {
    // Whoever can change what is sent in the clear would sign for anybody.
    if (at.protocol === 'https:' || isLoopbackHost(at.host)) return assertionReader({ at })
    faults.add('', 'must be a JWK Set as JSON, or its https address')
    return undefined
  }
  try {
    return assertionReader({ keys: given })
  } catch {
    faults.add('', 'must be a JWK Set as JSON, or its https address')
    return undefined
  }
}

function assertionOf({ sub, sid, auth_time: at, ver, claims }: Payload): Assertion {
  return {
    ...(typeof sub === 'string' && { user: sub }),
    ...(typeof sid === 'string' && { session: sid }),
    ...(typeof at === 'number' && { authenticatedAt: at * 1000 }),
    ...(typeof ver === 'string' && { version: ver }),
    ...(typeof claims === 'object' && claims !== null && { claims: claims as Record<string, unknown> }),
  }
}

type Payload = NonNullable<Awaited<ReturnType<AssertionReader>>>
