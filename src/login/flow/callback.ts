/**
 * Handles the browser's return from the identity provider: checks the state, exchanges the code for
 * tokens, validates them and starts the session. `login.ts` calls it for `GET <base>/callback/<name>`
 * and for the POST of `response_mode=form_post`.
 *
 * A response that the provider sent as an error or that does not verify, a user whom `identify` does
 * not admit, and a session or token store that is down each end in an error page without details, and
 * in the event `login-failed` with the reason. A state that this browser did not begin sends nothing
 * to the provider. An attempt that is too old restarts once. `ERR_CONFIG` and errors that `identify`
 * throws pass through. Tokens that were stored for a session that cannot start are deleted again.
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

/** Parameters of an authorization response; each may occur once (RFC 6749 section 3.1). */
const answerParameters = ['state', 'code', 'iss', 'error'] as const
const longestParameter = 4096

/**
 * Answers a POST of `response_mode=form_post` with a redirect to the same parameters as a GET: browsers send no
 * `SameSite=Lax` cookie with a POST from another site, so only the GET carries the attempt's cookie.
 */
export function forwardFormPost(
  settings: LoginSettings,
  name: string,
  form: URLSearchParams,
): Response {
  const query = new URLSearchParams()
  for (const parameter of answerParameters) {
    // `finishLogin` rejects a parameter that occurs twice, so two values are enough to pass on.
    for (const value of form.getAll(parameter).slice(0, 2))
      query.append(parameter, value.slice(0, longestParameter))
  }

  return createAnswer({ status: 303, location: `${settings.base}/callback/${name}?${query}` })
}

/**
 * Answers `GET <base>/callback/<name>`. It sends no request to the provider before the attempt's cookie was verified.
 */
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
    // The user pressed back or reload after a login that succeeded, or another tab has finished this login.
    const isDone = found.reason === 'attempt-missing' && (await session.info())?.signedIn === true
    if (isDone) return createAnswer({ status: 303, location: settings.afterLogin, cookies })
    return refuse(settings, context, { name, reason: found.reason ?? 'attempt-bad', cookies })
  }
  // RFC 9700 section 4.4: a response at the redirect URI of another provider is a mix-up attack.
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

/** Restarts a login whose attempt has expired, once. A user who has signed in meanwhile is sent to the page. */
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
  // Without `auth_time` the time of the authentication is unknown; 0 keeps the session from counting as fresh.
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
  // Browsers omit a Strict cookie on redirects that began at another site, so a page of this site ends the chain.
  return createAnswer(
    { status: 200, cookies: all },
    createForwardPage('You are signed in', attempt.r),
  )
}

/** Stores the tokens before the session starts, so that no session exists whose tokens could not be stored. */
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

/** Validates the parameter `iss` of the response (RFC 9207 section 2.4). */
function validateIssuer({ metadata, provider }: ProtocolContext, iss: string | null): void {
  const isPromised = metadata.authorization_response_iss_parameter_supported === true
  const isRequired = isPromised || provider.options.issuerInResponse === 'required'
  const isGood = iss === null ? !isRequired : iss === metadata.issuer
  if (!isGood) throw new LoginError('issuer-mismatch')
}

function validateDemands(protocol: ProtocolContext, attempt: Attempt, claims: Claims): void {
  if (attempt.m !== undefined) validateAuthTime(claims, attempt.m, readTokenTime(protocol))
  // The options count beside the attempt, whose demands come from a URL that anybody can write.
  for (const contexts of [attempt.a, protocol.provider.options.acr]) {
    if (contexts?.includes(claims.acr as string) === false) {
      throw new LoginError('authentication-too-weak')
    }
  }
}
