/** What a handle asks of stored sessions: read, write under contention, rotate, end. */
import { randomId } from '../../crypto/random.ts'
import type { CookieJar, EventType } from '../../types.ts'
import type {
  ChangeRecord,
  LoadResult,
  MakeRecord,
  SessionEngine,
  SessionLocation,
  WriteResult,
} from '../core/engine.ts'
import { createEndedError } from '../core/errors.ts'
import { emitAbout } from '../core/events.ts'
import type { SessionRecord } from '../core/record.ts'
import type { SessionSettings } from '../core/settings.ts'
import { createUserTags, readMark, readUser } from '../core/tags.ts'
import { expireLegacy } from '../legacy/import.ts'
import { createLocation, writeLocation } from './cookie.ts'
import { endStored } from './end.ts'
import { areImportsEnded, type ImportLocation, loadLegacy, markLegacyImported } from './legacy.ts'
import { loadLocation, loadStored, prefetchStored, readLocation } from './load.ts'
import { sealRow } from './record.ts'
import { readLeft, readReplaced } from './replaced.ts'
import type { UsedStore } from './resolve-store.ts'
import { retryOnConflict } from './retry-on-conflict.ts'
import { GRACE, type UserSessions } from './user-sessions.ts'

/** Bytes of an id: its digest is the key of a row, and nothing else names it. */
const ID_BYTES = 32

/** The engine over a store; see engine.ts for what each verb promises. */
export function createStoredEngine<Data extends object>(
  settings: SessionSettings<Data>,
  store: UsedStore,
  users: UserSessions,
): SessionEngine<Data> {
  const { cookie } = settings

  const emitEvent = (
    jar: CookieJar,
    type: EventType,
    id: string,
    reason?: string,
  ): Promise<void> | undefined =>
    settings.emit && emitAbout(settings, settings.keys(jar.env).ring, type, id, reason)

  async function findLocationFor(
    jar: CookieJar,
    id: string,
    record: SessionRecord<Data>,
  ): Promise<SessionLocation> {
    const user = store.atomic ? readUser(settings, record.data) : undefined
    const [index] = user === undefined ? [] : await createUserTags(settings, jar.env, user)
    const mark = store.endMarked && (await readMark(settings, jar.env, record.data))
    return createLocation(id, record.authenticated !== undefined, index, mark)
  }

  async function issueCookie(
    jar: CookieJar,
    id: string,
    at: SessionLocation,
    record: SessionRecord<Data>,
  ): Promise<WriteResult<Data>> {
    const { ref, signedIn, version = '1' } = at
    const cookies = [
      await writeLocation(settings, jar, id, at, record),
      ...expireLegacy(settings, jar),
    ]
    return {
      loaded: { record: { ...record, id: ref.key }, place: { ref, signedIn, version } },
      cookies,
    }
  }

  async function create(
    jar: CookieJar,
    loaded: LoadResult<Data>,
    change: ChangeRecord<Data>,
  ): Promise<WriteResult<Data> | undefined> {
    const record = await change(loaded.record)
    if (record === undefined) return undefined
    const id = randomId(ID_BYTES)
    const place = await findLocationFor(jar, id, record)
    const { is } = await store.create(await sealRow(settings, jar.env, place, record, '1'), jar)
    if (is !== 'ok') throw createEndedError()
    // The cookie that came led nowhere. If somebody signed in with it meanwhile, ours would sign them out again.
    if (
      loaded.place !== undefined &&
      (await readLocation(settings, store, jar, loaded.place)).is === 'ended'
    ) {
      await store.end(place.ref, 0, jar)
      throw createEndedError()
    }
    await emitEvent(jar, 'session-created', place.ref.key)
    return issueCookie(jar, id, place, record)
  }

  /** Gives the session of a legacy cookie a cookie of ours; of several imports at once one makes the row. */
  async function importLegacySession(
    jar: CookieJar,
    loaded: LoadResult<Data>,
    place: ImportLocation,
    change: ChangeRecord<Data>,
  ): Promise<WriteResult<Data> | undefined> {
    const { legacy, ...bare } = place
    let there: LoadResult<Data> = { record: loaded.record, place: bare }
    if (place.version === undefined) {
      const record = await change(loaded.record)
      if (record === undefined) return undefined
      const row = await sealRow(settings, jar.env, place, record, '1')
      const { is } = store.atomic
        ? await store.rotate(legacy.claim, row, { grace: legacy.lasts }, jar)
        : await store.create(row, jar)
      if (is === 'ok') {
        // All of the user's sessions may have been ended since this request looked.
        if (await areImportsEnded(settings, store, jar, readUser(settings, record.data))) {
          await store.end(place.ref, GRACE, jar)
          throw createEndedError()
        }
        await emitEvent(jar, 'session-imported', place.ref.key)
        return issueCookie(jar, legacy.id, place, record)
      }
      there = await loadLocation(settings, store, jar, bare)
    }
    if (there.record === undefined || there.place?.version === undefined) throw createEndedError()
    const skipUnchanged: ChangeRecord<Data> = async (record) => {
      const next = await change(record)
      return next === record ? undefined : next
    }
    const loadedNow = (await replace(jar, there, there.place, skipUnchanged))?.loaded ?? there
    const { cookies } = await issueCookie(jar, legacy.id, place, loadedNow.record ?? there.record)
    return { loaded: loadedNow, cookies }
  }

  async function replace(
    jar: CookieJar,
    loaded: LoadResult<Data>,
    place: SessionLocation,
    change: ChangeRecord<Data>,
  ): Promise<WriteResult<Data> | undefined> {
    let { record } = loaded
    let version = place.version as string
    let fresh: WriteResult<Data> | undefined
    return retryOnConflict(async () => {
      const next = await change(record)
      // Also where nothing is to be written, the request goes on with what it has just learned.
      if (next === undefined || record === undefined) return fresh
      const row = await sealRow(settings, jar.env, place, next, String(Number(version) + 1))
      const answer = await store.replace(row, version, jar)
      if (answer.is === 'ok') {
        return {
          loaded: { record: next, place: { ...place, version: answer.version } },
          cookies: undefined,
        }
      }
      if (answer.is !== 'conflict') throw createEndedError()
      settings.emit?.({ type: 'session-conflict' })
      record = await readLeft(settings, jar, place, answer)
      // What is not understood is not overwritten.
      if (record === undefined) throw createEndedError()
      version = answer.version
      fresh = { loaded: { record, place: { ...place, version } }, cookies: undefined }
      return 'again' as const
    })
  }

  const replaced = (
    jar: CookieJar,
    old: SessionLocation | undefined,
    make: MakeRecord<Data>,
  ): Promise<SessionRecord<Data> | undefined> =>
    readReplaced(
      settings,
      store,
      jar,
      old,
      async (record) => (await findLocationFor(jar, '', await make(record))).ref.index,
    )

  async function start(
    jar: CookieJar,
    loaded: LoadResult<Data>,
    make: MakeRecord<Data>,
    keeps: boolean,
  ): Promise<WriteResult<Data>> {
    const old = loaded.place
    let before =
      loaded.record ?? (loaded.block === 'ended' ? await replaced(jar, old, make) : undefined)
    // Whatever is carried over must still be what is there.
    const carries = keeps || before?.flash !== undefined
    let version = carries && loaded.record !== undefined ? old?.version : undefined
    if (old?.legacy !== undefined && old.version === undefined) {
      await markLegacyImported(settings, store, jar, old as ImportLocation)
    }
    const id = randomId(ID_BYTES)
    const written = await retryOnConflict(async () => {
      const record = await make(before)
      const place = await findLocationFor(jar, id, record)
      const row = await sealRow(settings, jar.env, place, record, '1')
      const options = { grace: GRACE, ...(version !== undefined && { ifVersion: version }) }
      const answer =
        old === undefined
          ? await store.create(row, jar)
          : await store.rotate(old.ref, row, options, jar)
      if (answer.is === 'ok') return issueCookie(jar, id, place, record)
      // What was kept changed meanwhile, or went away: it is looked at again, and the login happens in any case. Where the
      // form was sent twice, the other login ended the old session, and what it kept is kept here too.
      const conflict = answer.is === 'conflict' && old !== undefined
      if (conflict) before = await readLeft(settings, jar, old, answer)
      else if (store.atomic) before = await replaced(jar, old, make)
      version = conflict && before !== undefined ? answer.version : undefined
      return 'again' as const
    })
    if (loaded.record && old?.version)
      await emitEvent(jar, 'session-ended', old.ref.key, 'replaced')
    await emitEvent(jar, 'session-created', written.loaded.record?.id ?? '', 'started')
    return written
  }

  return {
    consumes: store.atomic,
    loadSoon: (jar) => prefetchStored(settings, store, jar),
    load: (jar) =>
      settings.legacy.length > 0 && jar.read(cookie.name).length === 0
        ? loadLegacy(settings, store, jar)
        : loadStored(settings, store, jar),

    write(jar, loaded, change) {
      const { due, place } = loaded
      if (due === 'import') return importLegacySession(jar, loaded, place as ImportLocation, change)
      return place?.version === undefined
        ? create(jar, loaded, change)
        : replace(jar, loaded, place, change)
    },

    start,

    end: (jar, loaded, issued) => endStored(settings, store, jar, loaded, issued),

    list: (jar, { record, place }) =>
      users.list(readUser(settings, record?.data), jar.env, place?.ref.key),
    endOne: (jar, { record }, id) => users.endOne(readUser(settings, record?.data), jar.env, id),
    async endAll(jar, loaded, keepCurrent) {
      // One that was not imported yet is, so that it can be kept.
      const imports = keepCurrent && loaded.due === 'import'
      const written = imports
        ? await importLegacySession(jar, loaded, loaded.place as ImportLocation, (record) => record)
        : undefined
      const { record, place } = written?.loaded ?? loaded
      await users.endAll(
        readUser(settings, record?.data),
        jar.env,
        keepCurrent ? place?.ref : undefined,
      )
      return written
    },
  }
}
