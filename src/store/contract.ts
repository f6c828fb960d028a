/**
 * Defines what a session store promises: seven atomic verbs, or Keystone's three. `session/stored`
 * calls the verbs, and every store implements them; `storeContract` in `portcullis/testing` tests
 * them. A verb that cannot reach its database rejects and never answers `none`.
 */
import type { EndMarkedOptions } from './mark-types.ts'

/**
 * Where a session is: two digests, both from the sealed cookie. A store never sees an id that would open a session.
 */
export interface Ref {
  /** Digest of the session's id. */
  readonly key: string
  /** Digest of its user: the name of the list of that user's sessions. Absent for a visitor's session. */
  readonly index?: string
  /**
   * Digest of an outside session that this one depends on, such as the session at an identity
   * provider. Once `endMarked` was called for it, every session that names it has ended, also one
   * that begins later. Absent where the session depends on nothing.
   */
  readonly mark?: string
}

/** A session to keep. Times are milliseconds since the epoch, by the clock of whoever writes. */
export interface Row extends Ref {
  /** The content: sealed text, opaque to the store. */
  readonly record: string
  /** When the session ends whatever happens. Settled when the row is made: `replace` does not move it. */
  readonly end: number
  /** Now. */
  readonly now: number
  /** Milliseconds without a request after which the session ends. */
  readonly idle: number
  /**
   * Random id of this write, without white space. The store remembers it for {@link writeMemory} ms, however many others
   * write meanwhile: a write that is sent again because its answer was lost finds its own id, answers `ok` with the version
   * that it made, and changes nothing.
   */
  readonly write: string
}

/**
 * Milliseconds for which a store remembers the id of a write. A client sends a write again within its time limit, 30 s at
 * most; the rest is for clocks that differ.
 */
export const writeMemory = 60_000

/** When and how a row is looked at. Milliseconds. */
export interface ReadAt {
  /** Milliseconds since the epoch, by the reader's clock. */
  readonly now: number
  /** As in {@link Row}: the reader's own limit, whatever the row was written under. */
  readonly idle: number
  /** A request is noted when the last one that was is at least this long ago; it spares a write for each read. */
  readonly slice: number
}

/** A session that lives, as the store has it. */
export interface Found {
  /** There is a row that lives. */
  readonly is: 'found'
  /** `1` when made, one more with each `replace`: decimal, so that whoever seals the record can seal its version in. */
  readonly version: string
  /** The sealed record, as it was written. */
  readonly record: string
  /** The last request that was noted, this one included where it was. Never goes back. */
  readonly seen: number
  /** When it ends whatever happens, in milliseconds since the epoch. */
  readonly end: number
}

/** A session that a login replaced moments ago. */
export interface Replacement extends Found {
  /** The index of the session that came in its place. */
  readonly by?: string
}

/**
 * No such session. `none`: the store does not know it. `expired`: past its idle or absolute limit. `ended`: moments ago,
 * or all of its user's were. Whoever meets `ended` must neither make a session in its place nor send a cookie.
 */
export interface Gone {
  /** Never there or forgotten, idle for too long, or ended on purpose. */
  readonly is: 'none' | 'expired' | 'ended'
}

/** Another write came first: the row as it is now. */
export interface Conflict extends Omit<Found, 'is'> {
  /** Somebody else wrote first; what is there now comes along. */
  readonly is: 'conflict'
}

/** Answer to `replace`: `version` is what this very write made, also when it is sent again after others. */
export type Replaced = { readonly is: 'ok'; readonly version: string } | Conflict | Gone

/** Answer to `rotate`. */
export type Rotated = { readonly is: 'ok' } | Conflict | Gone

/** How `rotate` treats the old session. */
export interface RotateOptions {
  /** Rotates only from this version; absent: whatever became of the old session. */
  readonly ifVersion?: string
  /** Milliseconds for which the old key answers `ended`. */
  readonly grace: number
}

/** A read that waits to travel with whatever else its request asks. */
export interface WaitingRead {
  /** The answer, once it was sent. */
  readonly found: Promise<Found | Gone>
  /** Sends it, unless something else took it along. */
  send(): Promise<void>
}

/** The request of a verb: stores whose address is in the environment need it, others ignore it. */
export interface StoreContext {
  /** The argument of the store's `From` functions. */
  readonly env?: unknown
}

/**
 * A store whose verbs each happen at once or not at all, also against those of other machines. Every limit is judged
 * before anything is touched; at exactly a limit a session has ended.
 *
 * The index is the authority: a session with an `index` lives only while the index lists it. Ending all of a user's
 * sessions therefore forgets one thing, and nothing can be missed. A verb that could not ask rejects; it never answers
 * `none` for it. `storeContract` in `portcullis/testing` holds a store to all of this.
 */
export interface AtomicStore {
  /** Keeps a session at a key that holds none, not even one that ended; otherwise `taken`. Lists it in its index. */
  create(row: Row, context: StoreContext): Promise<{ readonly is: 'ok' | 'taken' }>
  /** Judges both limits, then notes the request where it is due. Changes no record and makes no row. */
  read(ref: Ref, at: ReadAt, context: StoreContext): Promise<Found | Gone>
  /** Replaces the record of a session that lives and has this version. Never makes one. */
  replace(row: Row, ifVersion: string, context: StoreContext): Promise<Replaced>
  /**
   * Ends `old` and keeps `next`, in one step. Without `ifVersion` it succeeds whatever became of `old`, since a login must
   * work; with it, `old` must live and have that version. A `next` whose key is in use answers `ended`. Where a user has too
   * many sessions, those that idled out go first, then those that end first; the same with `create`.
   */
  rotate(old: Ref, next: Row, options: RotateOptions, context: StoreContext): Promise<Rotated>
  /** Ends a session; its key answers `ended` for `grace` ms if there was a row. True if it lived until now: once. */
  end(ref: Ref, grace: number, context: StoreContext): Promise<boolean>
  /** Sessions of an index, in no order. Their idle limits are the caller's to judge. */
  list(index: string, context: StoreContext): Promise<Found[]>
  /** Ends every session of an index but `keep`, and says how many the index listed. */
  endAll(index: string, keep: Ref | undefined, context: StoreContext): Promise<number>
  /**
   * Ends every session whose `mark` this is, also those that begin while the mark lasts: they
   * answer `ended`. Answers `false`, and changes nothing, where `once` names a message that came
   * before. Optional: without it nothing can end sessions from an identity provider.
   */
  endMarked?(mark: string, options: EndMarkedOptions, context: StoreContext): Promise<boolean>
  /**
   * Judges what the environment holds for the store, without asking it, where that can be judged.
   *
   * @throws {ConfigError} `ERR_CONFIG`
   */
  check?(env: unknown): void
  /**
   * Begins a read that goes along with what this request asks next; undefined where nothing is shared. Optional: it saves a
   * request, and nothing depends on it.
   */
  readSoon?(ref: Ref, at: ReadAt, context: StoreContext): WaitingRead | undefined
  /**
   * The row that `rotate` ended, as it was, while its mark lasts; undefined for one that `end` ended, and for any other key.
   * Optional: without it a login form that is sent twice may lose what it was to keep.
   */
  readReplaced?(ref: Ref, context: StoreContext): Promise<Replacement | undefined>
}

/**
 * Keystone's three verbs: enough for sessions, but not for what needs one step. Races may lose writes and undo a logout,
 * and there is no list of a user's sessions. Values are sealed text; a `Map` will do.
 */
export interface SimpleStore {
  /** Returns the value that was set, or undefined or null. */
  get(key: string, context: StoreContext): unknown
  /** Keeps a record under this key, in the place of one that is there. */
  set(key: string, value: string, context: StoreContext): unknown
  /** Forgets it; harmless where there is none. */
  delete(key: string, context: StoreContext): unknown
}

/** Anything that sessions can be stored in. */
export type SessionStore = AtomicStore | SimpleStore

/** The option `store`: a store, or, as Keystone has it, a function called once with the longest life in seconds. */
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
