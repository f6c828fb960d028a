/**
 * Seals the record of a session as a row for a store, and opens rows again. The sealed text repeats key,
 * user, mark and version, so that a store cannot exchange rows. The functions of this folder that read or
 * write rows call it.
 *
 * A row that does not open, or that belongs to another key, user, mark or version, gives the reason
 * `unknown-key` or `invalid-data` and never throws. An invalid secret in the environment throws
 * `ERR_CONFIG`.
 */
import { randomId } from '../../crypto/random.ts'
import { isObject } from '../../options/is-object.ts'
import type { Conflict, Found, Ref, Row } from '../../store/contract.ts'
import type { SessionLocation } from '../core/engine.ts'
import { absoluteEnd } from '../core/lifetimes.ts'
import type { SessionSettings } from '../core/options/settings.ts'
import { readRecord, type SessionRecord, writeRecord } from '../core/record.ts'

/** One version of a session at its location. */
export interface VersionedRecord<Data> {
  readonly location: SessionLocation
  readonly record: SessionRecord<Data>
  readonly version: string
}

/**
 * Seals a record as a row. The sealed text repeats key, user, mark and version, so a malicious store cannot exchange
 * records or give one to another user. It can still return an older row as a whole, with its version.
 */
export async function sealRow<Data>(
  settings: SessionSettings<Data>,
  env: unknown,
  { location, record, version }: VersionedRecord<Data>,
): Promise<Row> {
  const { ref, signedIn } = location
  const jsonText = JSON.stringify({
    k: ref.key,
    u: ref.index,
    m: ref.mark,
    v: version,
    r: writeRecord({ ...record, id: ref.key }),
  })

  return {
    ...ref,
    record: await settings.keys(env).records.seal(jsonText),
    end: absoluteEnd(record, settings.limits) * 1000,
    now: settings.clock(),
    idle: findIdleSeconds(settings, signedIn) * 1000,
    write: randomId(8),
  }
}

/**
 * Opens a row. `seen` is taken from the store, since reads change it without sealing the record again.
 *
 * @param ref - location of the row. A list does not return keys; then the sealed key is used.
 * @returns the record, or the reason if the row is not the one that was written there.
 */
export async function openRow<Data>(
  settings: SessionSettings<Data>,
  env: unknown,
  { key, index, mark }: Partial<Ref>,
  row: Found | Conflict,
): Promise<SessionRecord<Data> | 'unknown-key' | 'invalid-data'> {
  const json = await settings.keys(env).records.open(row.record)
  if (typeof json !== 'string') {
    return json.refused === 'unknown-key' ? 'unknown-key' : 'invalid-data'
  }

  const { k, u, m, v, r } = parseMembers(json)
  const isOfRef = key === undefined || (k === key && m === mark)
  if (!isOfRef || u !== index || v !== row.version || typeof r !== 'string') return 'invalid-data'

  const record = readRecord<Data>(r)
  // The store's time is not sealed, so it may be anything.
  const seen = Math.floor(row.seen / 1000)
  return record === undefined || !Number.isSafeInteger(seen) ? 'invalid-data' : { ...record, seen }
}

/** Parses sealed JSON. Other text gives an empty object, since another program may seal with the same secret. */
export function parseMembers(jsonText: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(jsonText)
    return isObject(value) ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/** Returns the idle timeout that applies, in seconds. */
export function findIdleSeconds<Data>(
  { limits }: SessionSettings<Data>,
  signedIn: boolean,
): number {
  return signedIn ? limits.idleTimeout : limits.anonymousIdle
}
