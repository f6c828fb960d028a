/** Reads the facts about a session from the state of its request, for `info()` and `facts()`. */
import { idDigest } from '../core/events.ts'
import { createFacts, type SessionFacts } from '../core/info.ts'
import type { SessionInfo } from '../core/types.ts'
import type { RequestState } from './request-state.ts'

/** Returns the facts about a session that was loaded, or undefined where there is none. */
export function readFacts<Data extends object>(
  state: RequestState<Data>,
): SessionFacts | undefined {
  const record = state.view()
  if (record?.data === undefined) return undefined

  const version = state.session && state.engine.readVersion?.(state.session)
  const provedAt = state.session?.device?.provedAt
  return {
    ...createFacts(record, state.settings),
    ...(version !== undefined && { version }),
    ...(provedAt !== undefined && { provedAt }),
  }
}

/** Loads the session and returns its facts with the digest of its id. */
export async function readInfo<Data extends object>(
  state: RequestState<Data>,
): Promise<SessionInfo | undefined> {
  await state.load()
  const facts = readFacts(state)
  const record = state.view()
  if (facts === undefined || record === undefined) return undefined

  const { ring } = state.settings.keys(state.jar.env)
  return { id: await idDigest(ring, record.id), ...facts }
}
