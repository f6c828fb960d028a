/** Logins whose upstream ties the token of its form to the session that the gateway withholds from it. */
import { refererFor, withholdCookies } from '../../limit/throttle/login-request.ts'
import type { CompiledGateway } from '../compile.ts'
import { type ForwardContext, forwardToUpstream } from '../forward.ts'
import type { RequestContext } from '../request-context.ts'
import type { LoginRoute } from './login.ts'
import type { LoginAttemptHooks } from './types.ts'

/** What a login's upstream learns of the visitor's session, and whether its answer may prove a success then. */
export type SessionUse = 'withheld' | 'anonymous' | 'unproven'

/**
 * Other headers that say where a request came from: Express prefers `Referrer` to `Referer` (lib/request.js, `req.get`), classic
 * Turbolinks redirects back to its own, and htmx tells its page.
 */
const otherReferers = [
  'referrer',
  'x-xhr-referer',
  'turbolinks-referrer',
  'turbo-referrer',
  'hx-current-url',
] as const

/** A login that is about to be sent once. */
export interface LoginTry {
  readonly login: LoginAttemptHooks
  /** Whether the answer said that the token of the form is not this session's: no password was looked at. */
  wantsSession(): boolean
}

/**
 * Sends a login without the session's cookie, and once more with it where the upstream wants it for the token of its form. A
 * session that is signed in already would make the answer look like a success, so the form is fetched with it first: only
 * where the upstream shows the form, and sends nobody on, can the second answer prove anything.
 *
 * @throws what `passOn` throws
 */
export async function passLogin(
  plan: CompiledGateway,
  visit: RequestContext,
  passage: ForwardContext,
  start: (session: SessionUse) => LoginTry,
): Promise<Response> {
  const { login, wantsSession } = start('withheld')
  const response = await forwardToUpstream(plan, visit, { ...passage, login })
  if (!wantsSession()) return response
  await response.body?.cancel()
  const session = (await showsForm(plan, visit, passage)) ? 'anonymous' : 'unproven'
  return forwardToUpstream(plan, visit, { ...passage, login: start(session).login })
}

async function showsForm(
  plan: CompiledGateway,
  visit: RequestContext,
  passage: ForwardContext,
): Promise<boolean> {
  const headers = new Headers(visit.request.headers)
  for (const name of ['content-type', 'content-length', 'origin', 'referer']) headers.delete(name)
  // Laravel's guard and others answer a script differently from a page.
  headers.set('accept', 'text/html')
  const page: RequestContext = {
    ...visit,
    request: new Request(visit.request.url, { headers }),
    search: '',
  }
  const route = { ...passage.route, sessions: [] }
  const body = { ...passage.body, body: undefined, length: undefined }
  const { status, body: form } = await forwardToUpstream(plan, page, { ...passage, route, body })
  await form?.cancel()
  return status === 200
}

/**
 * Takes out by what an upstream would know somebody without a password, and where the client would send a failure. Says
 * whether there was a cookie to withhold.
 */
export function withoutIdentity(
  headers: Headers,
  visit: RequestContext,
  { withholds, meansField, success, subject }: LoginRoute,
  session: SessionUse,
): boolean {
  const cookie = headers.get('cookie')
  const isWithheld = (name: string): boolean =>
    meansField(name) || (session === 'withheld' && withholds(name))
  const others = withholdCookies(cookie, isWithheld)
  setCookieHeader(headers, others)
  // Whoever sends a token is signed in by it, whatever password comes with it: as `Bearer`, `Token` (Django REST framework),
  // `JWT`, or without a scheme (Keystone). `Basic` and its kind are kept, since they may guard the whole site.
  if (!/^(?:basic|digest|negotiate) /i.test(headers.get('authorization')?.trim() ?? ''))
    headers.delete('authorization')
  const publicOrigin = visit.settings?.publicOrigin ?? ''
  const asked = { publicOrigin, path: visit.path, routePath: subject }
  if (success.redirects) {
    headers.set('referer', refererFor(headers.get('referer'), asked))
    for (const name of otherReferers) headers.delete(name)
  }
  return others !== cookie
}

/** Sets the Cookie header, or takes it out. */
export function setCookieHeader(headers: Headers, cookies: string | null): void {
  if (cookies === null) headers.delete('cookie')
  else headers.set('cookie', cookies)
}
