/** Facts about a session, as the app is told them. */
import { absoluteEnd, idleEnd, type Limits } from './lifetimes.ts'
import type { SessionRecord } from './record.ts'
import type { SessionInfo } from './types.ts'

/** Facts about a record; `id` is its digest. */
export function infoOf<Data>(record: SessionRecord<Data>, limits: Limits, id: string): SessionInfo {
  return {
    id,
    createdAt: record.created * 1000,
    seenAt: record.seen * 1000,
    expiresAt: absoluteEnd(record, limits) * 1000,
    idleExpiresAt: idleEnd(record, limits) * 1000,
    signedIn: record.authenticated !== undefined,
    ...(record.authenticated && { authenticatedAt: record.authenticated * 1000 }),
  }
}
