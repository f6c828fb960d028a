/** A legacy cookie meets the store: imported once, however many come at the same time, and never again after it ended. */
import { encodeBase64url } from '../crypto/base64url.ts'
import { sha256 } from '../crypto/digest.ts'
import { randomId } from '../crypto/random.ts'
import type { CookieJar } from '../types.ts'
import type { LegacyPlace, Loaded, Place } from './engine.ts'
import { importedRecord, openLegacy } from './legacy.ts'
import type { OpenedLegacy } from './options.ts'
import type { UsedStore } from './resolve-store.ts'
import type { SessionSettings } from './settings.ts'
import { placeOf, tagsOf, userOf } from './stored-cookie.ts'
import { judged, look, none } from './stored-load.ts'
import { sealRow } from './stored-record.ts'

/** Where a legacy cookie leads. */
export type ImportPlace = Place & { readonly legacy: LegacyPlace }

const SKEW = 60_000
/** User agents keep no cookie longer; a seal that says no end could open for ever. */
const LONGEST = 400 * 86_400_000

/** The session of a legacy cookie: as it was imported already, or as it will be when this request writes. */
export async function loadLegacy<Data extends object>(
  settings: SessionSettings<Data>,
  store: UsedStore,
  jar: CookieJar,
): Promise<Loaded<Data>> {
  const opened = await openLegacy(settings, jar)
  if (opened === undefined) return { record: undefined }
  const places = await importPlaces(settings, store, jar, opened)
  for (const place of places) {
    const found = await look(settings, store, jar, place)
    if (found.is === 'found') {
      const loaded = await judged(settings, jar, place, found)
      return loaded.record === undefined ? loaded : { ...loaded, due: 'import' }
    }
    if (found.is !== 'none') return none(settings, found.is, place)
    if (!store.atomic) continue
    // Imported once, and over: whoever kept a copy of the cookie does not get another session for it.
    const claim = await look(settings, store, jar, { ...place, ref: place.legacy.claim })
    if (claim.is !== 'none') return none(settings, 'legacy')
  }
  const [place] = places
  if (place === undefined) return { record: undefined }
  return { record: importedRecord(settings, place.ref.key, opened.data), due: 'import', place }
}

/** Places of this request's legacy cookie: under the first secret, and under those that it may have been imported with. */
export async function legacyPlaces<Data extends object>(
  settings: SessionSettings<Data>,
  store: UsedStore,
  jar: CookieJar,
): Promise<ImportPlace[]> {
  const opened = settings.legacy.length === 0 ? undefined : await openLegacy(settings, jar)
  return opened === undefined ? [] : importPlaces(settings, store, jar, opened)
}

async function importPlaces<Data extends object>(
  settings: SessionSettings<Data>,
  store: UsedStore,
  jar: CookieJar,
  { data, mark, expiresAt }: OpenedLegacy<Data>,
): Promise<ImportPlace[]> {
  const { ring } = settings.keys(jar.env)
  const user = store.atomic ? userOf(settings, data) : undefined
  const tags = user === undefined ? [] : await tagsOf(settings, jar.env, user)
  const lasts = Math.min(LONGEST, (expiresAt ?? Number.POSITIVE_INFINITY) - settings.clock() + SKEW)
  const macs = await ring.macs('legacy-import', mark)
  return Promise.all(
    macs.map(async (mac, at) => {
      const id = encodeBase64url(mac.subarray(0, 16))
      const place = await placeOf(id, true, tags[at])
      const claim = { key: await sha256(`${id} was imported`) }
      return { ...place, legacy: { id, claim, lasts: Math.max(SKEW, lasts) } }
    }),
  )
}

/** Lets no copy of a legacy cookie be imported any more: takes its place, which whoever asked for it ends or replaces. */
export async function claimLegacy<Data extends object>(
  settings: SessionSettings<Data>,
  store: UsedStore,
  jar: CookieJar,
  place: ImportPlace,
): Promise<void> {
  if (!store.atomic) return
  const now = Math.floor(settings.clock() / 1000)
  const row = await sealRow(settings, jar.env, place, { id: randomId(), created: now, seen: now }, '1')
  await store.rotate(place.legacy.claim, row, { grace: place.legacy.lasts }, jar)
}
