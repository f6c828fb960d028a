/**
 * Types that every part of the login shares, and the error `LoginError`. Nearly all files of the
 * login import it, and applications import `Claims`, `LoginData` and `LoginFacts`.
 *
 * A `LoginError` holds a reason for events and never a secret, a token or a claim. It never reaches an
 * application: the login turns it into a page, a response or an event. The only other code here are
 * two type guards.
 */
import type { AuthorizationServer } from 'oauth4webapi'

/** Claims of a token, or of the userinfo endpoint. */
export type Claims = Readonly<Record<string, unknown>>

/** The facts that a session stores about the login that began it. */
export interface LoginFacts {
  /** Name of the provider in the option `providers`. */
  readonly provider: string
  /** The provider's identifier of the person: the claim `sub`, or the result of the option `subject`. */
  readonly sub: string
  /** The claim `sub` if the option `subject` gives another identifier. Logout tokens name the person by it. */
  readonly tokenSubject?: string
  /** The id of the session at the provider, if the provider sends it. */
  readonly sid?: string
  /** The authentication context of the login, if the provider sends it. */
  readonly acr?: string
  /** The name of the row that stores its tokens. It is useless without the store and the secret. */
  readonly tokens?: string
  /** Milliseconds since the epoch at which the provider last confirmed the person; only with `revalidate`. */
  readonly checkedAt?: number
}

/** The data that a login adds to every session that it begins, beside the result of `identify`. */
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

/** The validated tokens of a refresh. Providers may omit tokens that did not change. */
export interface RefreshedTokens extends Omit<TokenSet, 'claims'> {
  readonly claims?: Claims
}

/** The reason why a login, a logout or a message of a provider was rejected. It is for events, never for clients. */
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
