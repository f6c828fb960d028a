/** Reads what `info()` and `facts()` return from the state of a request. */

import type { SessionLocation } from '../core/engine.ts'
import { idDigest } from '../core/events.ts'
import { createFacts, type SessionFacts } from '../core/info.ts'
import type { SessionInfo } from '../core/types.ts'
import type { RequestState } from './request-state.ts'

/** Facts about the session of a request that was loaded. */
export function readFacts<Data extends object>(of: RequestState<Data>): SessionFacts | undefined {
  const record = of.view()
  if (record?.data === undefined) return undefined
  const version = sessionVersion(of.loaded?.place)
  const facts = createFacts(record, of.settings.limits)
  return version === undefined ? facts : { ...facts, version }
}

/** The same with the digest. */
export async function readInfo<Data extends object>(
  of: RequestState<Data>,
): Promise<SessionInfo | undefined> {
  await of.load()
  const facts = readFacts(of)
  const record = of.view()
  return (
    facts &&
    record && { id: await idDigest(of.settings.keys(of.jar.env).ring, record.id), ...facts }
  )
}

/**
 * The version as it is told: with a part of the row's own key, so that a form that was filled in for one session does not
 * change another one in the same browser that happens to have the same count of writes.
 */
export function sessionVersion(place: SessionLocation | undefined): string | undefined {
  return place?.version === undefined ? undefined : `${place.version}-${place.ref.key.slice(0, 12)}`
}
