/**
 * Handles the response of a provider, which turns a code into a session. `login.ts` calls it for
 * `GET <base>/callback/<name>`. What the provider refuses, or what does not verify, ends in a page
 * without details and an event with the reason.
 */
import { isPortcullisError } from '../../errors.ts'
import type { OutgoingCookie } from '../../types.ts'
import {
  connectProvider,
  countTurn,
  dropTokens,
  emitEvent,
  type FlowContext,
  isStrictSession,
  pauseSilent,
  readFacts,
} from '../context.ts'
import { createFacts, requireData } from '../identify.ts'
import { createAnswer, createForwardPage } from '../pages.ts'
import { exchangeCode, type ProtocolContext, readTokenTime } from '../protocol/protocol.ts'
import { validateAuthTime } from '../protocol/token-claims.ts'
import type { LoginSettings } from '../settings.ts'
import { type Claims, LoginError, type LoginFacts, type TokenSet } from '../types.ts'
import { type Attempt, findAttempt } from './attempts.ts'
import { createHintCookies } from './hint.ts'
import { readPerson } from './person.ts'
import { isSilentRefusal, readErrorReason, refuse } from './refuse.ts'
import { beginLogin, createRedirectUri } from './start.ts'

/** Parameters of an answer; each may come once (RFC 6749 section 3.1). */
const answerParameters = ['state', 'code', 'iss', 'error'] as const
const longestParameter = 4096

/**
 * Answers a POST of `response_mode=form_post`: the browser sends no Lax cookie with a POST of another
 * site, so it is sent on to a GET, which carries the attempt.
 */
export function forwardFormPost(
  settings: LoginSettings,
  name: string,
  form: URLSearchParams,
): Response {
  const query = new URLSearchParams()
  for (const parameter of answerParameters) {
    // A parameter that comes twice is refused there; more of them only make the address longer.
    for (const value of form.getAll(parameter).slice(0, 2))
      query.append(parameter, value.slice(0, longestParameter))
  }

  return createAnswer({ status: 303, location: `${settings.base}/callback/${name}?${query}` })
}

/** Answers `GET <base>/callback/<name>`. Nothing leaves the isolate before the attempt is proven. */
export async function finishLogin(
  settings: LoginSettings,
  context: FlowContext,
  name: string,
): Promise<Response> {
  const { request, url, session } = context
  const query = url.searchParams
  if (answerParameters.some((parameter) => query.getAll(parameter).length > 1)) {
    return refuse(settings, context, { name, reason: 'response-malformed', cookies: [] })
  }

  const keys = settings.readKeys(context.env)
  const header = request.headers.get('cookie')
  const found = await findAttempt(header, query.get('state'), keys.attempts, settings.attempts)
  const { attempt, cookies } = found
  if (attempt === undefined) {
    // The back button, a reload, or a tab whose login another tab finished.
    const isDone = found.reason === 'attempt-missing' && (await session.info())?.signedIn === true
    if (isDone) return createAnswer({ status: 303, location: settings.afterLogin, cookies })
    return refuse(settings, context, { name, reason: found.reason ?? 'attempt-bad', cookies })
  }
  // RFC 9700 section 4.4: an answer at another provider's address is a mix-up.
  if (attempt.p !== name)
    return refuse(settings, context, { name, reason: 'issuer-mismatch', cookies })
  if (found.isExpired === true) return restart(settings, context, attempt, cookies)

  try {
    return await acceptAnswer(settings, context, attempt, cookies)
  } catch (error) {
    if (error instanceof LoginError)
      return refuse(settings, context, { name, reason: error.reason, cookies })
    const isOutage =
      isPortcullisError(error, 'ERR_STORE_UNAVAILABLE') ||
      isPortcullisError(error, 'ERR_STORE_REFUSED')
    if (isOutage) return refuse(settings, context, { name, reason: 'store-unavailable', cookies })
    throw error
  }
}

/** An old attempt begins anew by itself, once; who is signed in meanwhile goes on. */
async function restart(
  settings: LoginSettings,
  context: FlowContext,
  attempt: Attempt,
  cookies: readonly OutgoingCookie[],
): Promise<Response> {
  if ((await context.session.info())?.signedIn === true) {
    return createAnswer({ status: 303, location: attempt.r, cookies })
  }
  if ((attempt.k ?? 0) > 0)
    return refuse(settings, context, { name: attempt.p, reason: 'attempt-expired', cookies })
  emitEvent(settings, context, {
    type: 'login-failed',
    reason: 'attempt-expired',
    subject: attempt.p,
  })
  const wish = {
    returnPath: attempt.r,
    restarts: 1,
    ...(attempt.m !== undefined && { maxAge: attempt.m }),
    ...(attempt.a !== undefined && { acr: attempt.a }),
  }

  return beginLogin(settings, context, { name: attempt.p, wish, cookies })
}

async function acceptAnswer(
  settings: LoginSettings,
  context: FlowContext,
  attempt: Attempt,
  cookies: readonly OutgoingCookie[],
): Promise<Response> {
  const query = context.url.searchParams
  const protocol = await connectProvider(settings, context, attempt.p)
  validateIssuer(protocol, query.get('iss'))
  const error = query.get('error')
  if (error !== null) {
    if (attempt.q === 'none' && isSilentRefusal(error)) {
      return createAnswer({
        status: 303,
        location: attempt.r,
        cookies: [...cookies, pauseSilent(settings)],
      })
    }
    throw new LoginError(readErrorReason(error))
  }
  if (!query.get('code')) throw new LoginError('response-malformed')

  const tokens = await exchangeCode(protocol, query, {
    state: attempt.s,
    nonce: attempt.n,
    verifier: attempt.v,
    redirectUri: createRedirectUri(settings, context.origin, attempt.p),
  })

  return startSession(settings, context, { protocol, attempt, tokens, cookies })
}

interface AcceptedLogin {
  readonly protocol: ProtocolContext
  readonly attempt: Attempt
  readonly tokens: TokenSet
  readonly cookies: readonly OutgoingCookie[]
}

async function startSession(
  settings: LoginSettings,
  context: FlowContext,
  { protocol, attempt, tokens, cookies }: AcceptedLogin,
): Promise<Response> {
  const { provider } = protocol
  validateDemands(protocol, attempt, tokens.claims)
  const facts = createFacts(provider, tokens.claims)
  const person = await readPerson(protocol, { facts, ...tokens }, (event) =>
    emitEvent(settings, context, event),
  )
  const data = requireData(person && (await settings.identify(person)))
  const before = settings.tokens && (await readFacts(context.session))
  const kept = await keepTokens(settings, context, tokens, data)

  const { auth_time: authTime } = tokens.claims
  // Without `auth_time` nobody knows when the person showed who they are: `fresh` must not rest on it.
  const authenticatedAt = typeof authTime === 'number' ? authTime * 1000 : 0
  const login = { ...facts, ...kept }
  try {
    await context.session.start({ ...data, login } as object, { authenticatedAt })
  } catch (error) {
    if (kept.tokens !== undefined) await dropTokens(settings, context, kept.tokens)
    throw error
  }
  if (before?.tokens !== undefined) await dropTokens(settings, context, before.tokens)

  const info = await context.session.info()
  emitEvent(settings, context, {
    type: 'login-succeeded',
    subject: provider.name,
    ...(info !== undefined && { session: info.id }),
  })
  const hints = await createHintCookies(settings, context, facts, tokens.idToken)
  const all = [...cookies, ...hints, countTurn(settings, context.request)]
  if (!isStrictSession(settings, context.env)) {
    return createAnswer({ status: 303, location: attempt.r, cookies: all })
  }
  // A Strict cookie is not sent along a chain that began at another site: the chain ends here.
  return createAnswer(
    { status: 200, cookies: all },
    createForwardPage('You are signed in', attempt.r),
  )
}

/** Before the session: one that names no row of tokens would be half a login. */
async function keepTokens(
  { tokens: store, revalidate, clock }: LoginSettings,
  context: FlowContext,
  tokens: TokenSet,
  data: object,
): Promise<Pick<LoginFacts, 'tokens' | 'checkedAt'>> {
  if (store === undefined) return {}
  const row = await store.keep(context, tokens, data)
  return { tokens: row, ...(revalidate !== undefined && { checkedAt: clock() }) }
}

/** RFC 9207 section 2.4. */
function validateIssuer({ metadata, provider }: ProtocolContext, iss: string | null): void {
  const isPromised = metadata.authorization_response_iss_parameter_supported === true
  const isRequired = isPromised || provider.options.issuerInResponse === 'required'
  const isGood = iss === null ? !isRequired : iss === metadata.issuer
  if (!isGood) throw new LoginError('issuer-mismatch')
}

function validateDemands(protocol: ProtocolContext, attempt: Attempt, claims: Claims): void {
  if (attempt.m !== undefined) validateAuthTime(claims, attempt.m, readTokenTime(protocol))
  // Also by the options: the demands of an attempt come from an address that anybody can write.
  for (const contexts of [attempt.a, protocol.provider.options.acr]) {
    if (contexts?.includes(claims.acr as string) === false) {
      throw new LoginError('authentication-too-weak')
    }
  }
}
