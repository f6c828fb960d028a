/** From a cookie to a stored session: found, judged by both clocks, opened, passed through the schema. */
import type { Found, Gone, ReadAt } from '../../store/contract.ts'
import type { CookieJar } from '../../types.ts'
import { passSchema } from '../core/data.ts'
import type { LoadResult, SessionLocation } from '../core/engine.ts'
import { checkLifetimes } from '../core/lifetimes.ts'
import type { SessionSettings } from '../core/settings.ts'
import { blocked } from '../core/token.ts'
import { findLocation } from './cookie.ts'
import { findIdleSeconds, openRow } from './record.ts'
import type { UsedStore } from './resolve-store.ts'

/**
 * The session of a jar. Forged cookies are refused before the store is asked; a store that could not be asked rejects, and
 * the cookie stays as it is.
 */
export async function loadStored<Data extends object>(
  settings: SessionSettings<Data>,
  store: UsedStore,
  jar: CookieJar,
): Promise<LoadResult<Data>> {
  const place = await findLocation(settings, jar)
  if (place === undefined) return { record: undefined }
  return 'refused' in place
    ? createEmptyResult(settings, place.refused)
    : loadLocation(settings, store, jar, place)
}

/**
 * Begins the read of a jar's session, to travel with what else the request asks.
 *
 * @returns what finishes it; undefined where there is nothing to read, or nothing to travel with
 */
export async function prefetchStored<Data extends object>(
  settings: SessionSettings<Data>,
  store: UsedStore,
  jar: CookieJar,
): Promise<(() => Promise<LoadResult<Data>>) | undefined> {
  const place = await findLocation(settings, jar)
  if (place === undefined || 'refused' in place) return undefined
  const waiting = store.readSoon?.(place.ref, readAt(settings, place), jar)
  if (waiting === undefined) return undefined
  // Nobody may ever ask for it: then its failure is nobody's either.
  waiting.found.catch(() => {})
  return async () => {
    await waiting.send()
    const found = await waiting.found
    return found.is === 'found'
      ? validateRecord(settings, jar, place, found)
      : createEmptyResult(settings, found.is, place)
  }
}

/** The session at a place. */
export async function loadLocation<Data extends object>(
  settings: SessionSettings<Data>,
  store: UsedStore,
  jar: CookieJar,
  place: SessionLocation,
): Promise<LoadResult<Data>> {
  const found = await readLocation(settings, store, jar, place)
  return found.is === 'found'
    ? validateRecord(settings, jar, place, found)
    : createEmptyResult(settings, found.is, place)
}

/** What the store has at a place; notes the request. */
export function readLocation<Data>(
  settings: SessionSettings<Data>,
  store: UsedStore,
  jar: CookieJar,
  place: SessionLocation,
): Promise<Found | Gone> {
  return store.read(place.ref, readAt(settings, place), jar)
}

function readAt<Data>(settings: SessionSettings<Data>, { signedIn }: SessionLocation): ReadAt {
  const idle = findIdleSeconds(settings, signedIn) * 1000
  return { now: settings.clock(), idle, slice: idle / 10 }
}

/** The session that a store found. */
export async function validateRecord<Data extends object>(
  settings: SessionSettings<Data>,
  jar: CookieJar,
  place: SessionLocation,
  found: Found,
): Promise<LoadResult<Data>> {
  const record = await openRow<Data>(settings, jar.env, place.ref, found)
  if (typeof record === 'string') return createEmptyResult(settings, record, place)
  // By the sealed times too: who can write to the store could have moved the others.
  const standing = checkLifetimes(record, settings.limits, Math.floor(settings.clock() / 1000))
  if (standing !== 'alive') return createEmptyResult(settings, standing, place)
  const here = { ...place, version: found.version }
  if (settings.schema === undefined || record.data === undefined) return { record, place: here }
  const result = await passSchema(settings.schema, record.data)
  return 'wrong' in result
    ? createEmptyResult(settings, 'invalid-data', place)
    : { record: { ...record, data: result.data }, place: here }
}

/** No session, and why. What belongs to another deployment, or ended moments ago, also keeps this request from writing. */
export function createEmptyResult<Data>(
  settings: SessionSettings<Data>,
  reason: string,
  place?: SessionLocation,
): LoadResult<Data> {
  settings.emit?.({
    type: 'session-rejected',
    reason: reason === 'none' ? 'unknown' : reason,
    subject: settings.cookie.name,
  })
  return place === undefined ? blocked(reason) : { ...blocked(reason), place }
}
