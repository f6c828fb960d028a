/** Logout by the provider's own servers: no browser, no cookie. */
import { sha256 } from '../../crypto/index.ts'
import { isPortcullisError } from '../../errors.ts'
import type { SessionInternals } from '../../session/core/internals.ts'
import { connectProvider, emitEvent, type FlowContext } from '../context.ts'
import { createAnswer } from '../pages.ts'
import { readTokenTime } from '../protocol/protocol.ts'
import { verifySignedToken } from '../protocol/signed-token.ts'
import { type LogoutToken, validateLogoutClaims } from '../protocol/token-claims.ts'
import type { LoginSettings } from '../settings.ts'
import { LoginError } from '../types.ts'

/** Milliseconds for which a message is remembered beyond its own end. */
const memoryMargin = 720_000

/** What ends sessions from outside a request. */
interface EndingStrategy {
  endMarked?(args: {
    readonly mark: string
    readonly once: { readonly id: string; readonly life: number }
    readonly env: unknown
    readonly context?: object
  }): Promise<boolean>
  endAll?(args: {
    readonly user: string
    readonly env: unknown
    readonly context?: object
    readonly by: { readonly actor: 'provider' }
  }): Promise<unknown>
}

/**
 * Answers `POST <base>/backchannel-logout/<name>`.
 *
 * @see OpenID Connect Back-Channel Logout 1.0 sections 2.5 to 2.8
 */
export async function endByBackchannel(
  settings: LoginSettings,
  context: FlowContext,
  name: string,
  form: URLSearchParams,
): Promise<Response> {
  try {
    const [token, ...more] = form.getAll('logout_token')
    if (token === undefined || more.length > 0) throw new LoginError('logout-token-bad', 'missing')
    const protocol = await connectProvider(settings, context, name)
    const { provider, connection, waitUntil } = protocol
    const { header, claims } = await verifySignedToken(token, connection, {
      algorithms: provider.algorithms,
      bad: 'logout-token-bad',
      waitUntil,
    })
    const time = readTokenTime(protocol)
    const logout = validateLogoutClaims(provider, claims, header.typ, time)
    await endSessions(settings, context, name, logout)

    const reason = logout.sid === undefined ? 'sub' : 'sid'
    emitEvent(settings, context, { type: 'backchannel-logout', reason, subject: name })
    return createAnswer({ status: 200 })
  } catch (error) {
    const reason = readReason(error)
    emitEvent(settings, context, { type: 'backchannel-logout-refused', reason, subject: name })
    const isOutage = reason === 'provider-unreachable' || reason === 'store-unavailable'
    return answerError(isOutage)
  }
}

function readReason(error: unknown): string {
  if (error instanceof LoginError) return error.reason
  if (isPortcullisError(error) && !isPortcullisError(error, 'ERR_CONFIG'))
    return 'store-unavailable'
  throw error
}

async function endSessions(
  settings: LoginSettings,
  { env, eventContext }: FlowContext,
  name: string,
  { jti, exp, sid, sub }: LogoutToken,
): Promise<void> {
  const strategy = settings.session as EndingStrategy
  const { internals } = settings.readKeys(env)
  const facts = { provider: name, sub: sub ?? '', ...(sid !== undefined && { sid }) }
  const mark = sid === undefined ? undefined : readName(internals.mark, facts)
  const user = sid === undefined ? readName(internals.user, facts) : undefined
  if (sid !== undefined && mark === undefined) throw new LoginError('user-unknown', 'mark')
  if (sid === undefined && user === undefined) throw new LoginError('user-unknown', 'user')

  const id = await sha256(`${name} ${jti}`)
  const once = { id, life: Math.max(1000, exp * 1000 - settings.clock() + memoryMargin) }
  const asked = { env, ...(eventContext !== undefined && { context: eventContext }) }
  const ended = mark ?? `${name} message ${id}`
  const isNew = await strategy.endMarked?.({ mark: ended, once, ...asked })
  if (isNew !== true) throw new LoginError('logout-token-replayed')
  // After the replay check: a message that comes again must not end a later login.
  if (user !== undefined) await strategy.endAll?.({ user, ...asked, by: { actor: 'provider' } })
}

/** What the options `mark` and `user` of the sessions make of a login: the sessions decide, not the login. */
function readName(
  option: SessionInternals['mark'],
  facts: { readonly provider: string; readonly sub: string; readonly sid?: string },
): string | undefined {
  try {
    return (
      (option as ((data: object) => string | undefined) | undefined)?.({ login: facts }) ||
      undefined
    )
  } catch {
    return undefined
  }
}

function answerError(isOutage: boolean): Response {
  const error = isOutage ? 'temporarily_unavailable' : 'invalid_request'
  const headers: Record<string, string> = {
    'cache-control': 'no-store',
    'content-type': 'application/json',
  }
  if (isOutage) headers['retry-after'] = '10'
  return new Response(JSON.stringify({ error }), { status: isOutage ? 503 : 400, headers })
}
