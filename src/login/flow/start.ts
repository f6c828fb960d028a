/**
 * Begins a login: chooses the provider, stores the attempt in a cookie and redirects the browser to
 * the provider. `login.ts` calls `startLogin` for `GET <base>/login`; `callback.ts` calls
 * `beginLogin` for a login that it restarts, and `createRedirectUri`.
 *
 * Only a user's own navigation begins a login: a prefetch gets 204, a fetch or a frame 401. A
 * browser that has completed several logins within seconds gets a page with 400 instead of a loop. A
 * provider whose metadata cannot be fetched gives an error page with 502 or 503 and emits
 * `login-failed`. `ERR_CONFIG` and errors of the session store are thrown.
 */
import { calculatePKCECodeChallenge } from 'oauth4webapi'
import { isNavigation, isPrefetch } from '../../request/index.ts'
import type { OutgoingCookie } from '../../types.ts'
import {
  connectProvider,
  emitEvent,
  type FlowContext,
  isLoop,
  isSilentPaused,
  resetTurns,
} from '../context.ts'
import { createAnswer, type LoginPage } from '../pages.ts'
import { createAuthorizationUrl, type ProtocolContext } from '../protocol/protocol.ts'
import type { Provider } from '../providers/provider-options.ts'
import type { LoginSettings } from '../settings.ts'
import { LoginError } from '../types.ts'
import { type Attempt, type AttemptDemands, beginAttempt } from './attempts.ts'
import { refuse } from './refuse.ts'
import { type LoginWish, readProviderName, readWish } from './wish.ts'

/** Answers `GET <base>/login`. Only a top-level navigation of the user begins a login. */
export async function startLogin(settings: LoginSettings, context: FlowContext): Promise<Response> {
  const { request, url } = context
  if (isPrefetch(request)) return createAnswer({ status: 204 })
  const destination = request.headers.get('sec-fetch-dest')
  if (!isNavigation(request) || !(destination === null || destination === 'document')) {
    return createAnswer({ status: 401 })
  }

  const isSignedIn = (await context.session.info())?.signedIn === true
  if (isLoop(settings, request, isSignedIn)) return answerLoop(settings, context)

  const wish = readWish(settings, context)
  const name = readProviderName(settings, context)
  if (name === undefined) return answerChooser(settings, url, wish.returnPath)
  if (wish.prompt === 'none' && isSilentPaused(settings, request)) {
    return createAnswer({ status: 303, location: wish.returnPath })
  }

  return beginLogin(settings, context, { name, wish })
}

/** A login that is about to begin. */
interface BegunLogin {
  /** The name of its provider. */
  readonly name: string
  readonly wish: LoginWish
  readonly cookies?: readonly OutgoingCookie[]
}

/** Begins a login at a provider and sends the browser there. */
export async function beginLogin(
  settings: LoginSettings,
  context: FlowContext,
  { name, wish, cookies = [] }: BegunLogin,
): Promise<Response> {
  try {
    const protocol = await connectProvider(settings, context, name)
    const demands = readDemands(protocol.provider, wish)
    const { attempts } = settings.readKeys(context.env)
    const header = context.request.headers.get('cookie')
    const begun = await beginAttempt(header, demands, attempts, settings.attempts)

    const redirectUri = createRedirectUri(settings, context.origin, name)
    const parameters = await createParameters(protocol, begun.attempt, wish, redirectUri)
    const location = (await createAuthorizationUrl(protocol, parameters)).href
    emitEvent(settings, context, { type: 'login-started', subject: name })
    return createAnswer({ status: 303, location, cookies: [...cookies, ...begun.cookies] })
  } catch (error) {
    if (!(error instanceof LoginError)) throw error
    // The provider caused this error, and the browser holds no attempt yet.
    return refuse(settings, context, { name, reason: error.reason, cookies, fallbackStatus: 502 })
  }
}

/** Combines the demands of the URL with those of the options: a URL may demand more than the options, never less. */
function readDemands({ name, options }: Provider, wish: LoginWish): AttemptDemands {
  const ages = [wish.maxAge, options.maxAge].filter((age) => age !== undefined)
  const { acr: optionContexts } = options
  const commonContexts = wish.acr?.filter((acr) => optionContexts?.includes(acr) !== false)
  // If the options accept none of the contexts that the URL demands, the callback denies the login with 403.
  const contexts = commonContexts?.length === 0 ? wish.acr : (commonContexts ?? optionContexts)

  return {
    p: name,
    r: wish.returnPath,
    ...(ages.length > 0 && { m: Math.min(...ages) }),
    ...(contexts !== undefined && { a: contexts }),
    ...(wish.restarts !== undefined && { k: wish.restarts }),
    ...(readPrompt(options, wish) === 'none' && { q: 'none' as const }),
  }
}

function readPrompt(options: Provider['options'], wish: LoginWish): string | undefined {
  return options.prompt ?? wish.prompt
}

async function createParameters(
  { provider, metadata }: ProtocolContext,
  attempt: Attempt,
  wish: LoginWish,
  redirectUri: string,
): Promise<URLSearchParams> {
  const { options } = provider
  const parameters = new URLSearchParams({
    ...options.params,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: provider.scope,
    state: attempt.s,
    nonce: attempt.n,
    code_challenge: await calculatePKCECodeChallenge(attempt.v),
    code_challenge_method: 'S256',
  })
  const optionalParameters = {
    response_mode: options.responseMode === 'form_post' ? 'form_post' : undefined,
    resource: options.resource,
    prompt: readPrompt(options, wish),
    login_hint: wish.loginHint,
    max_age: attempt.m?.toString(),
  }
  for (const [name, value] of Object.entries(optionalParameters)) {
    if (value !== undefined) parameters.set(name, value)
  }
  if (attempt.a !== undefined) {
    // Core section 5.5.1.1 leaves `acr_values` together with an essential claim undefined, so only one is sent.
    if (metadata.claims_parameter_supported === true) {
      const acr = { essential: true, values: attempt.a }
      parameters.set('claims', JSON.stringify({ id_token: { acr } }))
    } else {
      parameters.set('acr_values', attempt.a.join(' '))
    }
  }

  return parameters
}

/** Creates the redirect URI of a provider. Each provider has its own, so that responses cannot be mixed up. */
export function createRedirectUri(settings: LoginSettings, origin: string, name: string): string {
  return `${origin}${settings.base}/callback/${name}`
}

function answerChooser(settings: LoginSettings, url: URL, returnPath: string): Response {
  const query = `return_to=${encodeURIComponent(returnPath)}`
  if (settings.chooser !== undefined) {
    const separator = settings.chooser.includes('?') ? '&' : '?'
    return createAnswer({ status: 303, location: `${settings.chooser}${separator}${query}` })
  }
  const links = settings.providerNames.map((name) => ({
    href: `${url.pathname}?provider=${name}&${query}`,
    text: settings.labels.get(name) ?? name,
  }))
  const page: LoginPage = { title: 'Sign in', text: 'Choose where to sign in.', links }

  return createAnswer({ status: 200 }, page)
}

function answerLoop(settings: LoginSettings, context: FlowContext): Response {
  emitEvent(settings, context, { type: 'login-failed', reason: 'session-loop' })
  const page: LoginPage = {
    title: 'Signing in does not last',
    text: 'You signed in several times just now, but this browser did not stay signed in. Allow cookies for this site and try again.',
    links: [{ href: `${settings.base}/login`, text: 'Sign in again' }],
  }

  return createAnswer({ status: 400, cookies: [resetTurns(settings)] }, page)
}
