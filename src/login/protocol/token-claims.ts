/**
 * Validates claims beyond what the client library checks: issuer, audience, time, subject and
 * hashes. The flow, bearer tokens and edges call it. It is pure, and throws a `LoginError` for the
 * first claim that is wrong.
 */
import { encodeBase64url } from '../../crypto/index.ts'
import type { Provider } from '../providers/provider-options.ts'
import { type Claims, isObject, isShortText, LoginError, type LoginReason } from '../types.ts'

/** Now in seconds, and how far two clocks may differ. */
export interface TokenTime {
  readonly now: number
  readonly tolerance: number
}

/** OpenID Connect Core section 3.1.3.7 (2); for a template issuer also the tenant. */
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

/** Section 3.1.3.7 (3 to 5): made for this client, and if for others too, then by its request. */
export function validateAudienceClaim(provider: Provider, { aud, azp }: Claims): void {
  const audiences = Array.isArray(aud) ? aud : [aud]
  if (!audiences.includes(provider.clientId)) throw new LoginError('id-token-audience')
  const needsParty = audiences.length > 1 || azp !== undefined
  if (needsParty && azp !== provider.clientId) throw new LoginError('id-token-audience', 'azp')
}

/** Section 3.1.3.7 (9, 10): not expired, not from the future, and where it matters not old. */
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

/** Section 2: at most 255 characters. */
export function validateSubjectClaim({ sub }: Claims): string {
  if (isShortText(sub)) return sub
  throw new LoginError('id-token-bad', 'sub')
}

/** When the person authenticated, which `max_age` makes mandatory (section 3.1.2.1). */
export function validateAuthTime({ auth_time: at }: Claims, maxAge: number, time: TokenTime): void {
  const { now, tolerance } = time
  const isGood = isTime(at) && at - tolerance <= now && now - at <= maxAge + tolerance
  if (!isGood) throw new LoginError('authentication-too-old')
}

/** The access token that came along is the one of this id token (section 3.1.3.6). */
export async function validateAccessTokenHash(
  alg: string,
  { at_hash: given }: Claims,
  accessToken: string,
): Promise<void> {
  if (given === undefined) return
  const digest = await crypto.subtle.digest(hashFor(alg), new TextEncoder().encode(accessToken))
  const half = new Uint8Array(digest).subarray(0, digest.byteLength / 2)
  if (given !== encodeBase64url(half)) throw new LoginError('id-token-hash')
}

function hashFor(alg: string): string {
  if (/^(?:EdDSA|Ed25519)$|512$/.test(alg)) return 'SHA-512'
  return alg.endsWith('384') ? 'SHA-384' : 'SHA-256'
}

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'
/** Seconds that a logout token may be old, and that one without `exp` counts as valid. */
const logoutAge = 600
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
  // RFC 8725 section 3.11: a token of another type, such as an access token, is none.
  const isTyped = typ !== undefined && /^(?:application\/)?logout\+jwt$/i.test(typ)
  const isUntyped = typ === undefined || /^(?:application\/)?jwt$/i.test(typ)
  const isAllowed = provider.options.logoutTokenType !== 'required' && isUntyped
  if (!isTyped && !isAllowed) throw new LoginError(bad, 'typ')

  validateIssuerClaim(provider, claims)
  validateAudienceClaim(provider, claims)
  // Some providers leave `exp` out, which the final text requires: then its age decides.
  const exp = 'exp' in claims ? claims.exp : Number(claims.iat) + logoutLife
  validateTimeClaims({ ...claims, exp }, time, logoutAge)

  const { events, sid, sub, jti } = claims
  if (!isObject(events) || !isObject(events[logoutEvent])) throw new LoginError(bad, 'events')
  // With a nonce it could be an id token.
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
