/**
 * Removes from a login what an upstream could take for a proof of identity other than the
 * password, such as session cookies. `hooks.ts` calls it before the request is sent. It changes
 * the headers in place and never throws.
 */
import { refererFor, withholdCookies } from '../../limit/throttle/login-request.ts'
import type { RouteContext } from '../request-context.ts'
import type { LoginRoute } from './login.ts'

/**
 * How a login's upstream may use the client's session, and whether its response may then prove a
 * success.
 */
export type SessionUse = 'withheld' | 'anonymous' | 'unproven'

/**
 * Other headers that say where a request came from: Express prefers `Referrer` to `Referer` (lib/request.js, `req.get`), classic
 * Turbolinks redirects back to its own, and htmx names its page.
 */
const otherReferers = [
  'referrer',
  'x-xhr-referer',
  'turbolinks-referrer',
  'turbo-referrer',
  'hx-current-url',
] as const

/**
 * Removes cookies and tokens by which the upstream would know a user without a password, and the URL to which it would
 * redirect a failure. It returns whether there was a cookie to withhold.
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

  // A token signs its sender in whatever the password is: as `Bearer`, `Token` (Django REST
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

/** Sets the Cookie header, or removes it. */
export function setCookieHeader(headers: Headers, cookies: string | null): void {
  if (cookies === null) headers.delete('cookie')
  else headers.set('cookie', cookies)
}
