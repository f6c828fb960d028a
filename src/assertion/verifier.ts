/**
 * Verifies the assertion of a gateway or of a guard for Vercel, at the server that receives it. Applications
 * create the verifier with `assertionVerifier()` once and call it for each request; `portcullis/vercel` exports
 * it too. An absent, expired or forged assertion resolves with undefined. It rejects with
 * `ERR_UPSTREAM_UNREACHABLE` if the keys cannot be fetched, and with a `ConfigError` (`ERR_CONFIG`) if the
 * environment holds no usable key or issuer. Wrong options throw a `ConfigError` while building.
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

/** The claims of a verified assertion, which was signed about a minute ago at most. */
export interface Assertion {
  /** The user who is signed in, if the gateway has the option `user`. */
  readonly user?: string
  /** Digest of the session's id. */
  readonly session?: string
  /** The time of the login, in milliseconds since the epoch. */
  readonly authenticatedAt?: number
  /** Version of a stored session. */
  readonly version?: string
  /** Claims that the option `claims` of the gateway returned. */
  readonly claims?: Readonly<Record<string, unknown>>
}

/** Options of {@link assertionVerifier}. One of `key` and `jwks` is required. */
export interface AssertionVerifierOptions<E = ProjectEnv> {
  /**
   * The private key of the option `assertion.key`, if the gateway and this server are one deployment. Only its public
   * part is used.
   */
  readonly key?: FromEnv<string | readonly string[], E>
  /**
   * A JWK Set as JSON, or its https URL, such as `https://app.example.com/.portcullis/jwks.json`. The set of a URL is
   * cached for five minutes. For a key that the set does not contain it is fetched again, at most every 30 s.
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
 * Verifies the assertion in the headers of a request. It resolves with undefined if there is none, or if it is expired,
 * forged, or was signed for another server.
 */
export type VerifyAssertion<E = ProjectEnv> = (
  headers: { get(name: string): string | null },
  env?: E,
) => Promise<Assertion | undefined>

/**
 * Creates the function that verifies assertions. Only ES256 is accepted, and `iss`, `aud` and `exp` must be valid. The
 * clocks of gateway and server may differ by 5 s.
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
    issues.add('key', 'or jwks is required, but not both')

  if (typeof audience !== 'string' || audience === '')
    issues.add('audience', 'must be the name of an upstream, as text')

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

/**
 * Parses the keys, and creates the function that imports them at the first request. It caches the reader and not the
 * promise: on Workers another request must not await a promise of this one.
 */
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
