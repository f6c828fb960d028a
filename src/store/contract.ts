/**
 * Defines the contract of a session store: seven atomic verbs (`AtomicStore`), or the three of Keystone
 * (`SimpleStore`). Every store of this folder implements it, `session/stored` calls the verbs, and
 * applications implement it for a database of their own; `storeContract` in `portcullis/testing` tests
 * an implementation.
 *
 * A verb that cannot reach its database rejects, with `ERR_STORE_UNAVAILABLE` or `ERR_STORE_REFUSED`,
 * and never answers `none`, which would sign users out. Only `isAtomic` runs here.
 */
import type { EndMarkedOptions } from './mark-types.ts'

/**
 * The location of a session in a store, as digests that come from the encrypted cookie. A store never sees an id with
 * which somebody could use a session.
 */
export interface Ref {
  /** Digest of the session's id. */
  readonly key: string
  /** Digest of the session's user, which names the list of that user's sessions. Absent for a visitor's session. */
  readonly index?: string
  /**
   * Digest of an outside session that this one depends on, such as the session at an identity
   * provider. After a call of `endMarked` for it, every session with this mark has ended, even
   * one that begins later. Absent where the session depends on no other.
   */
  readonly mark?: string
}

/** A session to store. Times are milliseconds since the epoch, by the clock of the writer. */
export interface Row extends Ref {
  /** The encrypted content, opaque to the store. */
  readonly record: string
  /** The absolute timeout of the session. It is fixed when the row is created: `replace` does not change it. */
  readonly end: number
  /** The current time. */
  readonly now: number
  /** Milliseconds without a request after which the session ends. */
  readonly idle: number
  /**
   * Random id of this write, without white space. The store remembers it for {@link writeMemory} ms, even if others
   * write meanwhile. So a write that is repeated because its answer was lost is recognised: the store answers `ok` with
   * the version that the first one made, and changes nothing.
   */
  readonly write: string
}

/**
 * Milliseconds for which a store remembers the id of a write. A client repeats a write within its time limit, which is
 * at most 30 seconds; the rest allows for clocks that differ.
 */
export const writeMemory = 60_000

/** The time and the limits of a read, in milliseconds. */
export interface ReadAt {
  /** Milliseconds since the epoch, by the reader's clock. */
  readonly now: number
  /** As in {@link Row}: the idle timeout of the reader, which may differ from that of the writer. */
  readonly idle: number
  /** Least time between two requests that are recorded as `seen`, so that not every read is also a write. */
  readonly slice: number
}

/** A session that is alive, as it is stored. */
export interface Found {
  /** The session is alive. */
  readonly is: 'found'
  /** A decimal number: `1` for a new row, one more after each `replace`. The version is also sealed into the record. */
  readonly version: string
  /** The sealed record, as it was written. */
  readonly record: string
  /** Time of the last recorded request, which may be this one. It never decreases. */
  readonly seen: number
  /** The absolute timeout, in milliseconds since the epoch. */
  readonly end: number
}

/** A session that a login has replaced within the grace of `rotate`. */
export interface Replacement extends Found {
  /** The index of the session that replaced it. */
  readonly by?: string
}

/**
 * The answer for a session that is not alive. `none`: the store has no such row. `expired`: it is past its idle or
 * absolute timeout. `ended`: it ended within the grace, or all sessions of its user did. A caller that receives `ended`
 * must neither create a session in its place nor send a cookie.
 */
export interface Gone {
  /** No row, past a timeout, or ended on purpose. */
  readonly is: 'none' | 'expired' | 'ended'
}

/** The answer to a write that met another version: the row as it is now. */
export interface Conflict extends Omit<Found, 'is'> {
  /** Another write came first. */
  readonly is: 'conflict'
}

/** The answer to `replace`. `version` is the one that this write made, even if the write is repeated after others. */
export type Replaced = { readonly is: 'ok'; readonly version: string } | Conflict | Gone

/** The answer to `rotate`. */
export type Rotated = { readonly is: 'ok' } | Conflict | Gone

/** How `rotate` treats the old session. */
export interface RotateOptions {
  /** If set, the old session must be alive and have this version. If absent, its state does not matter. */
  readonly ifVersion?: string
  /** Milliseconds for which the old key answers `ended`. */
  readonly grace: number
}

/** A read that waits, so that it can be sent in one request with other commands. */
export interface WaitingRead {
  /** Resolves with the answer after the read was sent. */
  readonly found: Promise<Found | Gone>
  /** Sends the read, unless another command has sent it already. */
  send(): Promise<void>
}

/** The context of a call. Stores whose address is in the environment need it, others ignore it. */
export interface StoreContext {
  /** The argument of the store's `FromEnv` functions. */
  readonly env?: unknown
}

/**
 * A store whose verbs are atomic: each takes effect completely or not at all, also if other machines call verbs at the
 * same time. Every timeout is checked before anything is changed; at exactly a timeout a session has ended.
 *
 * The index decides: a session with an `index` is alive only while the index lists it. So to end all sessions of a user
 * a store only has to forget the index, and cannot miss a session. A verb that cannot reach the database rejects and
 * never answers `none`. `storeContract` in `portcullis/testing` tests all of this.
 */
export interface AtomicStore {
  /**
   * Stores a session and lists it in its index. Answers `taken` if the key is in use, even by a session that has ended.
   */
  create(row: Row, context: StoreContext): Promise<{ readonly is: 'ok' | 'taken' }>
  /** Checks both timeouts, then records the request if `slice` has passed. It changes no record and creates no row. */
  read(ref: Ref, at: ReadAt, context: StoreContext): Promise<Found | Gone>
  /** Replaces the record of a session that is alive and has this version. It never creates a row. */
  replace(row: Row, ifVersion: string, context: StoreContext): Promise<Replaced>
  /**
   * Ends `old` and stores `next`, in one step. Without `ifVersion` it succeeds in any state of `old`, since a login
   * must work; with it, `old` must be alive and have that version. It answers `ended` if the key of `next` is in use.
   * If a user has too many sessions, idle ones are ended first, then those that expire first; `create` does the same.
   */
  rotate(old: Ref, next: Row, options: RotateOptions, context: StoreContext): Promise<Rotated>
  /**
   * Ends a session; if it had a row, its key answers `ended` for `grace` ms. Resolves with true if it was alive. `write`
   * is the random id of this call, as in {@link Row}: a call that is repeated after a lost reply answers as before.
   */
  end(ref: Ref, grace: number, context: StoreContext, write?: string): Promise<boolean>
  /** Lists the sessions of an index, in any order. The caller must check their idle timeouts. */
  list(index: string, context: StoreContext): Promise<Found[]>
  /**
   * Ends every session of an index except `keep`. Resolves with the number of sessions that the index listed. `write` is
   * as for `end`.
   */
  endAll(
    index: string,
    keep: Ref | undefined,
    context: StoreContext,
    write?: string,
  ): Promise<number>
  /**
   * Ends every session with this mark, even those that begin while the mark lasts: they answer
   * `ended`. Resolves with `false`, and changes nothing, if the message `once` was seen before with
   * another `write`. Optional: without it an identity provider cannot end sessions.
   */
  endMarked?(mark: string, options: EndMarkedOptions, context: StoreContext): Promise<boolean>
  /**
   * Validates the store's values in an environment as far as possible without a request to the store.
   *
   * @throws {ConfigError} `ERR_CONFIG`
   */
  check?(env: unknown): void
  /**
   * Begins a read that is sent together with the next commands of this request; undefined if requests share nothing.
   * Optional: it saves one request to the store.
   */
  readSoon?(ref: Ref, at: ReadAt, context: StoreContext): WaitingRead | undefined
  /**
   * Returns the row that `rotate` ended, within its grace; undefined for a row that `end` ended, and for any other key.
   * Optional: without it a login form that is sent twice may lose the data that it should carry over.
   */
  readReplaced?(ref: Ref, context: StoreContext): Promise<Replacement | undefined>
}

/**
 * The three verbs of Keystone. They can store sessions, but parallel requests may lose writes and undo a logout, and
 * there is no list of a user's sessions. Values are sealed text. A `Map` is a valid store.
 */
export interface SimpleStore {
  /** Returns the value that was set, or undefined or null. */
  get(key: string, context: StoreContext): unknown
  /** Stores a record under this key, and replaces an existing one. */
  set(key: string, value: string, context: StoreContext): unknown
  /** Deletes the record of this key, if there is one. */
  delete(key: string, context: StoreContext): unknown
}

/** Anything that sessions can be stored in. */
export type SessionStore = AtomicStore | SimpleStore

/** The option `store`: a store, or a function that creates one and is called once with `maxAge` in seconds. */
export type StoreOption = SessionStore | ((args: { readonly maxAge: number }) => SessionStore)

const VERBS = ['create', 'read', 'replace', 'rotate', 'end', 'list', 'endAll'] as const

/**
 * Whether a store has all seven atomic verbs; otherwise it is used through `get`, `set` and `delete`.
 *
 * @example
 * ```ts
 * if (!isAtomic(store)) console.warn('Parallel requests may lose writes')
 * ```
 */
export function isAtomic(store: SessionStore): store is AtomicStore {
  return VERBS.every((verb) => typeof (store as Partial<AtomicStore>)[verb] === 'function')
}
