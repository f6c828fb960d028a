/**
 * Types for storing the tokens of logins: the contract of a store (`TokenRows`), and the operations of
 * a login on it (`LoginTokens`). `memory-rows.ts`, `redis-rows.ts` and applications implement the
 * store; `keep.ts` implements the operations, which the callback, the logout, `serve.ts` and the
 * gateway's phases call. Nothing here runs.
 *
 * Reading a token rejects with `ERR_TOKEN_GONE` or `ERR_TOKEN_UNAVAILABLE`, or with the error of the
 * store.
 */
import type { SessionHandle } from '../../session/core/types.ts'
import type { FlowContext } from '../context.ts'
import type { LoginSettings } from '../settings.ts'
import type { Claims, LoginFacts, TokenSet } from '../types.ts'

/** The tokens of one session in a store. */
export interface TokenRow {
  /** The encrypted tokens: a store never sees them in clear text. */
  readonly sealed: string
  /** Milliseconds since the epoch from which a request should refresh the tokens. */
  readonly refreshAt: number
  /** Milliseconds since the epoch at which the provider issued them. */
  readonly refreshedAt: number
}

/** Tokens that the holder of a lease writes. */
export interface RefreshedRow extends TokenRow {
  /** The random id of the request that holds the lease. */
  readonly holder: string
  /** Milliseconds since the epoch until which no request gets the lease. */
  readonly pausedUntil?: number
  /** Whether the lease continues after this write, because the holder will write again. Default false. */
  readonly keepsLease?: boolean
}

/** The argument of `take`: a request for tokens, or for the lease to refresh them. */
export interface TakeTokens {
  /** The current time in milliseconds since the epoch. */
  readonly now: number
  /** The random id of the request. */
  readonly holder: string
  /** Milliseconds for which a lease is valid. */
  readonly lease: number
  /** If set, only tokens that were issued after this time count as fresh, in milliseconds since the epoch. */
  readonly since?: number
}

/**
 * The result of `take`. `fresh`: the tokens need no refresh. `lease`: the caller holds the lease and must refresh now.
 * `busy`: another request holds the lease. `paused`: nobody may refresh yet. `gone`: there is no row.
 */
export type TakenTokens =
  | { readonly status: 'fresh' | 'lease' | 'busy' | 'paused'; readonly sealed: string }
  | { readonly status: 'gone' }

/**
 * A store of tokens. Each method must be atomic. `key` is a digest, and `sealed` is encrypted. Methods reject with
 * `ERR_STORE_UNAVAILABLE` or `ERR_STORE_REFUSED`.
 */
export interface TokenRows {
  /** Writes a row that lives for `life` milliseconds. */
  put(key: string, row: TokenRow & { readonly life: number }, env: unknown): Promise<void>
  /** Reads a row, and grants the lease to at most one holder. The same holder gets it again, with a new end. */
  take(key: string, ask: TakeTokens, env: unknown): Promise<TakenTokens>
  /** Overwrites a row without changing its expiry. @returns false where the holder no longer has the lease */
  replace(key: string, row: RefreshedRow, env: unknown): Promise<boolean>
  /** Ends the lease of this holder. Until `pausedUntil` no request gets another. */
  release(key: string, holder: string, pausedUntil: number, env: unknown): Promise<void>
  /** Deletes a row and returns its `sealed`. With a holder it does so only if the holder has the lease. */
  drop(key: string, holder: string | undefined, env: unknown): Promise<string | undefined>
}

/** The parts of a request context that reading tokens needs. */
export type TokenContext = Pick<FlowContext, 'env' | 'waitUntil' | 'requestId' | 'eventContext'>

/** The decrypted tokens of a session. */
export interface KeptTokens {
  readonly accessToken: string
  readonly refreshToken?: string
  readonly idToken?: string
  /** Milliseconds since the epoch at which the access token expires. */
  readonly expiresAt: number
  /** Milliseconds since the epoch at which the provider issued the tokens. */
  readonly refreshedAt: number
  /** The result of `identify` after the last refresh; null if it no longer admits the person. */
  readonly identified?: object | null
  /** Names of all members that `identify` has returned for this session, so that those it omits later are removed. */
  readonly members: readonly string[]
}

/** The operations of a login on the tokens of its sessions. */
export interface LoginTokens {
  /** Stores the tokens of a new session. @returns the name of their row, for {@link LoginFacts} */
  keep(context: TokenContext, tokens: TokenSet, identified: object): Promise<string>
  /** Deletes a row, and returns its tokens if they can be decrypted. */
  drop(context: TokenContext, row: string): Promise<KeptTokens | undefined>
  /** Revokes the tokens of a session at the provider. It never rejects; a failure emits `tokens-unavailable`. */
  revoke(context: TokenContext, facts: LoginFacts, tokens: KeptTokens): Promise<void>
  /**
   * Returns the access token of a session. One that has expired is refreshed first, once even if several requests need
   * it.
   *
   * @throws {PortcullisError} `ERR_TOKEN_GONE`, `ERR_TOKEN_UNAVAILABLE`, or an error of the store
   */
  readAccessToken(context: TokenContext, facts: LoginFacts): Promise<string>
  /** Asks the provider about a person again; undefined where the session continues unchanged. */
  recheck(context: TokenContext, facts: LoginFacts): Promise<Recheck | undefined>
  /**
   * Applies the option `revalidate` to a session: see `revalidateSession`, which a login without tokens does not
   * bundle.
   */
  revalidate(context: TokenContext, session: SessionHandle<object>): Promise<void>
}

/** The result of a recheck. */
export type Recheck =
  | { readonly status: 'revoked'; readonly reason: string }
  | { readonly status: 'checked'; readonly tokens: KeptTokens }

/** The option `tokens` of a login: the result of `redisTokens()`, `memoryTokens()` or `keepTokens()`. */
export interface TokenOption {
  /** Not part of the public API. */
  createTokens(settings: LoginSettings): LoginTokens
}

/** Runs `identify` again with the tokens of a refresh; null if the person is not admitted, undefined without claims. */
export type IdentifyAgain = (tokens: {
  readonly accessToken: string
  readonly claims?: Claims
}) => Promise<object | null | undefined>
