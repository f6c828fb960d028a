/** From a cookie to a stored session: found, judged by both clocks, opened, passed through the schema. */
import type { Conflict, Found } from '../store/contract.ts'
import type { CookieJar } from '../types.ts'
import { passSchema } from './data.ts'
import type { Loaded, Place } from './engine.ts'
import { importLegacy } from './legacy.ts'
import { judge } from './lifetimes.ts'
import { reject } from './open-cookie.ts'
import type { SessionRecord } from './record.ts'
import { ended } from './request-state.ts'
import type { UsedStore } from './resolve-store.ts'
import type { SessionSettings } from './settings.ts'
import { findPlace } from './stored-cookie.ts'
import { idleOf, openRow } from './stored-record.ts'

/**
 * The session of a jar, or of a place that is known already. Forged cookies are refused before the store is asked; a store
 * that could not be asked rejects, and the cookie stays as it is.
 */
export async function loadStored<Data extends object>(
  settings: SessionSettings<Data>,
  store: UsedStore,
  jar: CookieJar,
  known?: Place,
): Promise<Loaded<Data>> {
  const place = known ?? (await findPlace(settings, jar))
  if (place === undefined) return settings.legacy.length === 0 ? { record: undefined } : importLegacy(settings, jar)
  if ('refused' in place) {
    settings.emit?.({ type: 'session-rejected', reason: place.refused, subject: settings.cookie.name })
    return place.block === undefined ? { record: undefined } : { record: undefined, block: place.block }
  }
  const idle = idleOf(settings, place.signedIn) * 1000
  const now = settings.clock()
  const found = await store.read(place.ref, { now, idle, slice: idle / 10 }, jar)
  if (found.is !== 'found') {
    const gone = found.is === 'none' ? 'unknown' : found.is
    settings.emit?.({ type: 'session-rejected', reason: gone, subject: settings.cookie.name })
    return found.is === 'ended' ? { record: undefined, block: 'ended', place } : { record: undefined, place }
  }
  return judged(settings, jar, place, found, now)
}

async function judged<Data extends object>(
  settings: SessionSettings<Data>,
  jar: CookieJar,
  place: Place,
  found: Found,
  now: number,
): Promise<Loaded<Data>> {
  const record = await openRow(settings, jar.env, place.ref.key, found)
  if (typeof record === 'string') return { ...reject<Data>(settings, 'invalid-data'), place }
  // By the sealed times too: who can write to the store could have moved the others.
  const standing = judge(record, settings.limits, Math.floor(now / 1000))
  if (standing !== 'alive') return { ...reject<Data>(settings, standing), place }
  const here = { ...place, version: found.version }
  if (settings.schema === undefined || record.data === undefined) return { record, place: here }
  const result = await passSchema(settings.schema, record.data)
  if ('wrong' in result) return { ...reject<Data>(settings, 'invalid-data'), place }
  return { record: { ...record, data: result.data }, place: here }
}

/**
 * The record that another writer left.
 *
 * @throws {PortcullisError} `ERR_SESSION_ENDED` where it cannot be read: what is not understood is not overwritten
 */
export async function recordOf<Data extends object>(
  settings: SessionSettings<Data>,
  env: unknown,
  key: string | undefined,
  found: Conflict,
): Promise<SessionRecord<Data>> {
  const record = await openRow(settings, env, key, found)
  if (typeof record === 'string') throw ended()
  return record
}
