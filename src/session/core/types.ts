/** The shapes of the session room: strategy, handle, context. */

import type { OnceMessage } from '../../store/mark-types.ts'
import type { CookieJar } from '../../types.ts'
import type { SessionInternals, sessionInternals } from './internals.ts'
import type { Messages } from './record.ts'

/** What session data is: an object of JSON values. */
export type SessionObject = object

/** Cookies as Next's `await cookies()` has them. */
export interface CookieStoreLike {
  /** A cookie of the request. */
  get(name: string): { readonly value: string } | undefined
  /** Sets a cookie on the answer. */
  // biome-ignore lint/suspicious/noExplicitAny: every framework types its cookie options differently.
  set(name: string, value: string, options: any): unknown
}

/** A Hono Context, as far as a session needs one; declared here so that the core knows no framework. */
export interface HonoContextLike {
  /** The request as it came in. */
  readonly req: { readonly raw: { readonly headers: Headers; readonly url: string } }
  /** What `From` functions get. */
  readonly env: unknown
  /** The answer whose headers get the cookie. */
  readonly res: Response
}

/**
 * Where a session's cookies come from and go to: a Hono Context; a request with the Headers of its coming answer; a
 * request alone (readable only); a cookie store such as Next's; or a jar made by hand.
 */
export type SessionContext =
  | HonoContextLike
  | {
      readonly request: { readonly headers: Headers }
      readonly headers?: Headers
      readonly env?: unknown
    }
  | { readonly cookies: CookieStoreLike; readonly env?: unknown }
  | { readonly jar: CookieJar }

/** Keystone's three verbs. An object that has them is a strategy, whoever wrote it. */
export interface ThreeVerbs<Data> {
  /** The data, or undefined where there is no session. */
  get(args: { context: SessionContext }): Promise<Data | undefined>
  /** Login: makes a session of this data. */
  start(args: { context: SessionContext; data: Data }): Promise<unknown>
  /** Logout. */
  end(args: { context: SessionContext }): Promise<unknown>
}

/** What `c.var.session` is for a strategy that somebody else wrote: its three verbs, and by type no others. */
export interface ThreeVerbHandle<Data> {
  /** The data, or undefined where there is no session. */
  get(): Promise<Data | undefined>
  /** Login: makes a session of this data. */
  start(data: Data): Promise<unknown>
  /** Logout. */
  end(): Promise<unknown>
}

/** A strategy of this library: three verbs for anyone, and a handle with all verbs. */
export interface SessionStrategy<Data extends SessionObject> extends ThreeVerbs<Data> {
  /** Login: makes a session of this data under a new id; see {@link SessionHandle.start}. */
  start(args: { context: SessionContext; data: Data }): Promise<void>
  /** Logout; see {@link SessionHandle.end}. */
  end(args: { context: SessionContext }): Promise<void>
  /**
   * The session of this context: the same handle each time the same context is given.
   *
   * @param writes - `'at-flush'` (default): cookies wait for {@link FlushableHandle.flush}, which whoever opened it must
   *   call. `'at-once'`: each explicit verb writes its cookie to the context; see `openSession`.
   */
  open(context: SessionContext, writes?: 'at-flush' | 'at-once'): FlushableHandle<Data>
  /**
   * Judges what the environment holds, without a request: a gateway asks before it serves.
   *
   * @throws {ConfigError} `ERR_CONFIG`
   */
  check(env: unknown): void
  /** Names of every cookie this strategy reads, legacy ones too: a gateway keeps them from upstreams. */
  readonly cookieNames: readonly string[]
  /** What this kind of session promises; see the table in docs/sessions.md. */
  readonly kind: 'stateless' | 'stored'
  /** Whether the option `user` names whose a session is; undefined where nobody knows. */
  readonly namesUser?: boolean
  /** Where the environment decides which strategy serves it (`sessionsBy`): that one. @throws {ConfigError} `ERR_CONFIG` */
  chosen?(env: unknown): SessionStrategy<Data>
  /** For other modules of this library; not part of the public API. */
  readonly [sessionInternals]?: SessionInternals
}

/** Options of `start`. */
export interface StartOptions<Data> {
  /** Members of the old session to copy, only where it had no user or the same one. */
  readonly keep?: ReadonlyArray<keyof Data>
  /**
   * When the person proved who they are, in milliseconds since the epoch, where that was not now: the
   * `auth_time` of an identity provider. A later time than now counts as now, 0 means that nobody
   * knows. `fresh` and `requireFresh` count from it.
   */
  readonly authenticatedAt?: number
}

/** Keys of Data that may be absent. */
export type OptionalKey<Data> = {
  [K in keyof Data]-?: Record<never, never> extends Pick<Data, K> ? K : never
}[keyof Data]

/** The session of one request. Nothing is read until asked, nothing written unless changed. */
export interface SessionHandle<Data extends SessionObject> {
  /**
   * The data, or undefined where there is no session: no cookie, an expired, tampered or foreign one. A copy: changing it
   * changes nothing until it is `set`.
   */
  get(): Promise<Data | undefined>
  /**
   * Changes one member of an existing session; written once, after the handler.
   *
   * @throws {PortcullisError} `ERR_SESSION_NOT_STARTED` where there is none and no `initial` (at once where the request
   *   carries no cookie, else when it is written), `ERR_SESSION_DATA` for what JSON cannot carry, `ERR_SESSION_ENDED`.
   */
  set<K extends keyof Data>(key: K, value: Data[K]): void
  /** Removes one optional member; otherwise like {@link set}. */
  unset(key: OptionalKey<Data>): void
  /**
   * Makes or changes the session from what it is now; resolves with what was stored. The function must be pure: under
   * conflict it runs again. What was `set` before is applied first.
   *
   * @param options.ifVersion - changes only this version of this session, as `info()` told it, perhaps in an earlier
   *   request: a form that was filled in on older data, or by somebody else, stores nothing. Needs stored sessions.
   * @throws {PortcullisError} `ERR_SESSION_DATA`, `ERR_SESSION_IDENTITY_CHANGED`, `ERR_SESSION_ENDED`,
   *   `ERR_SESSION_UNREADABLE`, `ERR_SESSION_CONFLICT`, `ERR_COOKIE_TOO_LARGE`
   */
  update(
    change: (data: Data | undefined) => Data,
    options?: { readonly ifVersion?: string },
  ): Promise<Data>
  /**
   * Login: a new session under a new id; the old one ends in the same step. `keep` copies members of the old session, only
   * where it had no user or the same one; its messages go along on the same condition.
   */
  start(data: Data, options?: StartOptions<Data>): Promise<void>
  /** Logout: ends the session and expires its cookie, also one that cannot be read. Harmless twice. */
  end(): Promise<void>
  /** Leaves a message for a later request to take, also after `end`. */
  flash(name: string, value: unknown): void
  /** Takes a message that an earlier request (or this one) left; undefined where there is none. */
  takeFlash(name: string): Promise<unknown>
  /** Facts about the session, or undefined where there is none. */
  info(): Promise<SessionInfo | undefined>
  /** Writes what was changed so far; also when the handler throws afterwards. */
  commit(): Promise<void>
  /** Sessions of this user, this one marked `current`. @throws {ConfigError} `ERR_CONFIG` for stateless ones, kept nowhere */
  list(): Promise<SessionInfo[]>
  /** Ends one session of this user, by the id that `list` gave it. False where there is none of this id. */
  endOne(id: string): Promise<boolean>
  /** Ends every session of this user. @throws {ConfigError} `ERR_CONFIG` for stateless sessions */
  endAll(options?: { readonly exceptCurrent?: boolean }): Promise<void>
}

/** What the middleware and the gateway do with a handle when the answer is there. */
export interface FlushableHandle<Data extends SessionObject> extends SessionHandle<Data> {
  /** Begins reading a stored session, so that it travels with what else the request asks; costs no request of its own. */
  prefetch(): Promise<void>
  /** Takes all messages that are chosen, at once; undefined where there are none. */
  takeMessages(mayTake: (name: string, value: unknown) => boolean): Promise<Messages | undefined>
  /** What {@link SessionHandle.info} tells but the digest; undefined too before the session was read. */
  facts(): Omit<SessionInfo, 'id'> | undefined
  /**
   * Settles the session on the final response and returns it, or a copy where its headers cannot be changed: at most one
   * Set-Cookie of ours, cache headers with it. Called once, after the handler.
   *
   * @param options.failed - the handler threw: only what was committed explicitly goes out.
   */
  flush(response: Response, options?: { readonly failed?: boolean }): Response | Promise<Response>
}

/** Facts about a session; times in milliseconds since the epoch. */
export interface SessionInfo {
  /** A digest of the session's id: safe to show and to log, useless as a cookie. */
  readonly id: string
  /** When it began, or when `start` made it anew. */
  readonly createdAt: number
  /** The last request that was noted; the last one may be up to a tenth of the idle limit later. */
  readonly seenAt: number
  /** When it ends whatever happens: the absolute limit. */
  readonly expiresAt: number
  /** When it ends if nothing happens: the idle limit, never later than `expiresAt`. */
  readonly idleExpiresAt: number
  /** Whether it came from `start` (or was imported from a legacy cookie): a visitor's session did not. */
  readonly signedIn: boolean
  /** When `start` was called, or the `authenticatedAt` that it got; undefined for a visitor's session and for an imported one. */
  readonly authenticatedAt?: number
  /** Of a stored session: changes with each write, not with a mere request; unlike another session's. Absent in a list. */
  readonly version?: string
  /** In a list: whether it is the session of this request. */
  readonly current?: boolean
}

/** Arguments of `endMarked`. */
export interface EndMarkedArgs {
  /** What the option `mark` returned for the sessions to end. */
  readonly mark: string
  /** The message that asks for it, if it must take effect once. */
  readonly once?: OnceMessage
  /** The bindings of the platform, as `c.env` has them. */
  readonly env?: unknown
}

/** A strategy whose sessions are in their cookies. */
export interface StatelessStrategy<Data extends SessionObject> extends SessionStrategy<Data> {
  readonly kind: 'stateless'
  /** Ends every session of a user. Only with the option `revocation`. */
  endAll?(args: { readonly user: string; readonly env?: unknown }): Promise<void>
  /** As of {@link StoredStrategy.endMarked}. Only with the option `revocation`. */
  endMarked?(args: EndMarkedArgs): Promise<boolean>
}

/** A strategy whose sessions are in a store: what it keeps can be listed and ended from outside a request, too. */
export interface StoredStrategy<Data extends SessionObject> extends SessionStrategy<Data> {
  readonly kind: 'stored'
  /**
   * Every session of a user, for an administrator. Needs the option `user`.
   *
   * @throws {ConfigError} `ERR_CONFIG` where the option or the store's verb is missing
   */
  list(args: { readonly user: string; readonly env?: unknown }): Promise<SessionInfo[]>
  /** Ends every session of a user at once, and says how many there were: when an account is closed or taken over. */
  endAll(args: { readonly user: string; readonly env?: unknown }): Promise<number>
  /**
   * Ends every session whose option `mark` gives this mark, also those that begin later, for as long
   * as a session can live. Resolves with false where the message `once` came before; then nothing has
   * changed.
   *
   * @throws {ConfigError} `ERR_CONFIG` where the option `mark` or the store's verb is missing
   */
  endMarked(args: EndMarkedArgs): Promise<boolean>
}
