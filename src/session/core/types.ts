/**
 * Defines the public types of sessions: strategy, handle, contexts and the facts about a session.
 * Applications import them through `portcullis/session`; the login, the gateway, the stack and all
 * files of `session/` use them. Nothing here runs; the comments name the errors that each method
 * rejects with.
 */
import type { OnceMessage } from '../../store/mark-types.ts'
import type { CookieJar } from '../../types.ts'
import type { DeviceEndpoints } from './device.ts'
import type { DeviceState } from './engine.ts'
import type { SessionInternals, sessionInternals } from './internals.ts'
import type { Messages } from './record.ts'

/** Session data: an object of JSON values. */
export type SessionObject = object

/** Cookies as Next's `await cookies()` has them. */
export interface CookieStoreLike {
  /** Returns a cookie of the request. */
  get(name: string): { readonly value: string } | undefined
  /** Sets a cookie on the response. */
  // biome-ignore lint/suspicious/noExplicitAny: every framework types its cookie options differently.
  set(name: string, value: string, options: any): unknown
}

/** The part of a Hono Context that a session needs, declared here so that the core knows no framework. */
export interface HonoContextLike {
  /** The request as it came in. */
  readonly req: { readonly raw: { readonly headers: Headers; readonly url: string } }
  /** The environment that `FromEnv` functions receive. */
  readonly env: unknown
  /** The response whose headers receive the cookie. */
  readonly res: Response
}

/**
 * Where a session's cookies come from and go to: a Hono Context; a request with the Headers of the response to come; a
 * request alone, which can only be read; a cookie store such as Next's; or a {@link CookieJar}.
 */
export type SessionContext =
  | HonoContextLike
  | {
      readonly request: { readonly headers: Pick<Headers, 'get'> }
      /** The key by which events find the listener of the request. Default: the request. */
      readonly context?: object
      readonly headers?: Headers
      readonly env?: unknown
    }
  | { readonly cookies: CookieStoreLike; readonly env?: unknown }
  | { readonly jar: CookieJar }

/** The three methods of Keystone's session strategies. Any object that has them can be used as a strategy. */
export interface ThreeVerbs<Data> {
  /** Returns the data, or undefined if there is no session. */
  get(args: { context: SessionContext }): Promise<Data | undefined>
  /** Login: creates a session with this data. */
  start(args: { context: SessionContext; data: Data }): Promise<unknown>
  /** Logout. */
  end(args: { context: SessionContext }): Promise<unknown>
}

/** The handle of a strategy that is not of this library. It has the three methods only. */
export interface ThreeVerbHandle<Data> {
  /** Returns the data, or undefined if there is no session. */
  get(): Promise<Data | undefined>
  /** Login: creates a session with this data. */
  start(sessionData: Data): Promise<unknown>
  /** Logout. */
  end(): Promise<unknown>
}

/** A strategy of this library: the three methods, and a handle with all methods. */
export interface SessionStrategy<Data extends SessionObject> extends ThreeVerbs<Data> {
  /** Login: creates a session with this data under a new id; see {@link SessionHandle.start}. */
  start(args: { context: SessionContext; data: Data }): Promise<void>
  /** Logout; see {@link SessionHandle.end}. */
  end(args: { context: SessionContext }): Promise<void>
  /**
   * Opens the session of a context. The same context gives the same handle.
   *
   * @param writes - `'at-flush'` (default): cookies wait for {@link FlushableHandle.flush}, which the caller must call.
   *   `'at-once'`: each explicit verb writes its cookie to the context; see `openSession`.
   */
  open(context: SessionContext, writes?: 'at-flush' | 'at-once'): FlushableHandle<Data>
  /**
   * Validates the values of an environment without a request, as a gateway does before it serves.
   *
   * @throws {ConfigError} `ERR_CONFIG`
   */
  check(env: unknown): void
  /**
   * The names of all cookies that this strategy reads, with legacy ones. A gateway does not forward them to upstreams.
   */
  readonly cookieNames: readonly string[]
  /** The kind of session; docs/sessions.md compares the guarantees of both. */
  readonly kind: 'stateless' | 'stored'
  /** True if the option `user` is set; undefined for a strategy that cannot know. */
  readonly namesUser?: boolean
  /** Returns the strategy that serves an environment, for `sessionsBy`. @throws {ConfigError} `ERR_CONFIG` */
  chosen?(env: unknown): SessionStrategy<Data>
  /** Present with the option `device`: the endpoints that browsers call. `session()` and the gateway serve them. */
  readonly device?: DeviceEndpoints
  /** For other modules of this library; not part of the public API. */
  readonly [sessionInternals]?: SessionInternals
}

/** The user whose sessions end, and the request that ends them. */
export interface EndAllContext {
  /** The bindings of the platform, as `c.env` has them. */
  readonly env?: unknown
  /** The context of the calling request, by which the event finds the listener of that request. */
  readonly context?: object
  /** The party that ends the sessions, if it is not their user. */
  readonly by?: EndedBy
}

/** The party that ends the sessions of another user. */
export interface EndedBy {
  /** An upstream's response, an identity provider, an administrator, or a job of yours. */
  readonly actor: 'origin' | 'provider' | 'administrator' | 'system'
  /** The acting user, who appears in the event as a keyed tag. */
  readonly user?: string
}

/** Arguments of `endAll`. */
export interface EndAllArgs extends EndAllContext {
  /** The user whose sessions end. */
  readonly user: string
}

/** Arguments of `endOne`. */
export interface EndOneArgs extends EndAllArgs {
  /** The id of the session, as `list` returns it. */
  readonly id: string
}

/** Arguments of `endMarked`. */
export interface EndMarkedArgs {
  /** The value that the option `mark` returned for the sessions to end. */
  readonly mark: string
  /** The message that requests it, if it must take effect only once. */
  readonly once?: OnceMessage
  /** The bindings of the platform, as `c.env` has them. */
  readonly env?: unknown
  /** The context of the calling request, by which the event finds the listener of that request. */
  readonly context?: object
}

/** A strategy whose sessions are in their cookies. */
export interface StatelessStrategy<Data extends SessionObject> extends SessionStrategy<Data> {
  readonly kind: 'stateless'
  /** Ends every session of a user. Present only with the option `revocation`. */
  endAll?(args: EndAllArgs): Promise<void>
  /** See {@link StoredStrategy.endMarked}. Present only with the option `revocation`. */
  endMarked?(args: EndMarkedArgs): Promise<boolean>
}

/** A strategy whose sessions are in a store. It can list and end them without a request of their user. */
export interface StoredStrategy<Data extends SessionObject> extends SessionStrategy<Data> {
  readonly kind: 'stored'
  /**
   * Lists every session of a user, for an administrator. Needs the option `user`.
   *
   * @throws {ConfigError} `ERR_CONFIG` if the option is missing, or the store cannot list
   */
  list(args: { readonly user: string; readonly env?: unknown }): Promise<SessionInfo[]>
  /** Ends every session of a user and returns their number: when an account is closed or taken over. */
  endAll(args: EndAllArgs): Promise<number>
  /** Ends one session of a user, for an administrator. Resolves with false if the user has none of this id. */
  endOne(args: EndOneArgs): Promise<boolean>
  /**
   * Ends every session for which the option `mark` returned this mark, and also sessions that begin within `maxAge`
   * afterwards. Resolves with false, and changes nothing, if the message `once` was seen before.
   *
   * @throws {ConfigError} `ERR_CONFIG` if the option `mark` is missing, or the store has no `endMarked`
   */
  endMarked(args: EndMarkedArgs): Promise<boolean>
}

/** Options of `start`. */
export interface StartOptions<Data> {
  /**
   * Members of the old session to copy. They are copied only if the old session had no user or the same user.
   *
   * @default []
   */
  readonly keep?: ReadonlyArray<keyof Data>
  /**
   * When the user authenticated, in milliseconds since the epoch: the `auth_time` of an identity provider. A later time
   * than now counts as now; 0 means that the time is unknown. `fresh` and `requireFresh` count from it.
   *
   * @default now
   */
  readonly authenticatedAt?: number
}

/** Keys of Data that may be absent. */
export type OptionalKey<Data> = {
  [K in keyof Data]-?: Record<never, never> extends Pick<Data, K> ? K : never
}[keyof Data]

/** The session of one request. It is read when it is first needed and written only if it changed. */
export interface SessionHandle<Data extends SessionObject> {
  /**
   * Returns a copy of the data. Returns undefined without a session: no cookie, or an expired, tampered or foreign one.
   * To change the session call `set` or `update`.
   */
  get(): Promise<Data | undefined>
  /**
   * Changes one member of an existing session. The change is written once, after the handler.
   *
   * @throws {PortcullisError} `ERR_SESSION_NOT_STARTED` without a session and without `initial` (immediately if the
   * request
   *   carries no cookie, otherwise when it is written), `ERR_SESSION_DATA` for data that JSON cannot represent,
   *   `ERR_SESSION_ENDED`.
   */
  set<K extends keyof Data>(key: K, value: Data[K]): void
  /** Removes one optional member; otherwise like {@link set}. */
  unset(key: OptionalKey<Data>): void
  /**
   * Creates or changes the session from its current data, and resolves with the data that was stored. The function must
   * be pure, because it runs again after a conflict. Earlier changes by `set` are applied first.
   *
   * @param options.ifVersion - writes only if the session still has this version, which `info()` returned, perhaps in
   * an
   *   earlier request. So a form that was filled in on older data, or by another user, stores nothing. Needs stored
   * sessions.
   * @throws {PortcullisError} `ERR_SESSION_DATA`, `ERR_SESSION_IDENTITY_CHANGED`, `ERR_SESSION_ENDED`,
   *   `ERR_SESSION_UNREADABLE`, `ERR_SESSION_CONFLICT`, `ERR_COOKIE_TOO_LARGE`
   */
  update(
    change: (sessionData: Data | undefined) => Data,
    options?: { readonly ifVersion?: string },
  ): Promise<Data>
  /**
   * Login: creates a session under a new id and ends the old one in the same step. `keep` copies members of the old
   * session if it had no user or the same user. Flash messages are kept under the same condition.
   */
  start(sessionData: Data, options?: StartOptions<Data>): Promise<void>
  /** Logout: ends the session and expires its cookie, even one that cannot be read. Calling it twice is harmless. */
  end(): Promise<void>
  /** Leaves a message for a later request, also after `end`. */
  flash(name: string, value: unknown): void
  /** Removes and returns a message that this or an earlier request left. Returns undefined if there is none. */
  takeFlash(name: string): Promise<unknown>
  /** Returns facts about the session, or undefined where there is none. */
  info(): Promise<SessionInfo | undefined>
  /** Writes the changes that were made so far; they stay written if the handler throws afterwards. */
  commit(): Promise<void>
  /** Lists the user's sessions, this one marked `current`. @throws {ConfigError} `ERR_CONFIG` for stateless sessions */
  list(): Promise<SessionInfo[]>
  /** Ends one session of this user by the id that `list` returned. Resolves with false if there is none of this id. */
  endOne(id: string): Promise<boolean>
  /** Ends every session of this user. @throws {ConfigError} `ERR_CONFIG` for stateless sessions without `revocation` */
  endAll(options?: { readonly exceptCurrent?: boolean }): Promise<void>
}

/** A handle with the methods that the middleware and the gateway call when the response is known. */
export interface FlushableHandle<Data extends SessionObject> extends SessionHandle<Data> {
  /**
   * Starts reading a stored session, so that the read shares the request's Redis batch and needs no round trip of its
   * own.
   */
  prefetch(): Promise<void>
  /** Removes and returns all messages that `mayTake` selects, in one step. Returns undefined if there are none. */
  takeMessages(mayTake: (name: string, value: unknown) => boolean): Promise<Messages | undefined>
  /** Returns {@link SessionHandle.info} without the digest. Returns undefined also before the session was read. */
  facts(): Omit<SessionInfo, 'id'> | undefined
  /** Returns the fields of events for a session that was read. They are empty if there is no listener. */
  tags(): Promise<EventTags>
  /** Returns the device of a bound session that was read, even if the session is not valid for this request. */
  device(): DeviceState | undefined
  /**
   * Adds the session's cookie and cache headers to the final response. Returns the response, or a copy where its
   * headers cannot be changed. A response carries at most one Set-Cookie of ours. Call it once, after the handler.
   *
   * @param options.failed - true if the handler threw: then only changes that were committed explicitly are sent.
   */
  flush(response: Response, options?: { readonly failed?: boolean }): Response | Promise<Response>
}

/** Fields of a session for its events. */
export interface EventTags {
  /** Digest of the session's id. */
  readonly session?: string
  /** Keyed tag of its user. */
  readonly user?: string
}

/** The client that last used a session; see `clientInfo`. An unknown member is absent. */
export interface SessionClient {
  /** Browser and major version, such as `Chrome 140`. */
  readonly browser?: string
  /** Operating system, such as `Windows`, `iOS 18` or `macOS`. */
  readonly system?: string
  /** `desktop`, `mobile`, `tablet`, `tv` or `bot`. */
  readonly deviceKind?: string
  /** ISO 3166-1 code of the country, if the platform sends it. */
  readonly country?: string
  /** The client's network: its address cut to a /24 or, with IPv6, a /48. */
  readonly network?: string
  /** When the session began to be used with this client, in milliseconds since the epoch. */
  readonly since: number
}

/** Facts about a session. Times are in milliseconds since the epoch. */
export interface SessionInfo {
  /** A digest of the session's id: safe to show and to log, useless as a cookie. */
  readonly id: string
  /** When the session was created. A login with `start` creates a new one. */
  readonly createdAt: number
  /** The last request that was recorded. The last request itself may be up to a tenth of the idle timeout later. */
  readonly seenAt: number
  /** The absolute timeout, at which the session ends in any case. */
  readonly expiresAt: number
  /** The idle timeout: when the session ends if no request comes. Never later than `expiresAt`. */
  readonly idleExpiresAt: number
  /** True if the session came from `start` or from a legacy cookie, false for a visitor's. */
  readonly signedIn: boolean
  /** When `start` was called, or its `authenticatedAt`. Undefined for a visitor's session and for an imported one. */
  readonly authenticatedAt?: number
  /** Version of a stored session. It changes with each write, and no two sessions share one. Absent in a list. */
  readonly version?: string
  /** True if the session is valid only on the device that signed in. Absent without the option `device`. */
  readonly bound?: boolean
  /** When the device of this request last proved itself. Only for a bound session, and absent in a list. */
  readonly provedAt?: number
  /** The client of the last request that was recorded. Absent without the option `clientInfo`. */
  readonly client?: SessionClient
  /** In a list: true for the session of this request. */
  readonly current?: boolean
}
