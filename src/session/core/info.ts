/**
 * Computes the facts about a session that an application receives from `info()` and `list()`, such as when
 * it expires. The handle (`handle/read-info.ts`) and the list of a user's sessions
 * (`stored/user-sessions.ts`) call it.
 *
 * It reads no store and no clock. It throws only what the option `clientInfo` throws for a stored
 * client, which describes unknown forms as undefined.
 */
import { absoluteEnd, idleEnd } from './lifetimes.ts'
import type { SessionSettings } from './options/settings.ts'
import type { SessionRecord } from './record.ts'
import type { SessionInfo } from './types.ts'

/** Facts about a session without the digest of its id, which would need an HMAC. */
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

  // The members are assigned one by one, because a gateway runs this for each request and a spread would copy the
  // object. The values 0 and 1 mean an unknown time of authentication: see `readAuthenticated` in `handle/login.ts`.
  if (authenticated > 1) facts.authenticatedAt = authenticated * 1000
  if (device) facts.bound = 'proved' in (record.device ?? {})
  const client = record.client && clientInfo?.describe(record.client)
  if (client) facts.client = client
  return facts
}
