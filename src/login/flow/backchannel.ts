/**
 * Handles the logout that a provider's own servers send: no browser, no cookie. `login.ts` calls
 * it for `POST <base>/backchannel-logout/<name>`. A bad or repeated logout token is answered with
 * 400; a store that is down is answered so that the provider may repeat.
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

/** Milliseconds for which a message is remembered beyond its own end. */
const memoryMargin = 720_000
/** Milliseconds after which no message is accepted, whatever its end: it is at most ten minutes old, or ahead by the tolerance. */
const longestMessage = 1_200_000
/** How often one message may begin to end the sessions of a person: a store that fails halfway is asked again. */
const mostTries = 4

/** The verbs of a strategy that end sessions from outside a request. */
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

  // Stores take whole milliseconds, and a time of RFC 7519 may have a fraction.
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
 * Ends all sessions of a person, by one message. No store ends them and remembers the message in one step, so a message has
 * several tries. Each attempt uses up one, and what took effect uses up the others: a message whose logout failed halfway
 * can be sent again, and one that comes again afterwards ends no later login.
 */
async function endPerson(
  strategy: EndingStrategy,
  { user, message, life, ...callContext }: PersonLogout,
): Promise<void> {
  async function useUp(attempt: number): Promise<boolean> {
    const once = { id: await sha256(`${message} sub ${attempt}`), life }
    // No session has this mark: only the message counts.
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

/** The user whose sessions a logout token without `sid` ends; undefined where the sessions do not say. */
function findUser(
  { user }: SessionInternals,
  provider: Provider,
  { sub = '', claims }: AcceptedLogout,
): string | undefined {
  const facts = { provider: provider.name, tokenSubject: sub }
  const subject = mapSubject(provider, claims)
  if (subject !== undefined) return readName(user, { ...facts, sub: subject })
  // The token lacks what `subject` reads. Where the user of a session rests on that, nobody can be found by this token.
  const [one, other] = ['one', 'other'].map((guess) => readName(user, { ...facts, sub: guess }))

  return one === other ? one : undefined
}

/** The identifier of a person as `subject` makes it of a logout token, which may lack the claims for it. */
function mapSubject(provider: Provider, claims: Claims): string | undefined {
  try {
    return readSubject(provider, claims)
  } catch {
    return undefined
  }
}

/** Calls the option `mark` or `user` of the sessions with a login: the sessions decide, not the login. */
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
