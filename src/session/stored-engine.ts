/** What a handle asks of stored sessions: read, write under contention, rotate, end. */
import { expireCookie } from '../cookie/serialize.ts'
import { sha256 } from '../crypto/digest.ts'
import { randomId } from '../crypto/random.ts'
import type { CookieJar } from '../types.ts'
import { untilSettled } from './contention.ts'
import type { Change, Engine, Loaded, Make, Place, Written } from './engine.ts'
import { emitAbout } from './events.ts'
import { expireLegacy } from './legacy.ts'
import type { SessionRecord } from './record.ts'
import { ended } from './request-state.ts'
import type { UsedStore } from './resolve-store.ts'
import type { SessionSettings } from './settings.ts'
import { findPlace, tagOf, writePlace } from './stored-cookie.ts'
import { loadStored, recordOf } from './stored-load.ts'
import { sealRow } from './stored-record.ts'
import { GRACE, type UserSessions } from './user-sessions.ts'

/** Bits of an id: its digest is the key of a row, and nothing else names it. */
const ID_BYTES = 32

/** The engine over a store; see engine.ts for what each verb promises. */
export function storedEngine<Data extends object>(
  settings: SessionSettings<Data>,
  store: UsedStore,
  users: UserSessions,
): Engine<Data> {
  const { cookie, user } = settings

  const say = (jar: CookieJar, type: string, id: string, reason?: string): Promise<void> | undefined =>
    settings.emit && emitAbout(settings, settings.keys(jar.env).ring, type, id, reason)

  /** Who the session belongs to decides its place; a visitor's has no index. */
  async function placeFor(jar: CookieJar, id: string, record: SessionRecord<Data>): Promise<Place> {
    const name = user === undefined || record.data === undefined ? undefined : user(record.data)
    const index = name === undefined || !store.atomic ? undefined : await tagOf(settings, jar.env, name)
    const ref = { key: await sha256(id), ...(index !== undefined && { index }) }
    return { ref, signedIn: record.authenticated !== undefined }
  }

  async function made(jar: CookieJar, id: string, place: Place, record: SessionRecord<Data>): Promise<Written<Data>> {
    const cookies = [await writePlace(settings, jar, id, place), ...expireLegacy(settings, jar)]
    return { loaded: { record: { ...record, id: place.ref.key }, place: { ...place, version: '1' } }, cookies }
  }

  /** A new row. An imported session has an id that parallel imports share: whoever comes second takes what is there. */
  async function create(
    jar: CookieJar,
    loaded: Loaded<Data>,
    change: Change<Data>,
  ): Promise<Written<Data> | undefined> {
    const record = await change(loaded.record)
    if (record === undefined) return undefined
    const imported = loaded.due === 'import'
    const id = imported ? record.id : randomId(ID_BYTES)
    const place = await placeFor(jar, id, record)
    const answer = await store.create(await sealRow(settings, jar.env, place, record, '1'), jar)
    if (answer.is === 'ok') {
      await say(jar, imported ? 'session-imported' : 'session-created', place.ref.key)
      return made(jar, id, place, record)
    }
    const there = await loadStored(settings, store, jar, place)
    if (!imported || there.record === undefined) throw ended()
    const cookies = (await made(jar, id, place, record)).cookies
    const written = await replace(jar, there, there.place as Place, change)
    return { loaded: written?.loaded ?? there, cookies }
  }

  async function replace(
    jar: CookieJar,
    loaded: Loaded<Data>,
    place: Place,
    change: Change<Data>,
  ): Promise<Written<Data> | undefined> {
    let { record } = loaded
    let version = place.version as string
    return untilSettled(async () => {
      const next = await change(record)
      if (next === undefined || record === undefined) return undefined
      const row = await sealRow(settings, jar.env, place, next, String(Number(version) + 1))
      const answer = await store.replace(row, version, jar)
      if (answer.is === 'ok') {
        return { loaded: { record: next, place: { ...place, version: answer.version } }, cookies: undefined }
      }
      if (answer.is !== 'conflict') throw ended()
      settings.emit?.({ type: 'session-conflict' })
      record = await recordOf(settings, jar.env, place.ref.key, answer)
      version = answer.version
      return 'again' as const
    })
  }

  async function start(jar: CookieJar, loaded: Loaded<Data>, make: Make<Data>, keeps: boolean): Promise<Written<Data>> {
    const old = loaded.place
    let { record: before } = loaded
    let version = keeps && before !== undefined ? old?.version : undefined
    const id = randomId(ID_BYTES)
    const written = await untilSettled(async () => {
      const record = await make(before)
      const place = await placeFor(jar, id, record)
      const row = await sealRow(settings, jar.env, place, record, '1')
      const options = { grace: GRACE, ...(version !== undefined && { ifVersion: version }) }
      const answer = old === undefined ? await store.create(row, jar) : await store.rotate(old.ref, row, options, jar)
      if (answer.is === 'ok') return made(jar, id, place, record)
      // What was kept changed meanwhile, or went away: it is looked at again, and the login happens in any case.
      before = answer.is === 'conflict' ? await recordOf(settings, jar.env, old?.ref.key, answer) : undefined
      version = answer.is === 'conflict' ? answer.version : undefined
      return 'again' as const
    })
    if (loaded.record) await say(jar, 'session-ended', loaded.record.id, 'replaced')
    await say(jar, 'session-created', written.loaded.record?.id ?? '', 'started')
    return written
  }

  return {
    consumes: store.atomic,
    load: (jar) => loadStored(settings, store, jar),
    write: (jar, loaded, change) =>
      loaded.place?.version === undefined ? create(jar, loaded, change) : replace(jar, loaded, loaded.place, change),
    start,

    async end(jar, loaded, issued) {
      const cookies = expireLegacy(settings, jar)
      if (issued || jar.read(cookie.name).length > 0) cookies.push(expireCookie(cookie))
      const written = { loaded: { record: undefined }, cookies }
      try {
        const place = loaded === undefined ? await findPlace(settings, jar) : loaded.place
        if (place === undefined || 'refused' in place) return written
        await store.end(place.ref, GRACE, jar)
        await say(jar, 'session-ended', place.ref.key, 'ended')
        return written
      } catch (failure) {
        // Whoever logs out of a shared computer must not stay signed in there because a store is down.
        settings.emit?.({ type: 'session-end-incomplete' })
        return { ...written, failure }
      }
    },

    async list(jar, { record, place }) {
      const name = record?.data && user?.(record.data)
      return users.list(name ?? '', jar.env, place?.ref.key)
    },
    async endOne(jar, { record }, id) {
      const name = record?.data && user?.(record.data)
      return name === undefined ? false : users.endOne(name, jar.env, id)
    },
    async endAll(jar, { record, place }, keepCurrent) {
      const name = record?.data && user?.(record.data)
      await users.endAll(name ?? '', jar.env, keepCurrent ? place?.ref : undefined)
    },
  }
}
