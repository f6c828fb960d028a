/** A legacy cookie meets the store: imported once, however many come at the same time, and never again after it ended. */
import { encodeBase64url } from '../../crypto/base64url.ts'
import { sha256 } from '../../crypto/digest.ts'
import { randomId } from '../../crypto/random.ts'
import type { Ref } from '../../store/contract.ts'
import type { CookieJar } from '../../types.ts'
import type { LegacyLocation, LoadResult, SessionLocation } from '../core/engine.ts'
import type { OpenedLegacy } from '../core/options.ts'
import type { SessionSettings } from '../core/settings.ts'
import { createUserTags, readUser } from '../core/tags.ts'
import { createImportedRecord, legacyLife, openLegacy } from '../legacy/import.ts'
import { createLocation } from './cookie.ts'
import { createEmptyResult, readLocation, validateRecord } from './load.ts'
import { sealRow } from './record.ts'
import type { UsedStore } from './resolve-store.ts'

/** Where a legacy cookie leads. */
export type ImportLocation = SessionLocation & { readonly legacy: LegacyLocation }

/** The session of a legacy cookie: as it was imported already, or as it will be when this request writes. */
export async function loadLegacy<Data extends object>(
  settings: SessionSettings<Data>,
  store: UsedStore,
  jar: CookieJar,
): Promise<LoadResult<Data>> {
  const opened = await openLegacy(settings, jar)
  if (opened === undefined) return { record: undefined }
  const places = await findImportLocations(settings, store, jar, opened)
  for (const place of places) {
    const found = await readLocation(settings, store, jar, place)
    if (found.is === 'found') {
      const loaded = await validateRecord(settings, jar, place, found)
      return loaded.record === undefined ? loaded : { ...loaded, due: 'import' }
    }
    if (found.is !== 'none') return createEmptyResult(settings, found.is, place)
    if (!store.atomic) continue
    // Imported once, and over: whoever kept a copy of the cookie does not get another session for it.
    const claim = await readLocation(settings, store, jar, { ...place, ref: place.legacy.claim })
    if (claim.is !== 'none') return createEmptyResult(settings, 'legacy')
  }
  const [place] = places
  if (place === undefined) return { record: undefined }
  if (await areImportsEnded(settings, store, jar, readUser(settings, opened.data)))
    return createEmptyResult(settings, 'legacy')
  return {
    record: createImportedRecord(settings, place.ref.key, opened.data),
    due: 'import',
    place,
  }
}

/** Places of this request's legacy cookie: under the first secret, and under those that it may have been imported with. */
export async function findLegacyLocations<Data extends object>(
  settings: SessionSettings<Data>,
  store: UsedStore,
  jar: CookieJar,
): Promise<ImportLocation[]> {
  const opened = settings.legacy.length === 0 ? undefined : await openLegacy(settings, jar)
  return opened === undefined ? [] : findImportLocations(settings, store, jar, opened)
}

async function findImportLocations<Data extends object>(
  settings: SessionSettings<Data>,
  store: UsedStore,
  jar: CookieJar,
  { data, mark, expiresAt }: OpenedLegacy<Data>,
): Promise<ImportLocation[]> {
  const { ring } = settings.keys(jar.env)
  const user = store.atomic ? readUser(settings, data) : undefined
  const tags = user === undefined ? [] : await createUserTags(settings, jar.env, user)
  const lasts = legacyLife(settings, expiresAt)
  const macs = await ring.macs('legacy-import', mark)
  return Promise.all(
    macs.map(async (mac, at) => {
      const id = encodeBase64url(mac.subarray(0, 16))
      const place = await createLocation(id, true, tags[at])
      const claim = { key: await sha256(`${id} was imported`) }
      return { ...place, legacy: { id, claim, lasts } }
    }),
  )
}

/** Lets no copy of a legacy cookie be imported any more: takes its place, which whoever asked for it ends or replaces. */
export async function markLegacyImported<Data extends object>(
  settings: SessionSettings<Data>,
  store: UsedStore,
  jar: CookieJar,
  place: ImportLocation,
): Promise<void> {
  if (!store.atomic) return
  const now = Math.floor(settings.clock() / 1000)
  const row = await sealRow(
    settings,
    jar.env,
    place,
    { id: randomId(), created: now, seen: now },
    '1',
  )
  await store.rotate(place.legacy.claim, row, { grace: place.legacy.lasts }, jar)
}

/**
 * Where it is noted that all sessions of a user were ended: seals of before, which no store knows of, must not be imported
 * after it. A seal does not say when it was made, so none of this user is.
 */
async function importsEnded(tag: string): Promise<Ref> {
  return { key: await sha256(`${tag} imports ended`) }
}

/** Notes that no legacy cookie of this user is imported any more, for as long as one could open. */
export async function endImports<Data extends object>(
  settings: SessionSettings<Data>,
  store: UsedStore,
  env: unknown,
  user: string,
): Promise<void> {
  if (settings.legacy.length === 0) return

  const now = settings.clock()
  for (const tag of await createUserTags(settings, env, user)) {
    // Only the mark that a rotation leaves is wanted; the row beside it is gone at once.
    const row = {
      key: await sha256(randomId()),
      record: '-',
      end: now + 1,
      now,
      idle: 1,
      write: randomId(8),
    }
    await store.rotate(
      await importsEnded(tag),
      row,
      { grace: legacyLife(settings, undefined) },
      { env },
    )
  }
}

/** Whether {@link endImports} was noted for a user, under any secret. */
export async function areImportsEnded<Data extends object>(
  settings: SessionSettings<Data>,
  store: UsedStore,
  jar: CookieJar,
  user: string | undefined,
): Promise<boolean> {
  if (!store.atomic || user === undefined) return false

  const at = { now: settings.clock(), idle: 1, slice: 1 }
  for (const tag of await createUserTags(settings, jar.env, user)) {
    if ((await store.read(await importsEnded(tag), at, jar)).is === 'ended') return true
  }
  return false
}
