/** Facts about a session, as the app is told them. */

import { absoluteEnd, idleEnd, type LifetimeLimits } from './lifetimes.ts'
import type { SessionRecord } from './record.ts'
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

export function createFacts<Data>(
  record: SessionRecord<Data>,
  limits: LifetimeLimits,
): SessionFacts {
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
