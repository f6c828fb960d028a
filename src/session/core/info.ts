/**
 * Computes the facts about a session that an application receives, such as when it ends. Handles
 * and the list of a user's sessions call it. It is pure.
 */
import { absoluteEnd, idleEnd } from './lifetimes.ts'
import type { SessionSettings } from './options/settings.ts'
import type { SessionRecord } from './record.ts'
import type { SessionInfo } from './types.ts'

/** Facts about a session without its digest, which takes an HMAC. */
export type SessionFacts = Omit<SessionInfo, 'id'>

/** Facts that are being computed. */
type WritableFacts = { -readonly [Name in keyof SessionFacts]: SessionFacts[Name] }

/** The settings that facts depend on. */
type FactSettings = Pick<SessionSettings<never>, 'limits' | 'device' | 'clientInfo'>

/** Creates the facts about a record whose digest is `id`. */
export function createInfo<Data>(
  record: SessionRecord<Data>,
  settings: FactSettings,
  id: string,
): SessionInfo {
  return { id, ...createFacts(record, settings) }
}

/** Creates the facts about a record. */
export function createFacts<Data>(
  record: SessionRecord<Data>,
  { limits, device, clientInfo }: FactSettings,
): WritableFacts {
  const { authenticated = 0 } = record
  const facts: WritableFacts = {
    createdAt: record.created * 1000,
    seenAt: record.seen * 1000,
    expiresAt: absoluteEnd(record, limits) * 1000,
    idleExpiresAt: idleEnd(record, limits) * 1000,
    signedIn: record.authenticated !== undefined,
  }

  // Assigned one by one: a gateway computes them for each request, and spreading an object copies it.
  // 0 and 1 stand for an unknown moment, see `readAuthenticated`.
  if (authenticated > 1) facts.authenticatedAt = authenticated * 1000
  if (device) facts.bound = 'proved' in (record.device ?? {})
  const client = record.client && clientInfo?.describe(record.client)
  if (client) facts.client = client
  return facts
}
