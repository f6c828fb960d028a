/** Where a handle leaves the work that differs between kinds of sessions. */
import type { CookieJar, OutgoingCookie } from '../types.ts'
import type { SessionRecord } from './record.ts'

/** Why a request may not write although it has no session: the cookie is somebody's whom this deployment cannot read. */
export type Block = 'unknown-key' | 'invalid-data'

/** A session as this request found it. */
export interface Loaded<Data> {
  readonly record: SessionRecord<Data> | undefined
  readonly block?: Block
  /** Whether something must be written although nothing was changed: an import, or an activity worth noting. */
  readonly due?: 'import' | 'slide'
}

/** What a write does to a record; undefined means that nothing changed. Runs again under conflict, so it is pure. */
export type Change<Data> = (
  record: SessionRecord<Data> | undefined,
) => Promise<SessionRecord<Data> | undefined> | SessionRecord<Data> | undefined

/** What was written: the session as it is now, and the cookies that carry it. */
export interface Written<Data> {
  readonly loaded: Loaded<Data>
  readonly cookies: readonly OutgoingCookie[]
}

/** One kind of session. Holds no state of a request. */
export interface Engine<Data> {
  /** Reads the session of a jar; never throws for what a client sent. */
  load(jar: CookieJar): Promise<Loaded<Data>>
  /** Writes a change of what was loaded; undefined where nothing changed. */
  write(jar: CookieJar, loaded: Loaded<Data>, change: Change<Data>): Promise<Written<Data> | undefined>
  /** Replaces what was loaded by a session under a new id. Works whatever became of the old one. */
  start(jar: CookieJar, loaded: Loaded<Data>, record: SessionRecord<Data>): Promise<Written<Data>>
  /** Ends what was loaded. `issued`: a cookie already went to the jar, so one that removes it must follow. */
  end(jar: CookieJar, loaded: Loaded<Data> | undefined, issued: boolean): Promise<Written<Data>>
}
