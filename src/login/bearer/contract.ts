/**
 * Types of the access tokens that a gateway accepts instead of a session. `bearer-tokens.ts` and
 * the edges (`edge/`) implement them, `gateway/` calls the implementations, and applications import
 * `BearerOption` and `BearerRule`. Nothing here runs.
 */
import type { Issues } from '../../options/index.ts'
import type { TokenFace } from '../gateway/bearer.ts'
import type { LoginSettings } from '../settings.ts'
import type { TokenContext } from '../tokens/contract.ts'
import type { LoginData } from '../types.ts'

/** The option `bearer` of a login: the result of `bearerTokens()`. */
export interface BearerOption {
  /** Not part of the public API. */
  createBearer(settings: LoginSettings, issues: Issues): BearerTokens
}

/** The requirements of a route on the access token of a request. */
export interface BearerRule {
  /** Scopes that the token must have, separated by spaces. Default: no scope is required. */
  readonly scope?: string
}

/**
 * The verdict on a token. `challenge` is the value of `WWW-Authenticate`; `unavailable` means that no keys were found.
 */
export type BearerVerdict =
  | { readonly status: 'accepted'; readonly data: LoginData; readonly token: AcceptedToken }
  | { readonly status: 'denied'; readonly code: 401 | 403; readonly challenge: string }
  | { readonly status: 'unavailable' }

/** An access token that was accepted. */
export interface AcceptedToken {
  /** A digest of the token. It stands where a session would have its id. */
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly issuedAt: number
  readonly expiresAt: number
  readonly authenticatedAt?: number
}

/** Validates access tokens. */
export interface BearerTokens {
  /** The functions with which the gateway applies a token to a request. */
  readonly face: TokenFace
  validate(context: TokenContext, header: string, rule: BearerRule): Promise<BearerVerdict>
  /** The challenge to a request without a token (RFC 6750 section 3). */
  createChallenge(origin: string, rule: BearerRule): string
  /** Protected resource metadata (RFC 9728) and its path; undefined where the audience is not a URL of `origin`. */
  describe(
    origin: string,
    env: unknown,
  ): { readonly path: string; readonly metadata: object } | undefined
}
