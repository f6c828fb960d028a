/**
 * Reads the facts about a session from the state of its request, for `info()` and `facts()`. The
 * handle calls it. It rejects as a load of the session does.
 */
import { hasListener } from '../../events.ts'
import { createAuditTag, idDigest } from '../core/events.ts'
import { createFacts, type SessionFacts } from '../core/info.ts'
import type { EventTags, SessionInfo } from '../core/types.ts'
import type { RequestState } from './request-state.ts'

/** Returns the facts about a session that was loaded, or undefined where there is none. */
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

/** Computes what events say of a session that was loaded. */
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
