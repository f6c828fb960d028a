/**
 * Types and errors that every part of the login shares. All of them import it. A `LoginError`
 * holds a reason for the log and never a secret, a token or a claim.
 */
import type { AuthorizationServer } from 'oauth4webapi'

/** Claims of a token, or of the userinfo endpoint. */
export type Claims = Readonly<Record<string, unknown>>

/** The facts that a session keeps about the login that began it. */
export interface LoginFacts {
  /** Name of the provider in the option `providers`. */
  readonly provider: string
  /** The provider's identifier of the person. */
  readonly sub: string
  /** The claim `sub`, where the option `subject` of the provider made another identifier of the claims: logout tokens name it. */
  readonly tokenSubject?: string
  /** The session at the provider, where the provider names it. */
  readonly sid?: string
  /** The authentication context of the login, if the provider sends it. */
  readonly acr?: string
  /** Names the row of its tokens, where they are kept. Of no use without the store and the secret. */
  readonly tokens?: string
  /** Milliseconds since the epoch at which the provider was last asked about the person; with `revalidate`. */
  readonly checkedAt?: number
}

/** Every session that a login begins has this member beside what `identify` returned. */
export interface LoginData {
  /** The facts of the login: its provider, its person and its session there. */
  readonly login: LoginFacts
}

/** The metadata that a provider publishes. */
export type Metadata = AuthorizationServer

/** The validated response of the token endpoint. */
export interface TokenSet {
  readonly accessToken: string
  /** Absent for a provider without OpenID Connect. */
  readonly idToken?: string
  readonly claims: Claims
  readonly refreshToken?: string
  /** Seconds. */
  readonly expiresIn?: number
}

/** Tokens of a refresh, after validation. Providers may leave out those that did not change. */
export interface RefreshedTokens extends Omit<TokenSet, 'claims'> {
  readonly claims?: Claims
}

/** Why a login, a logout or a message of a provider was refused. For events, never for clients. */
export type LoginReason =
  | 'access-token-bad'
  | 'attempt-bad'
  | 'attempt-expired'
  | 'attempt-missing'
  | 'authentication-too-old'
  | 'authentication-too-weak'
  | 'client-refused'
  | 'code-refused'
  | 'denied'
  | 'grant-refused'
  | 'groups-overage'
  | 'id-token-audience'
  | 'id-token-bad'
  | 'id-token-hash'
  | 'id-token-issuer'
  | 'id-token-nonce'
  | 'id-token-signature'
  | 'id-token-time'
  | 'issuer-mismatch'
  | 'key-unknown'
  | 'logout-token-bad'
  | 'logout-token-replayed'
  | 'not-admitted'
  | 'provider-error'
  | 'provider-malformed'
  | 'provider-unreachable'
  | 'response-malformed'
  | 'session-loop'
  | 'store-unavailable'
  | 'subject-changed'
  | 'user-unknown'
  | 'userinfo-subject'

/** A login that cannot go on. Its message holds no secret, token or claim. */
export class LoginError extends Error {
  override readonly name = 'LoginError'
  readonly reason: LoginReason

  constructor(reason: LoginReason, detail = '') {
    super(detail === '' ? reason : `${reason}: ${detail}`)
    this.reason = reason
  }
}

export { isRecord as isObject } from '../options/is-object.ts'

/** Whether a value can be an identifier: OpenID Connect Core section 2 allows 255 characters. */
export function isShortText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 255
}
