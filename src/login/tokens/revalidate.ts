/**
 * Asks the provider again about the user of a session, once the last answer is older than the option
 * `revalidate`. `keep.ts` passes its `recheck` to it, for the Hono middleware and the gateway's phases.
 *
 * A user who is no longer admitted is signed out and the event `login-revoked` is emitted; otherwise the
 * session gets the new data of `identify`. While the provider does not answer, the session continues
 * unchanged. Errors of the session or token store reject. A session that another request ends meanwhile
 * (`ERR_SESSION_ENDED`) is ignored.
 */
import { isPortcullisError } from '../../errors.ts'
import type { SessionHandle } from '../../session/core/types.ts'
import { emitEvent } from '../context.ts'
import type { LoginSettings } from '../settings.ts'
import type { LoginData, LoginFacts } from '../types.ts'
import type { KeptTokens, Recheck, TokenContext } from './contract.ts'

/** The session of a request. */
interface SessionToRevalidate {
  readonly context: TokenContext
  readonly session: SessionHandle<object>
}

/**
 * Asks the provider about the user of a session if its last answer is older than `revalidate`. Requests that run at the
 * same time share one refresh.
 */
export async function revalidateSession(
  settings: LoginSettings,
  recheck: (facts: LoginFacts) => Promise<Recheck | undefined>,
  { context, session }: SessionToRevalidate,
): Promise<void> {
  const { revalidate, clock } = settings
  if (revalidate === undefined) return
  const facts = ((await session.get()) as Partial<LoginData> | undefined)?.login
  if (facts?.checkedAt === undefined) return
  const age = clock() - facts.checkedAt
  if (age >= 0 && age < revalidate * 1000) return

  const verdict = await recheck(facts)
  if (verdict === undefined) return
  if (verdict.status === 'revoked') return revoke(settings, context, session, verdict.reason)
  try {
    await session.update((data) => applyIdentified(data, facts, verdict.tokens))
  } catch (error) {
    if (isPortcullisError(error, 'ERR_SESSION_ENDED')) return
    // The new data names another user, by the option `user` of the sessions. A session never changes its user.
    if (!isPortcullisError(error, 'ERR_SESSION_IDENTITY_CHANGED')) throw error
    await revoke(settings, context, session, 'identity-changed')
  }
}

async function revoke(
  settings: LoginSettings,
  context: TokenContext,
  session: SessionHandle<object>,
  reason: string,
): Promise<void> {
  emitEvent(settings, context, { type: 'login-revoked', reason })
  await session.end()
}

/** Returns the session's data after a recheck. It must be pure, because a write conflict runs it again. */
function applyIdentified(
  data: object | undefined,
  facts: LoginFacts,
  { identified, members, refreshedAt }: KeptTokens,
): object {
  const login = { ...facts, ...(data as Partial<LoginData> | undefined)?.login }
  const checked = { ...login, checkedAt: Math.max(refreshedAt, login.checkedAt ?? 0) }
  if (identified === undefined || identified === null) return { ...data, login: checked }
  // Members that `identify` returned earlier and leaves out now are removed; those of the application stay.
  const keptEntries = Object.entries(data ?? {}).filter(([name]) => !members.includes(name))
  return { ...Object.fromEntries(keptEntries), ...identified, login: checked }
}
