/**
 * Signs assertions: ES256 JWTs that name the user and the session to one upstream, valid for a minute at most.
 * `phases/list.ts` of the gateway and the options of `proxy()` create the signer, and forwarding calls it for
 * each request to an upstream that receives assertions. It rejects with a `ConfigError` (`ERR_CONFIG`) if the
 * application's `claims` function has returned a value that JSON cannot represent, or more than 4,096 bytes.
 */
import { encodeBase64url } from '../crypto/index.ts'
import { ConfigError } from '../errors.ts'
import type { AssertionKeys } from './keys.ts'

/** The subject of an assertion: a session, its user and its claims. */
export interface Subject {
  /** The name of the upstream: `aud`. */
  readonly upstream: string
  /** Digest of the session's id: `sid`. */
  readonly session: string
  /** The time of the login in milliseconds since the epoch: `auth_time`. */
  readonly authenticatedAt?: number | undefined
  /** The user: `sub`. */
  readonly user?: string | undefined
  /** The version of a stored session, `ver` of the assertion. */
  readonly version?: string | undefined
  /** Whether the session is bound to the device that signed in: `bound`. */
  readonly bound?: boolean | undefined
  /** The result of `claims` of the configuration for the session's data. */
  readonly claims?: object | undefined
}

/** Signs an assertion, or returns a cached one with the same content that is younger than half its lifetime. */
export type SignAssertion = (
  subject: Subject,
  keys: AssertionKeys,
  issuer: string,
  nowMs: number,
) => Promise<string>

/** Maximum number of cached assertions. Beyond it the oldest is removed. */
const maxCached = 1000
/** Maximum bytes of the claims as JSON. Tomcat and gunicorn accept 8 KB of headers. */
const maxClaimsBytes = 4096

/**
 * Creates a function that signs assertions. Signing costs more than opening the session, so an
 * assertion is cached for half its lifetime (30 s of 60). The key of the cache is its whole content:
 * after a change of the session, its data or the key, a new one is signed. The caller must have read
 * the session in the same request.
 *
 * @param lifetime - seconds for which an assertion is valid.
 */
export function createAssertions(lifetime: number): SignAssertion {
  const assertions = new Map<string, { readonly jwt: string; readonly since: number }>()
  return async (subject, keys, issuer, nowMs) => {
    const {
      upstream,
      session,
      authenticatedAt,
      user,
      version,
      bound: sessionBinding,
      claims,
    } = subject

    const body = {
      iss: issuer,
      aud: upstream,
      ...(user !== undefined && { sub: user }),
      sid: session,
      ...(authenticatedAt !== undefined && { auth_time: Math.floor(authenticatedAt / 1000) }),
      ...(version !== undefined && { ver: version }),
      ...(sessionBinding && { bound: sessionBinding }),
      ...(claims !== undefined && { claims: validateClaims(claims) }),
    }

    const cacheKey = `${keys.kid} ${JSON.stringify(body)}`
    const cachedAssertion = assertions.get(cacheKey)
    // A negative age means that the clock was set back since. The cached assertion would be rejected, as one from the
    // future.
    const ageMs = cachedAssertion === undefined ? -1 : nowMs - cachedAssertion.since
    if (cachedAssertion !== undefined && ageMs >= 0 && ageMs < lifetime * 500)
      return cachedAssertion.jwt

    const issuedAt = Math.floor(nowMs / 1000)
    const jwt = await signJwt(keys, { ...body, iat: issuedAt, exp: issuedAt + lifetime })
    assertions.delete(cacheKey)
    for (const oldestKey of assertions.keys()) {
      if (assertions.size < maxCached) break
      assertions.delete(oldestKey)
    }

    assertions.set(cacheKey, { jwt, since: nowMs })

    return jwt
  }
}

/** Signs a JWS in compact form. Web Crypto's signature has the form of ES256: R followed by S. */
async function signJwt({ signer, kid }: AssertionKeys, claims: object): Promise<string> {
  const utf8Encoder = new TextEncoder()
  const encodeJson = (jsonValue: object): string =>
    encodeBase64url(utf8Encoder.encode(JSON.stringify(jsonValue)))
  const input = `${encodeJson({ alg: 'ES256', typ: 'JWT', kid })}.${encodeJson(claims)}`
  const signature = await crypto.subtle.sign(
    { name: 'ECDSA', hash: 'SHA-256' },
    signer,
    utf8Encoder.encode(input),
  )

  return `${input}.${encodeBase64url(new Uint8Array(signature))}`
}

/** Returns the claims if they can be sent. @throws {ConfigError} `ERR_CONFIG` since the option `claims` is at fault */
function validateClaims(claims: object): object {
  const claimsJson = toJson(claims)
  if (claimsJson === undefined)
    throw new ConfigError([
      { option: 'claims', problem: 'returned a value that JSON cannot represent' },
    ])

  // A UTF-16 unit is at most three bytes of UTF-8, so the bytes need only be counted for a long text.
  if (
    claimsJson.length * 3 <= maxClaimsBytes ||
    new TextEncoder().encode(claimsJson).length <= maxClaimsBytes
  )
    return claims

  throw new ConfigError([{ option: 'claims', problem: 'returned more than 4,096 bytes of JSON' }])
}

/**
 * Returns the JSON of the claims; undefined for a promise, whose JSON would be `{}`, and for other values without JSON.
 */
function toJson(claims: object): string | undefined {
  try {
    return claims instanceof Promise ? undefined : JSON.stringify(claims)
  } catch {
    return undefined
  }
}
