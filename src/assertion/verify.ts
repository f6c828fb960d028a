/**
 * Verifies assertions that `sign.ts` has signed: checks signature, algorithm, issuer, audience and time with
 * `jose`. `verifier.ts` and `origin/origin.ts` call it. An assertion that does not pass gives undefined. It
 * rejects with `ERR_UPSTREAM_UNREACHABLE` if the JWK Set cannot be fetched or read. Creating a reader throws
 * for key text that is no JSON or no JWK Set.
 */
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose'
import { PortcullisError } from '../errors.ts'

/** The claims that a valid assertion must have. */
export interface ExpectedAssertion {
  readonly issuer: string
  readonly audience: string
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** Verifies one assertion and returns its claims; undefined if it is not valid. */
export type AssertionReader = (
  jwt: string,
  expectedAssertion: ExpectedAssertion,
) => Promise<JWTPayload | undefined>

/** A JWK Set as JSON text, or its URL. */
export type KeySource =
  | { readonly keys: string }
  /** `cooldownMs`: minimum milliseconds between two fetches for an unknown key id. Default 30,000, as in jose. */
  | { readonly at: URL; readonly cooldownMs?: number }

/** Seconds by which the clocks of two machines may differ. */
const skewSeconds = 5

/**
 * Creates a reader. It accepts only ES256, whatever algorithm the token's header names (RFC 8725 section 3.1).
 *
 * @returns a function that rejects with `ERR_UPSTREAM_UNREACHABLE` if the set cannot be fetched
 */
export function createAssertionReader(source: KeySource): AssertionReader {
  const keys: JWTVerifyGetKey =
    'keys' in source
      ? createLocalJWKSet(JSON.parse(source.keys))
      : remoteKeys(source.at, source.cooldownMs)
  return async (jwt, { issuer, audience, now: nowMs }) => {
    try {
      const { payload } = await jwtVerify(jwt, keys, {
        algorithms: ['ES256'],
        issuer,
        audience,
        requiredClaims: ['exp', 'iat'],
        clockTolerance: skewSeconds,
        currentDate: new Date(nowMs),
      })
      return payload
    } catch (error) {
      if (isJoseError(error)) return undefined
      throw new PortcullisError('ERR_UPSTREAM_UNREACHABLE', 'The JWK Set could not be fetched')
    }
  }
}

/**
 * Fetches a key set with jose, which caches it for five minutes. After the clock was set back, jose
 * would cache it for longer and not find a new key, so the set is then fetched again.
 */
function remoteKeys(keySetUrl: URL, cooldownMs = 30_000): JWTVerifyGetKey {
  const createKeySet = () =>
    createRemoteJWKSet(keySetUrl, { cacheMaxAge: 300_000, cooldownDuration: cooldownMs })
  let [keySet, createdAt] = [createKeySet(), Date.now()]
  return (header, token) => {
    const nowMs = Date.now()
    if (nowMs < createdAt - skewSeconds * 1000) keySet = createKeySet()
    createdAt = nowMs

    return keySet(header, token)
  }
}

/** Whether an error of jose is about the assertion, and not about fetching or reading the key set. */
function isJoseError(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return false
  return !(
    error instanceof errors.JWKSTimeout ||
    error instanceof errors.JWKSInvalid ||
    error.code === 'ERR_JOSE_GENERIC'
  )
}
