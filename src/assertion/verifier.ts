/**
 * Verifies the assertion of a gateway or a guard at the server that receives it. Applications
 * create the verifier once and call it for each request. An absent or invalid assertion gives
 * undefined. It rejects with `ERR_UPSTREAM_UNREACHABLE` where the keys cannot be fetched, and with a
 * `ConfigError` where the environment holds none that can be used.
 */
import {
  checkKeys,
  createIssues,
  type Issues,
  optionalFunction,
  resolveFrom,
} from '../options/index.ts'
import { isLoopbackHost } from '../request/index.ts'
import type { Clock, FromEnv, ProjectEnv } from '../types.ts'
import { importKeys, parseKeys } from './keys.ts'
import { type AssertionReader, createAssertionReader } from './verify.ts'

/** The claims of an assertion that was verified; it was signed less than a minute ago. */
export interface Assertion {
  /** The user who is signed in, if the gateway has the option `user`. */
  readonly user?: string
  /** Digest of the session's id. */
  readonly session?: string
  /** When the user signed in, in milliseconds since the epoch. */
  readonly authenticatedAt?: number
  /** Version of a stored session. */
  readonly version?: string
  /** Claims that the option `claims` of the gateway returned. */
  readonly claims?: Readonly<Record<string, unknown>>
}

/** Options of {@link assertionVerifier}. One of `key` and `jwks` is required. */
export interface AssertionVerifierOptions<E = ProjectEnv> {
  /** The private key of the option `assertion.key`, if both are one deployment. Only its public half is used. */
  readonly key?: FromEnv<string | readonly string[], E>
  /**
   * A JWK Set as JSON, or its https URL, such as `https://app.example.com/.portcullis/jwks.json`. It is fetched once, kept for
   * five minutes, and fetched again for a key that it does not hold, at most every 30 s.
   */
  readonly jwks?: FromEnv<string, E>
  /** `publicOrigin` of the gateway or guard. */
  readonly issuer: FromEnv<string, E>
  /**
   * Name of the upstream in the gateway's configuration.
   *
   * @default 'project', the name by which a guard of `portcullis/vercel` calls its project
   */
  readonly audience?: string
  /** Returns the time in milliseconds, for tests. @default Date.now */
  readonly clock?: Clock
}

/**
 * Verifies the assertion among the headers of a request. It resolves with undefined if there is none, or if it is expired,
 * forged, or was made for another server.
 */
export type VerifyAssertion<E = ProjectEnv> = (
  headers: { get(name: string): string | null },
  env?: E,
) => Promise<Assertion | undefined>

/**
 * Creates the function that verifies assertions. Only ES256 is accepted; `iss`, `aud` and `exp` must be right. The clocks of
 * gateway and server may differ by 5 s.
 *
 * @returns a function that rejects with `ERR_UPSTREAM_UNREACHABLE` if a JWK Set cannot be fetched
 * @throws {ConfigError} `ERR_CONFIG`; the function too, if the environment holds a value that cannot be used
 * @example
 * ```ts
 * const verifyAssertion = assertionVerifier({
 *   jwks: 'https://app.example.com/.portcullis/jwks.json',
 *   issuer: 'https://app.example.com',
 *   audience: 'app',
 * })
 * const assertion = await verifyAssertion(request.headers)
 * if (assertion?.user === undefined) return new Response(null, { status: 401 })
 * ```
 * @see RFC 8725 section 3.1
 */
export function assertionVerifier<E = ProjectEnv>(
  options: AssertionVerifierOptions<E>,
): VerifyAssertion<E> {
  const issues = createIssues('assertionVerifier')
  checkKeys(issues, options, ['key', 'jwks', 'issuer', 'audience', 'clock'])
  const knownOptions = Object(options) as AssertionVerifierOptions<never>
  const { audience = 'project' } = knownOptions
  if ((knownOptions.key === undefined) === (knownOptions.jwks === undefined))
    issues.add('key', 'or jwks is required, not both')

  if (typeof audience !== 'string' || audience === '')
    issues.add('audience', 'must be the name of an upstream')

  const issuer = resolveFrom(
    issues,
    'issuer',
    knownOptions.issuer,
    (issuerText: string, textIssues) => {
      if (typeof issuerText === 'string' && URL.canParse(issuerText) && /^https?:/.test(issuerText))
        return new URL(issuerText).origin

      textIssues.add('', 'must be the public origin of the guard or gateway')
      return ''
    },
  )

  const readOwnKeys =
    knownOptions.key === undefined
      ? undefined
      : resolveFrom(issues, 'key', knownOptions.key, parseOwnKeys)
  const readKeySet =
    knownOptions.jwks === undefined
      ? undefined
      : resolveFrom(issues, 'jwks', knownOptions.jwks, parseKeySet)
  const clock = optionalFunction(issues, 'clock', knownOptions.clock) ?? Date.now
  issues.throwIfAny()

  return async (headers, env) => {
    const readAssertion = (await readOwnKeys?.(env)()) ?? readKeySet?.(env)
    const expectedIssuer = issuer(env)
    const assertionJwt = headers.get('portcullis-assertion')
    if (readAssertion === undefined || assertionJwt === null || assertionJwt.length > 8192)
      return undefined

    const payload = await readAssertion(assertionJwt, {
      issuer: expectedIssuer,
      audience,
      now: clock(),
    })

    return payload && toAssertion(payload)
  }
}

/** The reader is kept as a value once the keys are imported: on Workers a promise belongs to the request that created it. */
function parseOwnKeys(
  keyOption: string | readonly string[],
  issues: Issues,
): () => Promise<AssertionReader> {
  const parsedKeys = parseKeys(keyOption, issues)
  let assertionReader: AssertionReader | undefined
  return async () => {
    if (assertionReader !== undefined) return assertionReader
    const keyIssues = createIssues('assertionVerifier.key')
    const importedKeys = await importKeys(parsedKeys, keyIssues)
    keyIssues.throwIfAny()
    assertionReader = createAssertionReader({ keys: importedKeys?.jwks ?? '{"keys":[]}' })

    return assertionReader
  }
}

function parseKeySet(keySetOption: string, issues: Issues): AssertionReader | undefined {
  const keySetUrl =
    typeof keySetOption === 'string' && /^https?:/.test(keySetOption) && URL.canParse(keySetOption)
      ? new URL(keySetOption)
      : undefined
  if (keySetUrl !== undefined) {
    // An attacker who can change a response over http could replace the keys.
    if (keySetUrl.protocol === 'https:' || isLoopbackHost(keySetUrl.host))
      return createAssertionReader({ at: keySetUrl })

    issues.add('', 'must be a JWK Set as JSON, or its https address')
    return undefined
  }

  try {
    return createAssertionReader({ keys: keySetOption })
  } catch {
    issues.add('', 'must be a JWK Set as JSON, or its https address')
    return undefined
  }
}

function toAssertion({
  sub: userId,
  sid: sessionId,
  auth_time: authenticatedAt,
  ver: sessionVersion,
  claims,
}: Payload): Assertion {
  return {
    ...(typeof userId === 'string' && { user: userId }),
    ...(typeof sessionId === 'string' && { session: sessionId }),
    ...(typeof authenticatedAt === 'number' && { authenticatedAt: authenticatedAt * 1000 }),
    ...(typeof sessionVersion === 'string' && { version: sessionVersion }),
    ...(typeof claims === 'object' &&
      claims !== null && { claims: claims as Record<string, unknown> }),
  }
}

type Payload = NonNullable<Awaited<ReturnType<AssertionReader>>>
