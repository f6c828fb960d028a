/**
 * Removes from the request of a login everything other than the password by which an upstream could identify
 * the user: session cookies, tokens, and the page to which it would redirect. Otherwise the response to a
 * wrong password could look like a success. `hooks.ts` calls it before the request is sent, and `send-login.ts`
 * uses its type. It changes the given headers and does not throw. Cookies that no rule names are kept.
 */
import { refererFor, withholdCookies } from '../../limit/throttle/login-request.ts'
import type { RouteContext } from '../request-context.ts'
import type { LoginRoute } from './login.ts'

/**
 * How the upstream of a login gets the client's session cookie. `withheld`: it does not get it.
 * `anonymous`: it gets it, and the session is not signed in. `unproven`: it gets it, and the session may
 * be signed in, so that the response proves no success.
 */
export type SessionUse = 'withheld' | 'anonymous' | 'unproven'

/**
 * Other headers that name the page of a request: Express prefers `Referrer` to `Referer` (lib/request.js, `req.get`),
 * classic Turbolinks redirects back to that of its own header, and htmx sends `HX-Current-URL`.
 */
const otherReferers = [
  'referrer',
  'x-xhr-referer',
  'turbolinks-referrer',
  'turbo-referrer',
  'hx-current-url',
] as const

/**
 * Removes cookies and tokens by which the upstream would identify a user without a password. If redirects prove the
 * success, it also replaces the page to which the upstream would redirect a failure. It returns true if a cookie was
 * removed.
 */
export function removeIdentity(
  headers: Headers,
  ctx: RouteContext,
  { withholds, meansField, success, subject }: LoginRoute,
  session: SessionUse,
): boolean {
  const cookie = headers.get('cookie')
  const isWithheld = (cookieName: string): boolean =>
    meansField(cookieName) || (session === 'withheld' && withholds(cookieName))
  const otherCookies = withholdCookies(cookie, isWithheld)
  setCookieHeader(headers, otherCookies)

  // A token identifies its sender whatever the password is: as `Bearer`, `Token` (Django REST
  // framework), `JWT`, or without a scheme (Keystone). `Basic` and similar schemes are kept, since
  // they may guard the whole site.
  if (!/^(?:basic|digest|negotiate) /i.test(headers.get('authorization')?.trim() ?? '')) {
    headers.delete('authorization')
  }

  if (success.redirects) {
    const { publicOrigin } = ctx.settings
    const page = { publicOrigin, path: ctx.path, routePath: subject }
    headers.set('referer', refererFor(headers.get('referer'), page))
    for (const refererName of otherReferers) headers.delete(refererName)
  }

  return otherCookies !== cookie
}

/** Sets the Cookie header, or removes it if `cookies` is null. */
export function setCookieHeader(headers: Headers, cookies: string | null): void {
  if (cookies === null) headers.delete('cookie')
  else headers.set('cookie', cookies)
}
