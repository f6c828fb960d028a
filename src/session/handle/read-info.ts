/**
 * Reads the facts about a session from the state of its request: for `info()`, for `facts()`, and as fields
 * of events. `handle.ts` calls it. Only `readInfo` loads the session, and rejects as a load does; the
 * others return undefined or nothing for a session that was not loaded. `ERR_CONFIG` is thrown for an
 * invalid secret in the environment.
 */
import { hasListener } from '../../events.ts'
import { createAuditTag, idDigest } from '../core/events.ts'
import { createFacts, type SessionFacts } from '../core/info.ts'
import type { EventTags, SessionInfo } from '../core/types.ts'
import type { RequestState } from './request-state.ts'

/** Returns the facts about a session that was loaded, or undefined if there is none. */
export function readFacts<Data extends object>(
  requestState: RequestState<Data>,
): SessionFacts | undefined {
  const record = requestState.view()
  if (record?.data === undefined) return undefined

  const version = requestState.session && requestState.engine.readVersion?.(requestState.session)
  const provedAt = requestState.session?.device?.provedAt
  const facts = createFacts(record, requestState.settings)
  if (version !== undefined) facts.version = version
  if (provedAt !== undefined) facts.provedAt = provedAt
  return facts
}

/** Loads the session and returns its facts with the digest of its id. */
export async function readInfo<Data extends object>(
  requestState: RequestState<Data>,
): Promise<SessionInfo | undefined> {
  await requestState.load()
  const facts = readFacts(requestState)
  const record = requestState.view()
  if (facts === undefined || record === undefined) return undefined

  const { ring } = requestState.settings.keys(requestState.jar.env)
  return { id: await idDigest(ring, record.id), ...facts }
}

/** Computes the fields of events for a session that was loaded. */
export async function readEventTags<Data extends object>({
  session,
  settings,
  jar,
}: RequestState<Data>): Promise<EventTags> {
  const record = session?.record
  if (record === undefined || !hasListener(undefined, jar.context)) return {}

  const { ring } = settings.keys(jar.env)
  const userId = record.data === undefined ? undefined : settings.user?.(record.data)
  return {
    session: await idDigest(ring, record.id),
    ...(userId !== undefined && { user: await createAuditTag(ring, userId) }),
  }
}
