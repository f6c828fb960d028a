/**
 * Seals a session for a store and binds it to its own key, user and version. The stored engine's
 * functions call it. A row that does not open, or that belongs elsewhere, gives the reason.
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
 * Seals a record as a row. The sealed text repeats key, user, mark and version: a malicious store cannot swap records,
 * reassign them or roll them back.
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
 * Opens a row. Its `seen` is the store's, since a read moves it.
 *
 * @param ref - location of the row. A list does not return keys; then the sealed key counts.
 * @returns the reason where the row is not the one that was written there.
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

/** Parses the members of sealed JSON. Text of another shape has none: another program may seal with our secret. */
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
