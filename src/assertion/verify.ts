/**
 * Reads assertions that `sign.ts` has signed: checks signature, algorithm, issuer, audience and
 * time with `jose`. `verifier.ts` and `origin/origin.ts` call it. It rejects with
 * `ERR_UPSTREAM_UNREACHABLE` where the JWK Set cannot be fetched.
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

/** Reads one assertion; undefined for any that does not hold. */
export type AssertionReader = (
  jwt: string,
  expectedAssertion: ExpectedAssertion,
) => Promise<JWTPayload | undefined>

/** A JWK Set, or where it is. */
export type KeySource =
  | { readonly keys: string }
  /** `cooldownMs`: from one fetch to the next for a key id that is not among the keys. Default 30,000, jose's. */
  | { readonly at: URL; readonly cooldownMs?: number }

/** Seconds by which two clocks may differ. */
const skewSeconds = 5

/**
 * Creates a reader. It accepts only ES256, whatever the header says (RFC 8725 section 3.1).
 *
 * @returns a function that rejects with `ERR_UPSTREAM_UNREACHABLE` where the set cannot be fetched
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
 * Fetches a key set, and caches it for as long as jose does. After the clock went back, that would
 * be too long and a new key would not be found: then the set is fetched again.
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

/** Whether it was the assertion, and not the way to its keys, that failed. */
function isJoseError(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return false
  return !(
    error instanceof errors.JWKSTimeout ||
    error instanceof errors.JWKSInvalid ||
    error.code === 'ERR_JOSE_GENERIC'
  )
}
