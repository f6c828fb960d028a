/**
 * Signs assertions: ES256 JWTs that name the user and the session to one upstream, valid for a
 * minute at most. The gateway and `proxy()` call the signer for each forwarded request. It rejects
 * with a `ConfigError` where the application's `claims` function fails or returns too much.
 */
import { encodeBase64url } from '../crypto/index.ts'
import { ConfigError } from '../errors.ts'
import type { AssertionKeys } from './keys.ts'

/** The subject of an assertion: a session, its user and its claims. */
export interface Subject {
  /** The upstream's name: `aud`. */
  readonly upstream: string
  /** Digest of the session's id: `sid`. */
  readonly session: string
  /** Milliseconds since the epoch. */
  readonly authenticatedAt?: number | undefined
  readonly user?: string | undefined
  /** The version of a stored session, `ver` of the assertion. */
  readonly version?: string | undefined
  /** Whether the session is bound to the device that signed in: `bound`. */
  readonly bound?: boolean | undefined
  /** The result of `claims` of the configuration for the session's data. */
  readonly claims?: object | undefined
}

/** Signs, or finds what was signed for the same words less than half a lifetime ago. */
export type SignAssertion = (
  subject: Subject,
  keys: AssertionKeys,
  issuer: string,
  nowMs: number,
) => Promise<string>

/** How much a gateway remembers; beyond it the oldest goes. */
const maxCached = 1000
/** Bytes. Tomcat and gunicorn stop at 8 KB of headers. */
const maxClaimsBytes = 4096

/**
 * Creates a function that signs assertions. An assertion is cached for half its lifetime (30 s of
 * 60) by all of its content, so that a change of the session, of its data or of the key signs a new
 * one: signing costs more than opening the session. The caller must have read the session in this
 * very request.
 *
 * @param lifetime - seconds.
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
    // One that was signed in the future, before the clock was put right, is of no use to who has the right time.
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

/** @throws {ConfigError} `ERR_CONFIG`: the session is fine, the function that made the claims is not */
function validateClaims(claims: object): object {
  const claimsJson = toJson(claims)
  if (claimsJson === undefined)
    throw new ConfigError([
      { option: 'claims', problem: 'returned a value that JSON cannot represent' },
    ])

  // A UTF-16 unit is three bytes of UTF-8 at most: counting is for what comes near.
  if (
    claimsJson.length * 3 <= maxClaimsBytes ||
    new TextEncoder().encode(claimsJson).length <= maxClaimsBytes
  )
    return claims

  throw new ConfigError([{ option: 'claims', problem: 'returned more than 4,096 bytes of JSON' }])
}

/** JSON writes a promise as `{}`, so that an upstream would miss its claims: reject it. */
function toJson(claims: object): string | undefined {
  try {
    return claims instanceof Promise ? undefined : JSON.stringify(claims)
  } catch {
    return undefined
  }
}
