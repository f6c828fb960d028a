/**
 * Asks the provider again about the person of a session, as often as the option `revalidate` says.
 * `keep.ts` calls it for requests. A person who is no longer admitted is signed out; while the
 * provider is unavailable the last answer counts.
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
 * Asks the provider about the person of a session where the last answer is older than `revalidate`: one
 * refresh, whoever else asks. Whom it admits no longer is signed out. While it is away its last answer holds.
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
    // The same session is another person's now: `user` of the sessions differs.
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

/** The data of a session after a new look at its person. Pure: under conflict it runs again. */
function applyIdentified(
  data: object | undefined,
  facts: LoginFacts,
  { identified, members, refreshedAt }: KeptTokens,
): object {
  const login = { ...facts, ...(data as Partial<LoginData> | undefined)?.login }
  const checked = { ...login, checkedAt: Math.max(refreshedAt, login.checkedAt ?? 0) }
  if (identified === undefined || identified === null) return { ...data, login: checked }
  // Members that `identify` returned earlier and leaves out now are removed; those of the application stay.
  const own = Object.entries(data ?? {}).filter(([name]) => !members.includes(name))
  return { ...Object.fromEntries(own), ...identified, login: checked }
}
