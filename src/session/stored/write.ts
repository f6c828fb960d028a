/**
 * Writes stored sessions: creates them, replaces them while other requests write too, and imports legacy
 * ones. `stored/engine.ts` calls `writeStored` and `importLegacySession`; `start.ts` uses the helpers.
 *
 * It rejects with `ERR_SESSION_ENDED` where another request ended the session, or wrote a record that this
 * deployment cannot read, with `ERR_SESSION_CONFLICT` after many retries, and as the store does. After a
 * conflict the change is computed again from the newer record, so it must be pure.
 */
import { randomId } from '../../crypto/random.ts'
import type { CookieJar } from '../../types.ts'
import type { ChangeRecord, LoadResult, SessionLocation, WriteResult } from '../core/engine.ts'
import { createEndedError } from '../core/errors.ts'
import { emitAbout, emitSessionEvent } from '../core/events.ts'
import type { SessionRecord } from '../core/record.ts'
import { createUserTags, readMark, readUser } from '../core/tags.ts'
import { expireLegacy } from '../legacy/import.ts'
import { GRACE_MS, type StoredContext } from './context.ts'
import { createLocation, type IdentifiedSession, sealLocation } from './cookie.ts'
import { areImportsEnded, type ImportLocation } from './legacy.ts'
import { loadLocation, readConflict, readLocation } from './load.ts'
import { sealRow } from './record.ts'
import { retryOnConflict } from './retry-on-conflict.ts'

/** Random bytes of an id. The digest of the id is the key of the row. */
const ID_BYTES = 32

/** Creates the id of a new session. */
export function createSessionId(): string {
  return randomId(ID_BYTES)
}

/** Creates the location of a session with this id and record. */
export async function createLocationFor<Data extends object>(
  { settings, store }: StoredContext<Data>,
  cookieJar: CookieJar,
  sessionId: string,
  record: SessionRecord<Data>,
): Promise<SessionLocation> {
  const userId = store.atomic ? readUser(settings, record.data) : undefined
  const [index] = userId === undefined ? [] : await createUserTags(settings, cookieJar.env, userId)
  const mark = store.endMarked && (await readMark(settings, cookieJar.env, record.data))
  return createLocation(sessionId, record.authenticated !== undefined, index, mark)
}

/** Returns a session that was written, with its cookie and with cookies that expire legacy ones. */
export async function issueCookie<Data extends object>(
  { settings }: StoredContext<Data>,
  cookieJar: CookieJar,
  session: IdentifiedSession<Data>,
): Promise<WriteResult<Data>> {
  const { location, record } = session
  const { ref, signedIn, version = '1' } = location
  const cookies = [
    await sealLocation(settings, cookieJar, session),
    ...expireLegacy(settings, cookieJar),
  ]
  return {
    session: { record: { ...record, id: ref.key }, location: { ref, signedIn, version } },
    cookies,
  }
}

/** Writes a change: it creates, replaces or imports the session, depending on how it was loaded. */
export function writeStored<Data extends object>(
  context: StoredContext<Data>,
  cookieJar: CookieJar,
  session: LoadResult<Data>,
  change: ChangeRecord<Data>,
): Promise<WriteResult<Data> | undefined> {
  const { pendingWrite, location } = session
  if (pendingWrite === 'import') return importLegacySession(context, cookieJar, session, change)
  return location?.version === undefined
    ? createSession(context, cookieJar, session, change)
    : replaceSession(context, cookieJar, session, change)
}

async function createSession<Data extends object>(
  context: StoredContext<Data>,
  cookieJar: CookieJar,
  session: LoadResult<Data>,
  change: ChangeRecord<Data>,
): Promise<WriteResult<Data> | undefined> {
  const { settings, store } = context
  const record = await change(session.record)
  if (record === undefined) return undefined

  const sessionId = createSessionId()
  const location = await createLocationFor(context, cookieJar, sessionId, record)
  const sessionRow = await sealRow(settings, cookieJar.env, { location, record, version: '1' })
  const { is: status } = await store.create(sessionRow, cookieJar)

  if (status !== 'ok') throw createEndedError()

  // The request's cookie had no live session. If a parallel request has logged in since, our cookie would overwrite its
  // own.
  const oldLocation = session.location
  if (oldLocation && (await readLocation(context, cookieJar, oldLocation)).is === 'ended') {
    await store.end(location.ref, 0, cookieJar)
    throw createEndedError()
  }

  await emitAbout(settings, cookieJar, { type: 'session-created', id: location.ref.key })
  return issueCookie(context, cookieJar, { id: sessionId, location, record })
}

/** Replaces a row. After a conflict it computes the change again, from the record that the other request wrote. */
async function replaceSession<Data extends object>(
  { settings, store }: StoredContext<Data>,
  cookieJar: CookieJar,
  session: LoadResult<Data>,
  change: ChangeRecord<Data>,
): Promise<WriteResult<Data> | undefined> {
  const location = session.location as SessionLocation
  let { record } = session
  let version = location.version as string
  let otherWrite: WriteResult<Data> | undefined

  return retryOnConflict(async () => {
    const nextRecord = await change(record)
    // If there is nothing to write any more, the request continues with the session that the other request wrote.
    if (nextRecord === undefined || record === undefined) return otherWrite

    const nextVersion = String(Number(version) + 1)
    const sessionRow = await sealRow(settings, cookieJar.env, {
      location,
      record: nextRecord,
      version: nextVersion,
    })
    const result = await store.replace(sessionRow, version, cookieJar)
    if (result.is === 'ok') {
      const current = { ...location, version: result.version }
      return { session: { record: nextRecord, location: current }, cookies: undefined }
    }
    if (result.is !== 'conflict') throw createEndedError()

    emitSessionEvent(settings, cookieJar, { type: 'session-conflict' })
    record = await readConflict(settings, cookieJar, location, result)
    // A record that this deployment cannot read must not be overwritten.
    if (record === undefined) throw createEndedError()

    version = result.version
    otherWrite = { session: { record, location: { ...location, version } }, cookies: undefined }
    return 'again' as const
  }, settings.clock)
}

/** Imports a legacy session. One of several parallel imports creates the row, and the others continue with that row. */
export async function importLegacySession<Data extends object>(
  context: StoredContext<Data>,
  cookieJar: CookieJar,
  session: LoadResult<Data>,
  change: ChangeRecord<Data>,
): Promise<WriteResult<Data> | undefined> {
  const location = session.location as ImportLocation
  const { legacy, ...bareLocation } = location

  let current: LoadResult<Data> = { record: session.record, location: bareLocation }
  if (location.version === undefined) {
    const record = await change(session.record)
    if (record === undefined) return undefined
    if (await createImportedRow(context, cookieJar, location, record)) {
      return issueCookie(context, cookieJar, { id: legacy.id, location, record })
    }
    // A parallel request has imported the session.
    current = await loadLocation(context, cookieJar, bareLocation)
  }

  if (current.record === undefined || current.location?.version === undefined) {
    throw createEndedError()
  }
  const result = await replaceSession(context, cookieJar, current, skipUnchanged(change))
  const written = result?.session ?? current
  const { cookies } = await issueCookie(context, cookieJar, {
    id: legacy.id,
    location,
    record: written.record ?? current.record,
  })
  return { session: written, cookies }
}

/**
 * Creates the row of an import. Returns false if a parallel request was first.
 *
 * @throws {PortcullisError} `ERR_SESSION_ENDED`
 */
async function createImportedRow<Data extends object>(
  context: StoredContext<Data>,
  cookieJar: CookieJar,
  location: ImportLocation,
  record: SessionRecord<Data>,
): Promise<boolean> {
  const { settings, store } = context
  const { importMark, lifetimeMs } = location.legacy
  const sessionRow = await sealRow(settings, cookieJar.env, { location, record, version: '1' })
  const { is: status } = store.atomic
    ? await store.rotate(importMark, sessionRow, { grace: lifetimeMs }, cookieJar)
    : await store.create(sessionRow, cookieJar)
  if (status !== 'ok') return false

  // All sessions of the user may have been ended since this request read its cookie.
  if (await areImportsEnded(context, cookieJar, readUser(settings, record.data))) {
    await store.end(location.ref, GRACE_MS, cookieJar)
    throw createEndedError()
  }
  await emitAbout(settings, cookieJar, { type: 'session-imported', id: location.ref.key })
  return true
}

function skipUnchanged<Data>(change: ChangeRecord<Data>): ChangeRecord<Data> {
  return async (record) => {
    const nextRecord = await change(record)
    return nextRecord === record ? undefined : nextRecord
  }
}
