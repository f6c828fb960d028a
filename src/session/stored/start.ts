/**
 * Starts a stored session under a new id, and ends the session before it in the same step. `stored/engine.ts`
 * calls it for a login.
 *
 * It rejects as the store does, and with `ERR_SESSION_CONFLICT` after many retries; the old session is
 * unchanged then. The login succeeds in any state of the old session. If a login form is sent twice, the
 * second login also gets the data that the first one kept, but only for the same user.
 */
import type { CookieJar } from '../../types.ts'
import type {
  LoadResult,
  MakeRecord,
  SessionLocation,
  SessionLogin,
  WriteResult,
} from '../core/engine.ts'
import { emitAbout } from '../core/events.ts'
import { checkLifetimes } from '../core/lifetimes.ts'
import type { SessionRecord } from '../core/record.ts'
import { GRACE_MS, type StoredContext } from './context.ts'
import { type ImportLocation, markLegacyImported } from './legacy.ts'
import { readConflict } from './load.ts'
import { sealRow } from './record.ts'
import { retryOnConflict } from './retry-on-conflict.ts'
import { createLocationFor, createSessionId, issueCookie } from './write.ts'

/** Replaces the loaded session by a new one. The login succeeds in any state of the old session. */
export async function startStored<Data extends object>(
  context: StoredContext<Data>,
  cookieJar: CookieJar,
  session: LoadResult<Data>,
  { make, keepsData }: SessionLogin<Data>,
): Promise<WriteResult<Data>> {
  const { settings } = context
  const { location } = session
  const oldRecord =
    session.block === 'ended' && session.record === undefined
      ? await readReplaced(context, cookieJar, location, make)
      : session.record

  // If data or messages are kept, the old row must still have the version from which they were read.
  const carriesOver = keepsData || oldRecord?.flash !== undefined
  const version = carriesOver && session.record !== undefined ? location?.version : undefined
  if (location?.legacy !== undefined && location.version === undefined) {
    await markLegacyImported(context, cookieJar, location as ImportLocation)
  }

  const result = await rotateSession(
    context,
    cookieJar,
    { location, record: oldRecord, version },
    make,
  )
  if (session.record && location?.version) {
    const { data } = session.record
    const ended = { type: 'session-ended', id: location.ref.key, data, reason: 'replaced' } as const
    await emitAbout(settings, cookieJar, ended)
  }
  const { id = '', data } = result.session.record ?? {}
  await emitAbout(settings, cookieJar, { type: 'session-created', id, data, reason: 'started' })
  return result
}

/** The session that a login replaces. With a version it is replaced only if it still has this version. */
interface OldSession<Data> {
  readonly location: SessionLocation | undefined
  readonly record: SessionRecord<Data> | undefined
  readonly version: string | undefined
}

async function rotateSession<Data extends object>(
  context: StoredContext<Data>,
  cookieJar: CookieJar,
  old: OldSession<Data>,
  make: MakeRecord<Data>,
): Promise<WriteResult<Data>> {
  const { settings, store } = context
  const sessionId = createSessionId()
  let { record: oldRecord, version } = old

  return retryOnConflict(async () => {
    const record = await make(oldRecord)
    const location = await createLocationFor(context, cookieJar, sessionId, record)
    const sessionRow = await sealRow(settings, cookieJar.env, { location, record, version: '1' })
    const options = { grace: GRACE_MS, ...(version !== undefined && { ifVersion: version }) }
    const result =
      old.location === undefined
        ? await store.create(sessionRow, cookieJar)
        : await store.rotate(old.location.ref, sessionRow, options, cookieJar)
    if (result.is === 'ok')
      return issueCookie(context, cookieJar, { id: sessionId, location, record })

    // The old session has changed or ended meanwhile: read it again, and log in with its current content. If the form
    // was sent twice, the other login has ended the old session, and the data that it kept is kept here too.
    if (result.is === 'conflict' && old.location !== undefined) {
      oldRecord = await readConflict(settings, cookieJar, old.location, result)
      version = oldRecord === undefined ? undefined : result.version
    } else {
      if (store.atomic) oldRecord = await readReplaced(context, cookieJar, old.location, make)
      version = undefined
    }
    return 'again' as const
  }, settings.clock)
}

/**
 * Reads the session that a parallel login of the same user has just replaced, because the form was sent twice. Returns
 * undefined if another user logged in, whose data must not reach this user.
 */
async function readReplaced<Data extends object>(
  context: StoredContext<Data>,
  cookieJar: CookieJar,
  location: SessionLocation | undefined,
  make: MakeRecord<Data>,
): Promise<SessionRecord<Data> | undefined> {
  const { settings, store } = context
  const row = location && (await store.readReplaced?.(location.ref, cookieJar))
  if (location === undefined || row === undefined) return undefined

  const record = await readConflict(settings, cookieJar, location, row)
  const nowSeconds = Math.floor(settings.clock() / 1000)
  if (record === undefined || checkLifetimes(record, settings.limits, nowSeconds) !== 'alive') {
    return undefined
  }

  const { ref } = await createLocationFor(context, cookieJar, '', await make(record))
  return ref.index === row.by ? record : undefined
}
