/** A session as a store keeps it: sealed, and bound to its own key, user and version. */

import { randomId } from '../../crypto/random.ts'
import type { Conflict, Found, Ref, Row } from '../../store/contract.ts'
import type { SessionLocation } from '../core/engine.ts'
import { absoluteEnd } from '../core/lifetimes.ts'
import { isObject, readRecord, type SessionRecord, writeRecord } from '../core/record.ts'
import type { SessionSettings } from '../core/settings.ts'

/** Seals a record for a place, as the given version. */
export async function sealRow<Data>(
  settings: SessionSettings<Data>,
  env: unknown,
  { ref, signedIn }: SessionLocation,
  record: SessionRecord<Data>,
  version: string,
): Promise<Row> {
  // A store that swaps two records, lists one under another user, or brings an older one back under a newer version,
  // changes what is repeated here.
  const sealed = { ...record, id: ref.key }
  const json = JSON.stringify({
    k: ref.key,
    u: ref.index,
    m: ref.mark,
    v: version,
    r: writeRecord(sealed),
  })
  return {
    ...ref,
    record: await settings.keys(env).records.seal(json),
    end: absoluteEnd(record, settings.limits) * 1000,
    now: settings.clock(),
    idle: findIdleSeconds(settings, signedIn) * 1000,
    write: randomId(8),
  }
}

/**
 * Opens what a store found; a reason where it is not what was kept there. `seen` is the store's: a read moves it.
 *
 * @param ref - where it was found; a list does not say the key, and then the record's own word counts.
 */
export async function openRow<Data>(
  settings: SessionSettings<Data>,
  env: unknown,
  { key, index, mark }: Partial<Ref>,
  found: Found | Conflict,
): Promise<SessionRecord<Data> | 'unknown-key' | 'invalid-data'> {
  const opened = await settings.keys(env).records.open(found.record)
  if (typeof opened !== 'string')
    return opened.refused === 'unknown-key' ? 'unknown-key' : 'invalid-data'
  const { k, u, m, v, r } = parseMembers(opened)
  if (
    (key !== undefined && (k !== key || m !== mark)) ||
    u !== index ||
    v !== found.version ||
    typeof r !== 'string'
  ) {
    return 'invalid-data'
  }
  const record = readRecord<Data>(r)
  // What a store says of its times is not sealed: no number, no session.
  const seen = Math.floor(found.seen / 1000)
  return record === undefined || !Number.isSafeInteger(seen) ? 'invalid-data' : { ...record, seen }
}

/** Members of sealed JSON; none where it is no object. Somebody else may seal with our secret. */
export function parseMembers(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json)
    return isObject(value) ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/** The idle limit that counts, in seconds. */
export function findIdleSeconds<Data>(
  { limits }: SessionSettings<Data>,
  signedIn: boolean,
): number {
  return signedIn ? limits.idleTimeout : limits.anonymousIdle
}
