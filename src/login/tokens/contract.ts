/**
 * Defines the contract of a store of tokens, and the operations of a login on one. `keep.ts`
 * implements the operations over any store of rows. Reading a token rejects with `ERR_TOKEN_GONE`
 * or `ERR_TOKEN_UNAVAILABLE`.
 */
import type { SessionHandle } from '../../session/core/types.ts'
import type { FlowContext } from '../context.ts'
import type { LoginSettings } from '../settings.ts'
import type { Claims, LoginFacts, TokenSet } from '../types.ts'

/** The tokens of one session, as a store keeps them. */
export interface TokenRow {
  /** The tokens, sealed: no store ever reads them. */
  readonly sealed: string
  /** Milliseconds since the epoch from which somebody should refresh them. */
  readonly refreshAt: number
  /** Milliseconds since the epoch at which the provider issued them. */
  readonly refreshedAt: number
}

/** Tokens that the holder of a lease writes. */
export interface RefreshedRow extends TokenRow {
  /** The holder of the lease. */
  readonly holder: string
  /** Milliseconds since the epoch until which nobody gets the lease. */
  readonly pausedUntil?: number
  /** The holder is not done: the lease lives on. Default false. */
  readonly keepsLease?: boolean
}

/** A request for tokens, or for the right to refresh them. */
export interface TakeTokens {
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Names whoever asks. */
  readonly holder: string
  /** Milliseconds that a lease lives. */
  readonly lease: number
  /** Where given, only tokens that were issued after this time count as fresh. */
  readonly since?: number
}

/** The answer of a store to {@link TakeTokens}. With `lease` the caller, and nobody else, must refresh now. */
export type TakenTokens =
  | { readonly status: 'fresh' | 'lease' | 'busy' | 'paused'; readonly sealed: string }
  | { readonly status: 'gone' }

/**
 * A store of tokens. Each verb is atomic. `key` is a digest; everything in a row is sealed. Errors are
 * `ERR_STORE_UNAVAILABLE` or `ERR_STORE_REFUSED`.
 */
export interface TokenRows {
  /** Writes a row that lives for `life` milliseconds. */
  put(key: string, row: TokenRow & { readonly life: number }, env: unknown): Promise<void>
  /** Reads a row, and gives the lease to at most one holder. Its holder gets it again, with a new end. */
  take(key: string, ask: TakeTokens, env: unknown): Promise<TakenTokens>
  /** Writes over a row; false where the holder has the lease no longer. The row's life stays. */
  replace(key: string, row: RefreshedRow, env: unknown): Promise<boolean>
  /** Ends the lease of this holder. Until `pausedUntil` nobody gets another. */
  release(key: string, holder: string, pausedUntil: number, env: unknown): Promise<void>
  /** Deletes a row and returns what it held; with a holder only where the holder has the lease. */
  drop(key: string, holder: string | undefined, env: unknown): Promise<string | undefined>
}

/** A request that needs tokens. */
export type TokenContext = Pick<FlowContext, 'env' | 'waitUntil' | 'requestId' | 'eventContext'>

/** Tokens of a session, opened. */
export interface KeptTokens {
  readonly accessToken: string
  readonly refreshToken?: string
  readonly idToken?: string
  /** Milliseconds since the epoch at which the access token ends. */
  readonly expiresAt: number
  readonly refreshedAt: number
  /** The result of `identify` after the last refresh; null where it admits the person no longer. */
  readonly identified?: object | null
  /** Members that `identify` has ever returned for this session: what it leaves out is removed. */
  readonly members: readonly string[]
}

/** Tokens of sessions, as the login uses them. */
export interface LoginTokens {
  /** Keeps the tokens of a new session. @returns the name of their row, for {@link LoginFacts} */
  keep(context: TokenContext, tokens: TokenSet, identified: object): Promise<string>
  /** Deletes a row, and returns its tokens where they can be read. */
  drop(context: TokenContext, row: string): Promise<KeptTokens | undefined>
  /** Revokes at the provider what a session had. Never rejects. */
  revoke(context: TokenContext, facts: LoginFacts, tokens: KeptTokens): Promise<void>
  /**
   * The access token of a session, refreshed where that is due: exactly once, whoever else asks.
   *
   * @throws {PortcullisError} `ERR_TOKEN_GONE`, `ERR_TOKEN_UNAVAILABLE`
   */
  readAccessToken(context: TokenContext, facts: LoginFacts): Promise<string>
  /** Asks the provider about a person again; undefined where the session may go on as it is. */
  recheck(context: TokenContext, facts: LoginFacts): Promise<Recheck | undefined>
  /** Does what the option `revalidate` asks for a session: see `revalidateSession`, which a login without tokens lacks. */
  revalidate(context: TokenContext, session: SessionHandle<object>): Promise<void>
}

/** The result of a recheck. */
export type Recheck =
  | { readonly status: 'revoked'; readonly reason: string }
  | { readonly status: 'checked'; readonly tokens: KeptTokens }

/** The option `tokens` of a login: made by `redisTokens`, `memoryTokens` or `keepTokens`. */
export interface TokenOption {
  /** Not part of the public API. */
  createTokens(settings: LoginSettings): LoginTokens
}

/** Looks at a person again with what a refresh brought. */
export type IdentifyAgain = (tokens: {
  readonly accessToken: string
  readonly claims?: Claims
}) => Promise<object | null | undefined>
