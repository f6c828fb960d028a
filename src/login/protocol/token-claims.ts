/**
 * Validates the claims of tokens: issuer, audience, times, subject, the hash of the access token, and
 * all claims of a logout token. `protocol.ts`, the callback, back-channel logout, bearer tokens and edges (proxies
 * such as Cloudflare Access that sign people in) call it, after the signature was verified.
 *
 * Each function throws a `LoginError` for the first claim that is wrong, with the reason and in most cases
 * the name of the claim, never its value. All but the hash are synchronous, and none sends a request or keeps state.
 */
import { encodeBase64url } from '../../crypto/index.ts'
import type { Provider } from '../providers/provider-options.ts'
import { type Claims, isObject, isShortText, LoginError, type LoginReason } from '../types.ts'

/** The current time and the accepted difference between two clocks, in seconds. */
export interface TokenTime {
  readonly now: number
  readonly tolerance: number
}

/**
 * Validates `iss`, and for an issuer with `{tenantid}` also the tenant (OpenID Connect Core section 3.1.3.7, item 2).
 */
export function validateIssuerClaim(provider: Provider, { iss, tid }: Claims): void {
  const { issuer, options } = provider
  if (options.tenants === undefined) {
    if (iss !== issuer) throw new LoginError('id-token-issuer')
    return
  }
  const isListed = typeof tid === 'string' && options.tenants.includes(tid)
  if (!isListed || iss !== issuer.replace('{tenantid}', tid)) {
    throw new LoginError('id-token-issuer', 'tenant')
  }
}

/**
 * Validates `aud` and `azp`: the token must be for this client, and be issued to it (section 3.1.3.7, items 3 to 5).
 */
export function validateAudienceClaim(provider: Provider, { aud, azp }: Claims): void {
  const audiences = Array.isArray(aud) ? aud : [aud]
  if (!audiences.includes(provider.clientId)) throw new LoginError('id-token-audience')
  const needsParty = audiences.length > 1 || azp !== undefined
  if (needsParty && azp !== provider.clientId) throw new LoginError('id-token-audience', 'azp')
}

/** Validates `exp`, `iat` and `nbf`; `mostAge` limits the age in seconds (section 3.1.3.7, items 9 and 10). */
export function validateTimeClaims(claims: Claims, time: TokenTime, mostAge?: number): void {
  const { exp, iat, nbf } = claims
  const { now, tolerance } = time
  if (!isTime(exp) || exp + tolerance <= now) throw new LoginError('id-token-time', 'exp')
  if (!isTime(iat) || iat - tolerance > now) throw new LoginError('id-token-time', 'iat')
  if (mostAge !== undefined && now - iat > mostAge + tolerance) {
    throw new LoginError('id-token-time', 'iat')
  }
  if (nbf !== undefined && (!isTime(nbf) || nbf - tolerance > now)) {
    throw new LoginError('id-token-time', 'nbf')
  }
}

/** Validates `sub`: a string of at most 255 characters (section 2). */
export function validateSubjectClaim({ sub }: Claims): string {
  if (isShortText(sub)) return sub
  throw new LoginError('id-token-bad', 'sub')
}

/** Validates `auth_time`, which a provider must send for `max_age` (section 3.1.2.1). */
export function validateAuthTime({ auth_time: at }: Claims, maxAge: number, time: TokenTime): void {
  const { now, tolerance } = time
  const isGood = isTime(at) && at - tolerance <= now && now - at <= maxAge + tolerance
  if (!isGood) throw new LoginError('authentication-too-old')
}

/** Validates `at_hash`: the access token must be the one that was issued with this id token (section 3.1.3.6). */
export async function validateAccessTokenHash(
  alg: string,
  { at_hash: expectedHash }: Claims,
  accessToken: string,
): Promise<void> {
  if (expectedHash === undefined) return
  const digest = await crypto.subtle.digest(hashFor(alg), new TextEncoder().encode(accessToken))
  const leftHalf = new Uint8Array(digest).subarray(0, digest.byteLength / 2)
  if (expectedHash !== encodeBase64url(leftHalf)) throw new LoginError('id-token-hash')
}

function hashFor(alg: string): string {
  if (/^(?:EdDSA|Ed25519)$|512$/.test(alg)) return 'SHA-512'
  return alg.endsWith('384') ? 'SHA-384' : 'SHA-256'
}

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'
/** Most seconds since a logout token was issued. */
const logoutAge = 600
/** Seconds for which a logout token without `exp` is valid. */
const logoutLife = 120

/** A logout token, validated. */
export interface LogoutToken {
  readonly jti: string
  /** Seconds. */
  readonly exp: number
  readonly sid?: string
  readonly sub?: string
}

/**
 * Validates the claims and the type of a logout token.
 *
 * @see OpenID Connect Back-Channel Logout 1.0 section 2.6
 */
export function validateLogoutClaims(
  provider: Provider,
  claims: Claims,
  typ: string | undefined,
  time: TokenTime,
): LogoutToken {
  const bad: LoginReason = 'logout-token-bad'
  // RFC 8725 section 3.11: a token of another type, such as an access token, is not a logout token.
  const isTyped = typ !== undefined && /^(?:application\/)?logout\+jwt$/i.test(typ)
  const isUntyped = typ === undefined || /^(?:application\/)?jwt$/i.test(typ)
  const isAllowed = provider.options.logoutTokenType !== 'required' && isUntyped
  if (!isTyped && !isAllowed) throw new LoginError(bad, 'typ')

  validateIssuerClaim(provider, claims)
  validateAudienceClaim(provider, claims)
  // Some providers omit `exp`, which the final specification requires: then `iat` decides.
  const exp = 'exp' in claims ? claims.exp : Number(claims.iat) + logoutLife
  validateTimeClaims({ ...claims, exp }, time, logoutAge)

  const { events, sid, sub, jti } = claims
  if (!isObject(events) || !isObject(events[logoutEvent])) throw new LoginError(bad, 'events')
  // A token with a nonce could be an id token (section 2.4).
  if ('nonce' in claims) throw new LoginError(bad, 'nonce')
  if (!isShortText(jti)) throw new LoginError(bad, 'jti')
  if (sid !== undefined && !isShortText(sid)) throw new LoginError(bad, 'sid')
  if (sub !== undefined && !isShortText(sub)) throw new LoginError(bad, 'sub')
  if (sid === undefined && sub === undefined) throw new LoginError(bad, 'sid, sub')
  return {
    jti,
    exp: Number(exp),
    ...(sid !== undefined && { sid }),
    ...(sub !== undefined && { sub }),
  }
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}
