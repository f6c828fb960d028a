/** What other requests left of a session that this one was about to write. */
import type { Conflict, Found } from '../../store/contract.ts'
import type { CookieJar } from '../../types.ts'
import type { SessionLocation } from '../core/engine.ts'
import { checkLifetimes } from '../core/lifetimes.ts'
import type { SessionRecord } from '../core/record.ts'
import type { SessionSettings } from '../core/settings.ts'
import { openRow } from './record.ts'
import type { UsedStore } from './resolve-store.ts'

/** The record that another writer left, if it can be read. */
export async function readLeft<Data>(
  settings: SessionSettings<Data>,
  jar: CookieJar,
  { ref }: SessionLocation,
  found: Conflict | Found,
): Promise<SessionRecord<Data> | undefined> {
  const record = await openRow<Data>(settings, jar.env, ref, found)
  return typeof record === 'string' ? undefined : record
}

/**
 * The session that another login of the same user has just replaced, as it was then: the form was sent twice.
 *
 * @param indexFor - the index of the login that takes over this record.
 */
export async function readReplaced<Data>(
  settings: SessionSettings<Data>,
  store: UsedStore,
  jar: CookieJar,
  place: SessionLocation | undefined,
  indexFor: (record: SessionRecord<Data>) => Promise<string | undefined>,
): Promise<SessionRecord<Data> | undefined> {
  const found = place && (await store.readReplaced?.(place.ref, jar))
  if (place === undefined || found === undefined) return undefined

  const record = await readLeft(settings, jar, place, found)
  const now = Math.floor(settings.clock() / 1000)
  if (record === undefined || checkLifetimes(record, settings.limits, now) !== 'alive')
    return undefined

  // What went along to somebody else's session is not handed to this user too.
  return (await indexFor(record)) === found.by ? record : undefined
}
