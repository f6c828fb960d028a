/** Shapes that every part of the login shares. */
import type { AuthorizationServer } from 'oauth4webapi'

/** Claims of a token, or of the userinfo endpoint. */
export type Claims = Readonly<Record<string, unknown>>

/** What a session says about the login that began it. */
export interface LoginFacts {
  /** Name of the provider in the option `providers`. */
  readonly provider: string
  /** The provider's identifier of the person. */
  readonly sub: string
  /** The session at the provider, where the provider names it. */
  readonly sid?: string
  /** How the person signed in, where the provider says so. */
  readonly acr?: string
}

/** Every session that a login begins has this member beside what `identify` returned. */
export interface LoginData {
  /** The facts of the login: its provider, its person and its session there. */
  readonly login: LoginFacts
}

/** What a provider publishes about itself. */
export type Metadata = AuthorizationServer

/** What the token endpoint returned, after validation. */
export interface TokenSet {
  readonly accessToken: string
  readonly idToken: string
  readonly claims: Claims
}

/** Why a login, a logout or a message of a provider was refused. For events, never for clients. */
export type LoginReason =
  | 'attempt-bad'
  | 'attempt-expired'
  | 'attempt-missing'
  | 'authentication-too-old'
  | 'authentication-too-weak'
  | 'client-refused'
  | 'code-refused'
  | 'denied'
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
