/**
 * Signs the user out: ends the session of this site, deletes and revokes its tokens, and then sends
 * the browser to the provider's logout page where there is one. `login.ts` calls it for
 * `<base>/logout` (GET shows a form, POST signs out) and `<base>/logged-out`.
 *
 * A POST from another site gets 403, so that no link or image elsewhere signs anybody out. Where the
 * session store is down it answers 503 and still expires the cookie: a copy of the cookie may work on.
 * A provider or token store that does not answer is ignored after an event, and the logout stays local.
 * `ERR_CONFIG` is thrown.
 */
import { isPortcullisError } from '../../errors.ts'
import {
  connectProvider,
  dropTokens,
  emitEvent,
  type FlowContext,
  readFacts,
  resetTurns,
} from '../context.ts'
import { createAnswer, createFailure, createForwardPage } from '../pages.ts'
import type { LoginSettings } from '../settings.ts'
import type { KeptTokens } from '../tokens/contract.ts'
import { LoginError, type LoginFacts } from '../types.ts'
import { expireHint, readHint } from './hint.ts'

const clearSiteData = { 'clear-site-data': '"cache", "storage"' }

/** Answers `GET <base>/logout` with a form: a link or an image of another site must not sign anybody out. */
export function showLogout(settings: LoginSettings): Response {
  const button = { action: `${settings.base}/logout`, text: 'Sign out' }
  return createAnswer(
    { status: 200 },
    { title: 'Sign out', text: 'Sign out of this site?', button },
  )
}

/** Answers `GET <base>/logged-out`. */
export function showLoggedOut(settings: LoginSettings): Response {
  const links = [{ href: `${settings.base}/login`, text: 'Sign in again' }]
  return createAnswer({ status: 200 }, { title: 'You are signed out', links })
}

/** Whether a POST comes from a page of this site (the algorithm of `csrf/`, for this one form). */
export function isOwnPost({ request, origin }: FlowContext): boolean {
  const site = request.headers.get('sec-fetch-site')
  if (site !== null) return site === 'same-origin' || site === 'none'
  const from = request.headers.get('origin')

  return from === null || from === origin
}

/** Answers `POST <base>/logout`. */
export async function logout(settings: LoginSettings, context: FlowContext): Promise<Response> {
  if (!isOwnPost(context)) return createFailure({ status: 403 })
  const { session } = context
  const facts = await readFactsIfPossible(context)
  const hint = await readHint(settings, context, facts)
  const cookies = [...expireHint(settings), resetTurns(settings)]

  try {
    await session.end()
  } catch (error) {
    // The response expires the cookie, but a copy of the cookie may still work, so the user must see an error.
    if (!isPortcullisError(error) || isPortcullisError(error, 'ERR_CONFIG')) throw error
    emitEvent(settings, context, { type: 'logout', reason: 'store-unavailable' })
    const headers = { ...clearSiteData, 'retry-after': '10' }
    return createFailure({ status: 503, cookies, headers })
  }
  emitEvent(settings, context, {
    type: 'logout',
    ...(facts !== undefined && { subject: facts.provider }),
  })

  const answer = { cookies, headers: clearSiteData }
  const kept = await endTokens(settings, context, facts)
  const url = await createLogoutUrl(settings, context, facts, kept?.idToken ?? hint)
  if (url === undefined)
    return createAnswer({ ...answer, status: 303, location: settings.afterLogout })

  return createAnswer({ ...answer, status: 200 }, createForwardPage('Signing out', url))
}

/** Deletes the tokens and revokes them at the provider, after the response where the platform has `waitUntil`. */
async function endTokens(
  settings: LoginSettings,
  context: FlowContext,
  facts: LoginFacts | undefined,
): Promise<KeptTokens | undefined> {
  if (facts?.tokens === undefined) return undefined
  const kept = await dropTokens(settings, context, facts.tokens)
  if (kept === undefined) return undefined

  const work = settings.tokens?.revoke(context, facts, kept)
  if (context.waitUntil === undefined || work === undefined) await work
  else context.waitUntil(work)

  return kept
}

async function readFactsIfPossible({ session }: FlowContext): Promise<LoginFacts | undefined> {
  try {
    return await readFacts(session)
  } catch (error) {
    // A session that cannot be read is ended nevertheless.
    if (isPortcullisError(error) && !isPortcullisError(error, 'ERR_CONFIG')) return undefined
    throw error
  }
}

/** Creates the URL of the provider's logout page; undefined where it has none, or its metadata cannot be fetched. */
async function createLogoutUrl(
  settings: LoginSettings,
  context: FlowContext,
  facts: LoginFacts | undefined,
  hint: string | undefined,
): Promise<string | undefined> {
  const isKnown = facts !== undefined && settings.providerNames.includes(facts.provider)
  if (settings.logout === 'local' || !isKnown) return undefined
  try {
    const { metadata, provider } = await connectProvider(settings, context, facts.provider)
    const { clientId, options } = provider
    const returnTo = `${context.origin}${settings.afterLogout}`
    const idToken = hint === undefined ? {} : { idToken: hint }
    if (options.logoutUrl !== undefined) {
      return options.logoutUrl({ clientId, returnTo, ...idToken })
    }
    if (metadata.end_session_endpoint === undefined) return undefined

    const url = new URL(metadata.end_session_endpoint)
    url.searchParams.set('client_id', clientId)
    url.searchParams.set('post_logout_redirect_uri', returnTo)
    if (hint !== undefined) url.searchParams.set('id_token_hint', hint)
    else if (facts.sid !== undefined) url.searchParams.set('logout_hint', facts.sid)
    return url.href
  } catch (error) {
    if (!(error instanceof LoginError)) throw error
    const { reason } = error
    emitEvent(settings, context, { type: 'logout-local-only', reason, subject: facts.provider })
    return undefined
  }
}
