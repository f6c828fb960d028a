/** Facts about a session, as the app is told them. */
import type { SessionLocation } from './engine.ts'
import { idDigest } from './events.ts'
import { absoluteEnd, idleEnd, type LifetimeLimits } from './lifetimes.ts'
import type { SessionRecord } from './record.ts'
import type { RequestState } from './request-state.ts'
import type { SessionInfo } from './types.ts'

/** Facts about a session without the digest, which takes an HMAC. */
export type SessionFacts = Omit<SessionInfo, 'id'>

/** Facts about a record; `id` is its digest. */
export function createInfo<Data>(
  record: SessionRecord<Data>,
  limits: LifetimeLimits,
  id: string,
): SessionInfo {
  return { id, ...createFacts(record, limits) }
}

/** Facts about the session of a request that was loaded. */
export function readFacts<Data extends object>(of: RequestState<Data>): SessionFacts | undefined {
  const record = of.view()
  if (record?.data === undefined) return undefined
  const version = sessionVersion(of.loaded?.place)
  const facts = createFacts(record, of.settings.limits)
  return version === undefined ? facts : { ...facts, version }
}

/**
 * The version as it is told: with a part of the row's own key, so that a form that was filled in for one session does not
 * change another one in the same browser that happens to have the same count of writes.
 */
export function sessionVersion(place: SessionLocation | undefined): string | undefined {
  return place?.version === undefined ? undefined : `${place.version}-${place.ref.key.slice(0, 12)}`
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

function createFacts<Data>(record: SessionRecord<Data>, limits: LifetimeLimits): SessionFacts {
  return {
    createdAt: record.created * 1000,
    seenAt: record.seen * 1000,
    expiresAt: absoluteEnd(record, limits) * 1000,
    idleExpiresAt: idleEnd(record, limits) * 1000,
    signedIn: record.authenticated !== undefined,
    // 0 and 1: nobody knows when, see `readAuthenticated`.
    ...((record.authenticated ?? 0) > 1 && { authenticatedAt: (record.authenticated ?? 0) * 1000 }),
  }
}
