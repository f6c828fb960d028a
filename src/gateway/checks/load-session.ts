/** Who is asking, and whether a route lets them pass. */
import { type CompiledAccess, checkSessionAccess } from '../../access/index.ts'
import type {
  FlushableHandle,
  SessionFacts,
  SessionInfo,
  SessionStrategy,
} from '../../session/index.ts'
import type { Reason } from '../../types.ts'
import type { CompiledGateway } from '../compile.ts'
import type { RequestContext } from '../request-context.ts'

/** The session of a request, read once. */
export interface LoadedSession {
  readonly data: object
  readonly facts: SessionFacts
  /** The facts with the digest of the session's id: an HMAC, for whoever tells of it. */
  info(): Promise<SessionInfo | undefined>
}

/** Reads the session of a request; undefined where there is none. */
export async function loadSession(
  plan: CompiledGateway,
  visit: RequestContext,
): Promise<LoadedSession | undefined> {
  if (plan.session === undefined) return undefined
  const session = openHandle(plan.session, visit)
  const data = await session.get()
  const facts = data && session.facts()
  return data && facts && { data, facts, info: () => session.info() }
}

/** Begins to read the session where it can travel with what else the request asks. */
export async function prefetchSession(plan: CompiledGateway, visit: RequestContext): Promise<void> {
  if (plan.session !== undefined) await openHandle(plan.session, visit).prefetch()
}

/** Why somebody may not pass; undefined where they may. */
export function checkAccess(
  plan: CompiledGateway,
  access: CompiledAccess,
  who: LoadedSession | undefined,
): Reason | undefined {
  const { roles, clock } = plan
  const verdict = checkSessionAccess(access, {
    data: who?.data,
    info: who?.facts,
    roles,
    now: clock(),
  })
  return verdict.ok ? undefined : verdict.reason
}

function openHandle(
  strategy: SessionStrategy<object>,
  visit: RequestContext,
): FlushableHandle<object> {
  const { request, env } = visit
  visit.session ??= strategy.open({ request, env })
  return visit.session
}
