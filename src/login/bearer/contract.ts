/**
 * Types of access tokens that a gateway accepts in place of a session. The login, its edges and
 * its gateway part share them. Nothing here runs.
 */
import type { Issues } from '../../options/index.ts'
import type { TokenFace } from '../gateway/bearer.ts'
import type { LoginSettings } from '../settings.ts'
import type { TokenContext } from '../tokens/contract.ts'
import type { LoginData } from '../types.ts'

/** The option `bearer` of a login: made by `bearerTokens`. */
export interface BearerOption {
  /** Not part of the public API. */
  createBearer(settings: LoginSettings, issues: Issues): BearerTokens
}

/** A demand on an access token. */
export interface BearerRule {
  /** Scopes that it must have, separated by spaces. Default any. */
  readonly scope?: string
}

/** The verdict on an `Authorization` header. */
export type BearerVerdict =
  | { readonly status: 'accepted'; readonly data: LoginData; readonly token: AcceptedToken }
  | { readonly status: 'denied'; readonly code: 401 | 403; readonly challenge: string }
  | { readonly status: 'unavailable' }

/** An access token that was accepted. */
export interface AcceptedToken {
  /** A digest of the token, as the id of a session that is none. */
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly issuedAt: number
  readonly expiresAt: number
  readonly authenticatedAt?: number
}

/** Validates access tokens. */
export interface BearerTokens {
  /** Decides about requests with a token. */
  readonly face: TokenFace
  validate(context: TokenContext, header: string, rule: BearerRule): Promise<BearerVerdict>
  /** The challenge to a request without a token (RFC 6750 section 3). */
  createChallenge(origin: string, rule: BearerRule): string
  /** Protected resource metadata (RFC 9728), and the path it is served at; undefined where the audience is no URL here. */
  describe(
    origin: string,
    env: unknown,
  ): { readonly path: string; readonly metadata: object } | undefined
}
