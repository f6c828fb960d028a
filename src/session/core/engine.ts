/**
 * Defines the interface between the handle of a request and one kind of session. A handle records the
 * changes of one request; an engine loads, writes and ends sessions, and holds no state of a request.
 * `stateless/engine.ts` and `stored/engine.ts` implement it, `stateless/revocations.ts`, `device/` and
 * `client/` wrap it, and `handle/` calls it. Nothing here runs.
 *
 * Engines reject with `ERR_STORE_UNAVAILABLE`, `ERR_SESSION_CONFLICT`, `ERR_SESSION_ENDED` or
 * `ERR_COOKIE_TOO_LARGE`, never for data that a client sent.
 */

import type { Issues } from '../../options/issues.ts'
import type { Ref } from '../../store/contract.ts'
import type { CookieJar, OutgoingCookie } from '../../types.ts'
import type { SessionSettings } from './options/settings.ts'
import type { SessionRecord } from './record.ts'
import type { SessionClient, SessionInfo } from './types.ts'

/**
 * The reason why a request without a usable session must not create one: its cookie belongs to another deployment, its
 * times are ahead of this machine's clock, it is bound to a device that did not prove itself, or the session has ended
 * meanwhile. A new cookie would overwrite one that is still good elsewhere.
 */
export type WriteBlockReason =
  | 'unknown-key'
  | 'invalid-data'
  | 'from-the-future'
  | 'ended'
  | 'not-bound'

/** Location of a stored session. */
export interface SessionLocation {
  readonly ref: Ref
  /** True if `idleTimeout` applies, false if `anonymousIdle` does. */
  readonly signedIn: boolean
  /** Version of the row. Absent if there is no row that is alive. */
  readonly version?: string
  /** Present if the session comes from a legacy cookie of this request. */
  readonly legacy?: LegacyLocation
}

/** Facts about a legacy cookie before it is imported. */
export interface LegacyLocation {
  /** The id that every import of this very seal has. */
  readonly id: string
  /** Key of the tombstone that an import leaves, so that no copy of the seal is imported again. */
  readonly importMark: Ref
  /** Milliseconds for which a copy of the seal could still open. */
  readonly lifetimeMs: number
}

/** The session that a request carries, as it was read. */
export interface LoadResult<Data> {
  readonly record: SessionRecord<Data> | undefined
  readonly block?: WriteBlockReason
  /** A write that is needed although the app changed nothing: an import, or a request to record. */
  readonly pendingWrite?: 'import' | 'slide'
  /** Location of a stored session, even of one that does not exist any more. */
  readonly location?: SessionLocation
  /** State of a device-bound session, also of one that is not valid for this request. */
  readonly device?: DeviceState
  /** Cookies to send if the request writes nothing. A write replaces them. */
  readonly cookies?: readonly OutgoingCookie[]
}

/** The state of the device of a bound session in a request. */
export interface DeviceState {
  /** When the device last proved itself, in milliseconds since the epoch; absent if the session is not valid here. */
  readonly provedAt?: number
  /** True if the browser claims that it could not prove itself. Any client can claim this, so no check relies on it. */
  readonly isSkipped?: boolean
  /** A cookie that removes the bound cookie, so that the browser proves itself before its next request. */
  readonly expire: OutgoingCookie
  /**
   * Creates the page that reloads itself; present where another origin began the navigation and the bound cookie is
   * missing.
   */
  readonly reload?: () => Response
}

/** Decides whether a loaded session counts on the device of its request. It returns a session without a key as it is. */
export type CheckDevice<Data> = (
  cookieJar: CookieJar,
  session: LoadResult<Data>,
) => LoadResult<Data> | Promise<LoadResult<Data>>

/**
 * Computes the next record; undefined means that nothing changed. It runs again after a conflict, so it must be pure.
 */
export type ChangeRecord<Data> = (
  record: SessionRecord<Data> | undefined,
) => Promise<SessionRecord<Data> | undefined> | SessionRecord<Data> | undefined

/** Computes the record of a login from the session before it. It runs again after a conflict, so it must be pure. */
export type MakeRecord<Data> = (
  oldRecord: SessionRecord<Data> | undefined,
) => Promise<SessionRecord<Data>>

/** A login: how to make its record, and whether data of the session before it carries over. */
export interface SessionLogin<Data> {
  readonly make: MakeRecord<Data>
  readonly keepsData: boolean
}

/** The session after a write, and the cookies to send. Undefined cookies keep those of an earlier write. */
export interface WriteResult<Data> {
  readonly session: LoadResult<Data>
  readonly cookies: readonly OutgoingCookie[] | undefined
}

/** The result of a logout. `failure` is the error of a store; the cookie expires nevertheless. */
export type EndResult<Data> = WriteResult<Data> & { readonly failure?: unknown }

/** One kind of session. It holds no state of a request. */
export interface SessionEngine<Data> {
  /** True if taking a message removes it from the store before the message is returned. */
  readonly consumesMessages: boolean
  /**
   * Reads the session of a request. It never throws for data that a client sent.
   *
   * @param checkDevice - must be applied to the session before it is returned.
   */
  load(cookieJar: CookieJar, checkDevice?: CheckDevice<Data>): Promise<LoadResult<Data>>
  /**
   * Reads the session of a request from its cookie alone, without a request to a store. The result has the location of
   * a stored session, or a record that may have been revoked meanwhile. Engines whose `load` needs no store do not have
   * it.
   */
  readCookie?(cookieJar: CookieJar): Promise<LoadResult<Data>>
  /** Starts a load that shares the request's Redis batch. Returns undefined where there is nothing to share. */
  prefetch?(cookieJar: CookieJar): Promise<(() => Promise<LoadResult<Data>>) | undefined>
  /** Writes a change to the loaded session. Returns undefined where nothing changed. */
  write(
    cookieJar: CookieJar,
    session: LoadResult<Data>,
    change: ChangeRecord<Data>,
  ): Promise<WriteResult<Data> | undefined>
  /**
   * Writes a change that gives the session a new id, and ends the old one. Only stateless sessions with `revocation`
   * have it: a stored session keeps its id until the next `start`.
   */
  renew?(
    cookieJar: CookieJar,
    session: LoadResult<Data>,
    change: ChangeRecord<Data>,
  ): Promise<WriteResult<Data> | undefined>
  /** Replaces the loaded session by one under a new id. It succeeds in any state of the old one. */
  start(
    cookieJar: CookieJar,
    session: LoadResult<Data>,
    login: SessionLogin<Data>,
  ): Promise<WriteResult<Data>>
  /**
   * Ends the session.
   *
   * @param cookieIssued - true if this response already carries a cookie of ours, which must be expired too.
   */
  end(
    cookieJar: CookieJar,
    session: LoadResult<Data> | undefined,
    cookieIssued: boolean,
  ): Promise<EndResult<Data>>
  /** Returns the version of a session, if this kind of session has versions. */
  readVersion?(session: LoadResult<Data>): string | undefined
  /**
   * Returns a function that each attempt of a write calls, to restrict the write to one version.
   *
   * @throws {PortcullisError} `ERR_SESSION_CONFLICT`, here or from the returned function
   */
  guardVersion?(session: LoadResult<Data>, ifVersion: string): () => void
  /** Lists the sessions of this session's user. */
  list?(cookieJar: CookieJar, session: LoadResult<Data>): Promise<SessionInfo[]>
  /** Ends one of the user's sessions by the digest of its id. */
  endOne?(cookieJar: CookieJar, session: LoadResult<Data>, id: string): Promise<boolean>
  /** Ends the user's sessions. A current session that is kept may need a new cookie. */
  endAll?(
    cookieJar: CookieJar,
    session: LoadResult<Data>,
    keepCurrent: boolean,
  ): Promise<WriteResult<Data> | undefined>
}

/** The value of the option `clientInfo`: the result of `clientInfo()`. */
export interface ClientInfoOption {
  /** Validates the option. Issues are collected, not thrown. */
  compile(issues: Issues): ClientRecorder
}

/** Stores with each session which client it was last used with. */
export interface ClientRecorder {
  /** Wraps an engine, so that it stores the client with each session that it writes. */
  wrapEngine<Data extends object>(
    settings: SessionSettings<Data>,
    engine: SessionEngine<Data>,
  ): SessionEngine<Data>
  /** Reads the client that is stored with a session; undefined for an unknown form. */
  describe(storedClient: object): SessionClient | undefined
}
