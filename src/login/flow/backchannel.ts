/**
 * Ends sessions on request of the identity provider, whose server posts a signed logout token
 * without browser or cookie (OpenID Connect Back-Channel Logout). `login.ts` calls it for
 * `POST <base>/backchannel-logout/<name>`.
 *
 * It answers 200 where sessions were ended, 400 for a token that is missing, malformed, repeated or
 * names no user, and 503 with `Retry-After` while the provider's keys cannot be fetched or the store
 * is down, so that the provider may send the token again; `ERR_CONFIG` is thrown. Each outcome
 * emits an event. A token with `sid` counts once. A token without `sid` ends all sessions of a user
 * and has 4 tries, since no store ends them in one step.
 */
import { sha256 } from '../../crypto/index.ts'
import { isPortcullisError } from '../../errors.ts'
import type { SessionInternals } from '../../session/core/internals.ts'
import { connectProvider, emitEvent, type FlowContext } from '../context.ts'
import { readSubject } from '../identify.ts'
import { createAnswer } from '../pages.ts'
import { readTokenTime } from '../protocol/protocol.ts'
import { verifySignedToken } from '../protocol/signed-token.ts'
import { type LogoutToken, validateLogoutClaims } from '../protocol/token-claims.ts'
import type { Provider } from '../providers/provider-options.ts'
import type { LoginSettings } from '../settings.ts'
import { type Claims, LoginError, type LoginFacts } from '../types.ts'

/** Milliseconds for which a logout token is remembered after it has expired. */
const memoryMargin = 720_000
/**
 * Most milliseconds of a token's remaining life that count: by its `iat` it is rejected 10 minutes after its issue
 * anyway.
 */
const longestMessage = 1_200_000
/** How often one token may try to end the sessions of a user, because a store can fail halfway. */
const mostTries = 4

/** The methods of a session strategy that end sessions of other requests. */
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
    await endSessions(settings, context, provider, { ...logout, claims })

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

interface AcceptedLogout extends LogoutToken {
  readonly claims: Claims
}

async function endSessions(
  settings: LoginSettings,
  { env, eventContext }: FlowContext,
  provider: Provider,
  logout: AcceptedLogout,
): Promise<void> {
  const strategy = settings.session as EndingStrategy
  const { internals } = settings.readKeys(env)
  const { name } = provider
  const { jti, exp, sid, sub } = logout

  // Stores need whole milliseconds, and a time of RFC 7519 may have a fraction.
  const leftMs = Math.ceil(exp * 1000 - settings.clock())
  const life = Math.max(1000, Math.min(leftMs, longestMessage) + memoryMargin)
  const callContext = { env, ...(eventContext !== undefined && { context: eventContext }) }

  if (sid === undefined) {
    const user = findUser(internals, provider, logout)
    if (user === undefined) throw new LoginError('user-unknown', 'user')
    return endPerson(strategy, { user, message: `${name} ${jti}`, life, ...callContext })
  }

  const mark = readName(internals.mark, { provider: name, sub: sub ?? '', sid })
  if (mark === undefined) throw new LoginError('user-unknown', 'mark')

  const once = { id: await sha256(`${name} ${jti}`), life }
  const isNew = await strategy.endMarked?.({ mark, once, ...callContext })
  if (isNew !== true) throw new LoginError('logout-token-replayed')
}

interface PersonLogout {
  readonly user: string
  readonly message: string
  readonly life: number
  readonly env: unknown
  readonly context?: object
}

/**
 * Ends all sessions of a user for one logout token. No store can end them and remember the token in one step, so a
 * token has `mostTries` tries. Each delivery uses up one try before it ends the sessions, and a delivery that succeeds
 * uses up all others. So the provider can repeat a token whose logout failed halfway, and a token that is replayed
 * after a success does not end a later login.
 */
async function endPerson(
  strategy: EndingStrategy,
  { user, message, life, ...callContext }: PersonLogout,
): Promise<void> {
  async function useUp(attempt: number): Promise<boolean> {
    const once = { id: await sha256(`${message} sub ${attempt}`), life }
    // No session has this mark. The call only records, atomically, that this try was used.
    return (
      (await strategy.endMarked?.({ mark: 'message of a logout by sub', once, ...callContext })) ===
      true
    )
  }

  let attempt = 1
  while (!(await useUp(attempt))) {
    attempt++
    if (attempt > mostTries) throw new LoginError('logout-token-replayed')
  }
  await strategy.endAll?.({ user, ...callContext, by: { actor: 'provider' } })
  const others = Array.from({ length: mostTries - attempt }, (_, more) => attempt + 1 + more)
  await Promise.all(others.map(useUp))
}

/**
 * Finds the user whose sessions a logout token without `sid` ends; undefined where the token does not name the user.
 */
function findUser(
  { user }: SessionInternals,
  provider: Provider,
  { sub = '', claims }: AcceptedLogout,
): string | undefined {
  const facts = { provider: provider.name, tokenSubject: sub }
  const subject = mapSubject(provider, claims)
  if (subject !== undefined) return readName(user, { ...facts, sub: subject })
  // The token lacks the claims that the option `subject` reads. The sessions' option `user` is called with two invented
  // subjects: if both give the same user, the user does not depend on the missing claims.
  const [firstUser, secondUser] = ['one', 'other'].map((guess) =>
    readName(user, { ...facts, sub: guess }),
  )

  return firstUser === secondUser ? firstUser : undefined
}

/** Reads the person's identifier from a logout token; undefined where the token lacks the claims for it. */
function mapSubject(provider: Provider, claims: Claims): string | undefined {
  try {
    return readSubject(provider, claims)
  } catch {
    return undefined
  }
}

/**
 * Calls the option `mark` or `user` of the sessions with the facts of a login; undefined where it throws or is empty.
 */
function readName(option: SessionInternals['mark'], facts: LoginFacts): string | undefined {
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
