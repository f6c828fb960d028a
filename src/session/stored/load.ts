/**
 * Loads a stored session: finds it by its cookie, reads its row, checks the timeouts, opens the row, and
 * validates its data with the schema. `stored/engine.ts`, `legacy.ts`, `start.ts` and `write.ts` call it.
 *
 * A forged cookie is rejected before the store is asked. A rejected cookie or row gives an empty session,
 * with the event `session-rejected` and the reason. A store that does not answer rejects, and the cookie
 * stays as it is, so nobody is signed out.
 */
import type { Conflict, Found, Gone, ReadAt } from '../../store/contract.ts'
import type { CookieJar } from '../../types.ts'
import { validateData } from '../core/data.ts'
import type { CheckDevice, LoadResult, SessionLocation } from '../core/engine.ts'
import { checkLifetimes } from '../core/lifetimes.ts'
import type { SessionSettings } from '../core/options/settings.ts'
import type { SessionRecord } from '../core/record.ts'
import { rejectCookie } from '../core/token.ts'
import type { StoredContext } from './context.ts'
import { findLocation } from './cookie.ts'
import { findIdleSeconds, openRow } from './record.ts'

/**
 * Loads the session of a request. If the store does not answer, it rejects and leaves the cookie as it is.
 */
export async function loadStored<Data extends object>(
  context: StoredContext<Data>,
  cookieJar: CookieJar,
  checkDevice?: CheckDevice<Data>,
): Promise<LoadResult<Data>> {
  const location = await findLocation(context.settings, cookieJar)
  if (location === undefined) return { record: undefined }
  if ('refused' in location) {
    return createEmptyResult(context.settings, cookieJar, location.refused)
  }

  const session = await loadLocation(context, cookieJar, location)
  return checkDevice === undefined ? session : checkDevice(cookieJar, session)
}

/** Reads the location of a request's session from its cookie alone, without a request to the store. */
export async function readStoredCookie<Data>(
  settings: SessionSettings<Data>,
  cookieJar: CookieJar,
): Promise<LoadResult<Data>> {
  const location = await findLocation(settings, cookieJar)
  if (location === undefined) return { record: undefined }
  return 'refused' in location
    ? createEmptyResult(settings, cookieJar, location.refused)
    : { record: undefined, location }
}

/**
 * Starts the read of a request's session in the request's Redis batch.
 *
 * @returns a function that finishes the load; undefined if there is nothing to read, or no batch.
 */
export async function prefetchStored<Data extends object>(
  { settings, store }: StoredContext<Data>,
  cookieJar: CookieJar,
): Promise<(() => Promise<LoadResult<Data>>) | undefined> {
  const location = await findLocation(settings, cookieJar)
  if (location === undefined || 'refused' in location) return undefined

  const pending = store.readSoon?.(location.ref, createReadTimes(settings, location), cookieJar)
  if (pending === undefined) return undefined

  // A request may never finish the load. A failed read must not become an unhandled rejection then.
  pending.found.catch(() => {})
  return async () => {
    await pending.send()
    return resolveRead(settings, cookieJar, location, await pending.found)
  }
}

/** Loads the session at a location. */
export async function loadLocation<Data extends object>(
  context: StoredContext<Data>,
  cookieJar: CookieJar,
  location: SessionLocation,
): Promise<LoadResult<Data>> {
  const result = await readLocation(context, cookieJar, location)
  return resolveRead(context.settings, cookieJar, location, result)
}

/** Reads the row at a location. The store also records the request in the row when that is due. */
export function readLocation<Data>(
  { settings, store }: StoredContext<Data>,
  cookieJar: CookieJar,
  location: SessionLocation,
): Promise<Found | Gone> {
  return store.read(location.ref, createReadTimes(settings, location), cookieJar)
}

function createReadTimes<Data>(
  settings: SessionSettings<Data>,
  { signedIn }: SessionLocation,
): ReadAt {
  const idle = findIdleSeconds(settings, signedIn) * 1000
  return { now: settings.clock(), idle, slice: idle / 10 }
}

function resolveRead<Data extends object>(
  settings: SessionSettings<Data>,
  cookieJar: CookieJar,
  location: SessionLocation,
  result: Found | Gone,
): LoadResult<Data> | Promise<LoadResult<Data>> {
  return result.is === 'found'
    ? validateRow(settings, cookieJar, location, result)
    : createEmptyResult(settings, cookieJar, result.is, location)
}

/** Opens the row that a store found, checks its lifetimes and validates its data. */
export async function validateRow<Data extends object>(
  settings: SessionSettings<Data>,
  cookieJar: CookieJar,
  location: SessionLocation,
  row: Found,
): Promise<LoadResult<Data>> {
  const record = await openRow<Data>(settings, cookieJar.env, location.ref, row)
  if (typeof record === 'string') return createEmptyResult(settings, cookieJar, record, location)

  // The store checked the timeouts by times that are not sealed, so they are checked again by the sealed record.
  const status = checkLifetimes(record, settings.limits, Math.floor(settings.clock() / 1000))
  if (status !== 'alive') return createEmptyResult(settings, cookieJar, status, location)

  const current = { ...location, version: row.version }
  if (settings.schema === undefined || record.data === undefined) {
    return { record, location: current }
  }
  const result = await validateData(settings.schema, record.data)
  return 'issues' in result
    ? createEmptyResult(settings, cookieJar, 'invalid-data', location)
    : { record: { ...record, data: result.data }, location: current }
}

/** Emits the reason why there is no session, and returns an empty session. */
export function createEmptyResult<Data>(
  settings: SessionSettings<Data>,
  cookieJar: CookieJar,
  reason: string,
  location?: SessionLocation,
): LoadResult<Data> {
  const session = rejectCookie<Data>(settings, cookieJar, reason === 'none' ? 'unknown' : reason)
  return location === undefined ? session : { ...session, location }
}

/** Opens the row that another request wrote meanwhile. Returns undefined if it cannot be read. */
export async function readConflict<Data>(
  settings: SessionSettings<Data>,
  cookieJar: CookieJar,
  { ref }: SessionLocation,
  row: Conflict | Found,
): Promise<SessionRecord<Data> | undefined> {
  const record = await openRow<Data>(settings, cookieJar.env, ref, row)
  return typeof record === 'string' ? undefined : record
}
