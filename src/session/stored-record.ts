/** A session as a store keeps it: sealed, and bound to its own key and version. */

import { randomId } from '../crypto/random.ts'
import type { Conflict, Found, Row } from '../store/contract.ts'
import type { Place } from './engine.ts'
import { absoluteEnd } from './lifetimes.ts'
import { readRecord, type SessionRecord, writeRecord } from './record.ts'
import type { SessionSettings } from './settings.ts'

/** Seals a record for a place, as the given version. */
export async function sealRow<Data>(
  settings: SessionSettings<Data>,
  env: unknown,
  { ref, signedIn }: Place,
  record: SessionRecord<Data>,
  version: string,
): Promise<Row> {
  // A store that swaps two records, or brings an older one back under a newer version, changes what is repeated here.
  const json = JSON.stringify({ k: ref.key, v: version, r: writeRecord({ ...record, id: ref.key }) })
  return {
    ...ref,
    record: await settings.keys(env).records.seal(json),
    end: absoluteEnd(record, settings.limits) * 1000,
    now: settings.clock(),
    idle: idleOf(settings, signedIn) * 1000,
    write: randomId(8),
  }
}

/**
 * Opens what a store found; a reason where it is not what was kept there. `seen` is the store's: a read moves it.
 *
 * @param key - where it was found; undefined in a list, which does not say: then the record's own word counts.
 */
export async function openRow<Data>(
  settings: SessionSettings<Data>,
  env: unknown,
  key: string | undefined,
  found: Found | Conflict,
): Promise<SessionRecord<Data> | 'unknown-key' | 'invalid-data'> {
  const opened = await settings.keys(env).records.open(found.record)
  if (typeof opened !== 'string') return opened.refused === 'unknown-key' ? 'unknown-key' : 'invalid-data'
  const { k, v, r } = JSON.parse(opened) as { k?: unknown; v?: unknown; r?: unknown }
  if ((key !== undefined && k !== key) || v !== found.version || typeof r !== 'string') return 'invalid-data'
  const record = readRecord<Data>(r)
  return record === undefined ? 'invalid-data' : { ...record, seen: Math.floor(found.seen / 1000) }
}

/** The idle limit that counts, in seconds. */
export function idleOf<Data>({ limits }: SessionSettings<Data>, signedIn: boolean): number {
  return signedIn ? limits.idleTimeout : limits.anonymousIdle
}
