/** Imports legacy cookies into a store: each once, also in parallel requests, and never again after its session ended. */
import { encodeBase64url } from '../../crypto/base64url.ts'
import { sha256 } from '../../crypto/digest.ts'
import { randomId } from '../../crypto/random.ts'
import type { Ref } from '../../store/contract.ts'
import type { CookieJar } from '../../types.ts'
import type { LegacyLocation, LoadResult, SessionLocation } from '../core/engine.ts'
import type { OpenedLegacy } from '../core/options.ts'
import { createUserTags, readUser } from '../core/tags.ts'
import { createImportedRecord, legacyLife, openLegacy } from '../legacy/import.ts'
import type { StoredContext } from './context.ts'
import { createLocation } from './cookie.ts'
import { createEmptyResult, readLocation, validateRow } from './load.ts'
import { sealRow } from './record.ts'

/** Location of the session that a legacy cookie leads to. */
export type ImportLocation = SessionLocation & { readonly legacy: LegacyLocation }

/** Loads the session of a legacy cookie: the one that was imported before, or the one that this request will import. */
export async function loadLegacy<Data extends object>(
  context: StoredContext<Data>,
  jar: CookieJar,
): Promise<LoadResult<Data>> {
  const { settings } = context
  const content = await openLegacy(settings, jar)
  if (content === undefined) return { record: undefined }

  const locations = await findImportLocations(context, jar, content)
  for (const location of locations) {
    const session = await loadImported(context, jar, location)
    if (session !== undefined) return session
  }

  const [location] = locations
  if (location === undefined) return { record: undefined }
  if (await areImportsEnded(context, jar, readUser(settings, content.data))) {
    return createEmptyResult(settings, jar, 'legacy')
  }
  return {
    record: createImportedRecord(settings, location.ref.key, content.data),
    pendingWrite: 'import',
    location,
  }
}

/** Loads a session that was imported before. Returns undefined where nothing was imported to this location. */
async function loadImported<Data extends object>(
  context: StoredContext<Data>,
  jar: CookieJar,
  location: ImportLocation,
): Promise<LoadResult<Data> | undefined> {
  const { settings, store } = context
  const result = await readLocation(context, jar, location)
  if (result.is === 'found') {
    const session = await validateRow(settings, jar, location, result)
    return session.record === undefined ? session : { ...session, pendingWrite: 'import' }
  }
  if (result.is !== 'none') return createEmptyResult(settings, jar, result.is, location)
  if (!store.atomic) return undefined

  // The seal was imported once and that session is over: a copy of the cookie must not start another one.
  const { importMark } = location.legacy
  const mark = await readLocation(context, jar, { ...location, ref: importMark })
  return mark.is === 'none' ? undefined : createEmptyResult(settings, jar, 'legacy')
}

/** Finds the locations of this request's legacy cookie: under the first secret, and under older ones that may have imported it. */
export async function findLegacyLocations<Data extends object>(
  context: StoredContext<Data>,
  jar: CookieJar,
): Promise<ImportLocation[]> {
  const { settings } = context
  const content = settings.legacy.length === 0 ? undefined : await openLegacy(settings, jar)
  return content === undefined ? [] : findImportLocations(context, jar, content)
}

async function findImportLocations<Data extends object>(
  { settings, store }: StoredContext<Data>,
  jar: CookieJar,
  { data, mark, expiresAt }: OpenedLegacy<Data>,
): Promise<ImportLocation[]> {
  const { ring } = settings.keys(jar.env)
  const user = store.atomic ? readUser(settings, data) : undefined
  const tags = user === undefined ? [] : await createUserTags(settings, jar.env, user)
  const lifetimeMs = legacyLife(settings, expiresAt)

  const macs = await ring.macs('legacy-import', mark)
  return Promise.all(
    macs.map(async (mac, index) => {
      const id = encodeBase64url(mac.subarray(0, 16))
      const location = await createLocation(id, true, tags[index])
      const importMark = { key: await sha256(`${id} was imported`) }
      return { ...location, legacy: { id, importMark, lifetimeMs } }
    }),
  )
}

/** Marks a legacy cookie as imported, so that no copy can be imported again. The caller ends or replaces the placeholder row. */
export async function markLegacyImported<Data extends object>(
  { settings, store }: StoredContext<Data>,
  jar: CookieJar,
  location: ImportLocation,
): Promise<void> {
  if (!store.atomic) return

  const now = Math.floor(settings.clock() / 1000)
  const record = { id: randomId(), created: now, seen: now }
  const row = await sealRow(settings, jar.env, { location, record, version: '1' })
  const { importMark, lifetimeMs } = location.legacy
  await store.rotate(importMark, row, { grace: lifetimeMs }, jar)
}

/**
 * Returns the key of the mark that all sessions of a user were ended. A seal from before must not be imported after it,
 * although no store knows it. A seal does not contain the time when it was made, so none of this user is imported.
 */
async function createImportsEndedRef(tag: string): Promise<Ref> {
  return { key: await sha256(`${tag} imports ended`) }
}

/** Stops imports of legacy cookies of this user for as long as one could open. */
export async function endImports<Data extends object>(
  { settings, store }: StoredContext<Data>,
  env: unknown,
  user: string,
): Promise<void> {
  if (settings.legacy.length === 0) return

  const now = settings.clock()
  const grace = legacyLife(settings, undefined)
  for (const tag of await createUserTags(settings, env, user)) {
    // Only the tombstone that a rotation leaves is needed; the new row ends immediately.
    const row = {
      key: await sha256(randomId()),
      record: '-',
      end: now + 1,
      now,
      idle: 1,
      write: randomId(8),
    }
    await store.rotate(await createImportsEndedRef(tag), row, { grace }, { env })
  }
}

/** True if {@link endImports} was called for a user, under any secret. */
export async function areImportsEnded<Data extends object>(
  { settings, store }: StoredContext<Data>,
  jar: CookieJar,
  user: string | undefined,
): Promise<boolean> {
  if (!store.atomic || user === undefined) return false

  const times = { now: settings.clock(), idle: 1, slice: 1 }
  for (const tag of await createUserTags(settings, jar.env, user)) {
    const result = await store.read(await createImportsEndedRef(tag), times, jar)
    if (result.is === 'ended') return true
  }
  return false
}
