/**
 * Imports legacy cookies into a store, each once, even in parallel requests, and never again after its
 * session ended. `stored/engine.ts` loads with it; `end.ts`, `start.ts`, `write.ts` and
 * `user-sessions.ts` mark cookies as imported or stop the imports of a user.
 *
 * It rejects as the store does. A cookie that was imported before and whose session has ended counts as no
 * session, with the event `session-rejected`. With a store that is not atomic there are no marks, so a copy
 * of a cookie can be imported again.
 */
import { encodeBase64url } from '../../crypto/base64url.ts'
import { sha256 } from '../../crypto/digest.ts'
import { randomId } from '../../crypto/random.ts'
import type { Found, Gone, Ref } from '../../store/contract.ts'
import type { CookieJar } from '../../types.ts'
import type { LegacyLocation, LoadResult, SessionLocation } from '../core/engine.ts'
import type { OpenedLegacy } from '../core/options/options.ts'
import { createUserTags, readUser } from '../core/tags.ts'
import { createImportedRecord, legacyLife, openLegacy } from '../legacy/import.ts'
import type { StoredContext } from './context.ts'
import { createLocation } from './cookie.ts'
import { createEmptyResult, readLocation, validateRow } from './load.ts'
import { sealRow } from './record.ts'

/** The location of the session that is imported from a legacy cookie. */
export type ImportLocation = SessionLocation & { readonly legacy: LegacyLocation }

/** Loads the session of a legacy cookie: the one that was imported before, or the one that this request will import. */
export async function loadLegacy<Data extends object>(
  context: StoredContext<Data>,
  cookieJar: CookieJar,
): Promise<LoadResult<Data>> {
  const { settings } = context
  const content = await openLegacy(settings, cookieJar)
  if (content === undefined) return { record: undefined }

  const locations = await findImportLocations(context, cookieJar, content)
  for (const location of locations) {
    const session = await loadImported(context, cookieJar, location)
    if (session !== undefined) return session
  }

  const [location] = locations
  if (location === undefined) return { record: undefined }
  if (await areImportsEnded(context, cookieJar, readUser(settings, content.data))) {
    return createEmptyResult(settings, cookieJar, 'legacy')
  }
  return {
    record: createImportedRecord(settings, location.ref.key, content.data),
    pendingWrite: 'import',
    location,
  }
}

/** Loads a session that was imported before. Returns undefined if nothing was imported to this location. */
async function loadImported<Data extends object>(
  context: StoredContext<Data>,
  cookieJar: CookieJar,
  location: ImportLocation,
): Promise<LoadResult<Data> | undefined> {
  const { settings, store } = context
  const result = await readLocation(context, cookieJar, location)
  if (result.is !== 'none') return validateImported(context, cookieJar, location, result)
  if (!store.atomic) return undefined

  const { importMark } = location.legacy
  const mark = await readLocation(context, cookieJar, { ...location, ref: importMark })
  if (mark.is === 'none') return undefined

  // A parallel request may have imported the seal between the two reads. If it did not, the seal was imported once and
  // that session is over: a copy of the cookie must not start another one.
  const current = await readLocation(context, cookieJar, location)
  return current.is === 'none'
    ? createEmptyResult(settings, cookieJar, 'legacy')
    : validateImported(context, cookieJar, location, current)
}

/** Returns the session of a row that an import created, or an empty result if the row is not a live session. */
async function validateImported<Data extends object>(
  { settings }: StoredContext<Data>,
  cookieJar: CookieJar,
  location: ImportLocation,
  result: Found | Gone,
): Promise<LoadResult<Data>> {
  if (result.is !== 'found') {
    return createEmptyResult(settings, cookieJar, result.is, location)
  }
  const session = await validateRow(settings, cookieJar, location, result)
  return session.record === undefined ? session : { ...session, pendingWrite: 'import' }
}

/**
 * Finds the locations of this request's legacy cookie: under the first secret, and under older ones that may have
 * imported it.
 */
export async function findLegacyLocations<Data extends object>(
  context: StoredContext<Data>,
  cookieJar: CookieJar,
): Promise<ImportLocation[]> {
  const { settings } = context
  const content = settings.legacy.length === 0 ? undefined : await openLegacy(settings, cookieJar)
  return content === undefined ? [] : findImportLocations(context, cookieJar, content)
}

async function findImportLocations<Data extends object>(
  { settings, store }: StoredContext<Data>,
  cookieJar: CookieJar,
  { data, mark, expiresAt }: OpenedLegacy<Data>,
): Promise<ImportLocation[]> {
  const { ring } = settings.keys(cookieJar.env)
  const userId = store.atomic ? readUser(settings, data) : undefined
  const tags = userId === undefined ? [] : await createUserTags(settings, cookieJar.env, userId)
  const lifetimeMs = legacyLife(settings, expiresAt)

  const macs = await ring.macs('legacy-import', mark)
  return Promise.all(
    macs.map(async (macBytes, index) => {
      const sessionId = encodeBase64url(macBytes.subarray(0, 16))
      const location = await createLocation(sessionId, true, tags[index])
      const importMark = { key: await sha256(`${sessionId} was imported`) }
      return { ...location, legacy: { id: sessionId, importMark, lifetimeMs } }
    }),
  )
}

/**
 * Marks a legacy cookie as imported, so that no copy can be imported again. The caller ends or replaces the placeholder
 * row.
 */
export async function markLegacyImported<Data extends object>(
  { settings, store }: StoredContext<Data>,
  cookieJar: CookieJar,
  location: ImportLocation,
): Promise<void> {
  if (!store.atomic) return

  const nowSeconds = Math.floor(settings.clock() / 1000)
  const record = { id: randomId(), created: nowSeconds, seen: nowSeconds }
  const sessionRow = await sealRow(settings, cookieJar.env, { location, record, version: '1' })
  const { importMark, lifetimeMs } = location.legacy
  await store.rotate(importMark, sessionRow, { grace: lifetimeMs }, cookieJar)
}

/**
 * Returns the key of the mark that all sessions of a user were ended. Afterwards no older legacy seal of the user may
 * be imported. A seal does not contain the time of its creation, so no seal of this user is imported at all.
 */
async function createImportsEndedRef(tag: string): Promise<Ref> {
  return { key: await sha256(`${tag} imports ended`) }
}

/** Stops imports of legacy cookies of this user for as long as such a cookie could be opened. */
export async function endImports<Data extends object>(
  { settings, store }: StoredContext<Data>,
  env: unknown,
  userId: string,
): Promise<void> {
  if (settings.legacy.length === 0) return

  const nowMs = settings.clock()
  const grace = legacyLife(settings, undefined)
  for (const tag of await createUserTags(settings, env, userId)) {
    // Only the mark that a rotation leaves is needed; the new row expires immediately.
    const row = {
      key: await sha256(randomId()),
      record: '-',
      end: nowMs + 1,
      now: nowMs,
      idle: 1,
      write: randomId(8),
    }
    await store.rotate(await createImportsEndedRef(tag), row, { grace }, { env })
  }
}

/** True if {@link endImports} was called for a user, under any secret. */
export async function areImportsEnded<Data extends object>(
  { settings, store }: StoredContext<Data>,
  cookieJar: CookieJar,
  userId: string | undefined,
): Promise<boolean> {
  if (!store.atomic || userId === undefined) return false

  const times = { now: settings.clock(), idle: 1, slice: 1 }
  for (const tag of await createUserTags(settings, cookieJar.env, userId)) {
    const result = await store.read(await createImportsEndedRef(tag), times, cookieJar)
    if (result.is === 'ended') return true
  }
  return false
}
