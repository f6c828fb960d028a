/** Facts about a session, as the app is told them. */
import { idDigest } from './events.ts'
import { absoluteEnd, idleEnd, type Limits } from './lifetimes.ts'
import type { SessionRecord } from './record.ts'
import type { RequestState } from './request-state.ts'
import type { SessionInfo } from './types.ts'

/** Facts about a session without the digest, which takes an HMAC. */
export type SessionFacts = Omit<SessionInfo, 'id'>

/** Facts about a record; `id` is its digest. */
export function infoOf<Data>(record: SessionRecord<Data>, limits: Limits, id: string): SessionInfo {
  return { id, ...factsOf(record, limits) }
}

/** Facts about the session of a request that was loaded. */
export function factsNow<Data extends object>(of: RequestState<Data>): SessionFacts | undefined {
  const record = of.view()
  if (record?.data === undefined) return undefined
  const version = of.loaded?.place?.version
  const facts = factsOf(record, of.settings.limits)
  return version === undefined ? facts : { ...facts, version }
}

/** The same with the digest. */
export async function infoNow<Data extends object>(of: RequestState<Data>): Promise<SessionInfo | undefined> {
  await of.load()
  const facts = factsNow(of)
  const record = of.view()
  return facts && record && { id: await idDigest(of.settings.keys(of.jar.env).ring, record.id), ...facts }
}

function factsOf<Data>(record: SessionRecord<Data>, limits: Limits): SessionFacts {
  return {
    createdAt: record.created * 1000,
    seenAt: record.seen * 1000,
    expiresAt: absoluteEnd(record, limits) * 1000,
    idleExpiresAt: idleEnd(record, limits) * 1000,
    signedIn: record.authenticated !== undefined,
    ...(record.authenticated && { authenticatedAt: record.authenticated * 1000 }),
  }
}
