/** Where a handle leaves the work that differs between kinds of sessions. */
import type { Ref } from '../../store/contract.ts'
import type { CookieJar, OutgoingCookie } from '../../types.ts'
import type { SessionRecord } from './record.ts'
import type { SessionInfo } from './types.ts'

/**
 * Why a request may not write although it has no session: the cookie is somebody's whom this deployment cannot read, its
 * times are ahead of this machine's clock, or its session ended while this request was on its way. A new cookie would
 * overwrite a better one.
 */
export type WriteBlockReason = 'unknown-key' | 'invalid-data' | 'from-the-future' | 'ended'

/** Where a stored session is. */
export interface SessionLocation {
  readonly ref: Ref
  /** Which idle limit counts. */
  readonly signedIn: boolean
  /** Absent where there is no row, or none that lives. */
  readonly version?: string
  /** Where the session came, or would come, from a legacy cookie of this request. */
  readonly legacy?: LegacyLocation
}

/** What is known of a legacy cookie before it is imported. */
export interface LegacyLocation {
  /** The id that every import of this very seal has. */
  readonly id: string
  /** What is there once the seal was imported, so that no copy of it is imported again. */
  readonly claim: Ref
  /** Milliseconds for which a copy of the seal could still open. */
  readonly lasts: number
}

/** A session as this request found it. */
export interface LoadResult<Data> {
  readonly record: SessionRecord<Data> | undefined
  readonly block?: WriteBlockReason
  /** Whether something must be written although nothing was changed: an import, or an activity worth noting. */
  readonly due?: 'import' | 'slide'
  /** Of a stored session, also of one that is gone. */
  readonly place?: SessionLocation
}

/** What a write does to a record; undefined means that nothing changed. Runs again under conflict, so it is pure. */
export type ChangeRecord<Data> = (
  record: SessionRecord<Data> | undefined,
) => Promise<SessionRecord<Data> | undefined> | SessionRecord<Data> | undefined

/** Makes the record of a login from what was there before; runs again under conflict. */
export type MakeRecord<Data> = (
  old: SessionRecord<Data> | undefined,
) => Promise<SessionRecord<Data>>

/** What was written: the session as it is now, and the cookies that carry it; undefined: those before stay. */
export interface WriteResult<Data> {
  readonly loaded: LoadResult<Data>
  readonly cookies: readonly OutgoingCookie[] | undefined
}

/** One kind of session. Holds no state of a request. */
export interface SessionEngine<Data> {
  /** Whether a message that is taken is taken for everybody at once, before it is returned. */
  readonly consumes: boolean
  /** Reads the session of a jar; never throws for what a client sent. */
  load(jar: CookieJar): Promise<LoadResult<Data>>
  /** Begins a load that travels with what else the request asks; undefined where nothing would be saved. */
  loadSoon?(jar: CookieJar): Promise<(() => Promise<LoadResult<Data>>) | undefined>
  /** Writes a change of what was loaded; undefined where nothing changed. */
  write(
    jar: CookieJar,
    loaded: LoadResult<Data>,
    change: ChangeRecord<Data>,
  ): Promise<WriteResult<Data> | undefined>
  /** Replaces what was loaded by a session under a new id. Works whatever became of the old one. */
  start(
    jar: CookieJar,
    loaded: LoadResult<Data>,
    make: MakeRecord<Data>,
    keeps: boolean,
  ): Promise<WriteResult<Data>>
  /**
   * Ends what was loaded. `issued`: a cookie already went to the jar, so one that removes it must follow. A store that
   * could not be asked is `failure`: the cookie goes all the same.
   */
  end(
    jar: CookieJar,
    loaded: LoadResult<Data> | undefined,
    issued: boolean,
  ): Promise<WriteResult<Data> & { failure?: unknown }>
  /** Sessions of the user of this one. */
  list?(jar: CookieJar, loaded: LoadResult<Data>): Promise<SessionInfo[]>
  /** Ends one of them by the digest of its id. */
  endOne?(jar: CookieJar, loaded: LoadResult<Data>, id: string): Promise<boolean>
  /** Ends them; this one too, unless it is kept, and then it may need a new cookie. */
  endAll?(
    jar: CookieJar,
    loaded: LoadResult<Data>,
    keepCurrent: boolean,
  ): Promise<WriteResult<Data> | undefined>
}
