/**
 * Creates the redirect to the sign-in page, with the page to return to in `return_to`. Access
 * rules, session guards, the gateway and the login call it where signing in would help. A client
 * that is no navigation gets the error response instead. A wrong option is added to the caller's
 * list of issues. A return path that is too long or not canonical is left out, and the user then
 * gets to the front page.
 */
import type { Issues } from '../options/issues.ts'
import { type ErrorResponseExtra, errorResponse } from '../page/error-response.ts'
import type { Reason } from '../types.ts'
import { isNavigation, isPrefetch } from './kind.ts'
import { hostEnd, hostStart } from './origin.ts'
import { returnPath } from './path/return-path.ts'

/** Validates the option `signIn`: a path of this site, which may have a query. */
export function parseSignIn(value: unknown, issues: Issues): string | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' && /^\/(?![/\\])[!-~]*$/.test(value) && !value.includes('#'))
    return value

  issues.add('signIn', 'must be a path of this site, such as /login')
  return undefined
}

/**
 * Responds to a denied request. If signing in would help and there is a sign-in page, a navigation
 * is redirected to it with 303. Every other request gets the error response. A prefetch is never
 * redirected, because it would start a login that nobody asked for.
 */
export function denyOrRedirectToSignIn(
  reason: Reason,
  request: Request,
  signIn: string | undefined,
  extra?: ErrorResponseExtra,
): Response {
  const canSignIn =
    signIn !== undefined && (reason === 'no-session' || reason === 'session-too-old')
  if (!canSignIn || !isNavigation(request) || isPrefetch(request))
    return errorResponse(reason, request, extra)

  // A POST cannot be repeated after signing in, so the redirect does not lead back to it.
  const location = request.method === 'GET' ? addReturnPath(signIn, request.url) : signIn
  return new Response(null, { status: 303, headers: { location, 'cache-control': 'no-store' } })
}

/**
 * Adds the path and query of the request to the sign-in page as the return path, if the path is
 * canonical.
 */
function addReturnPath(signIn: string, url: string): string {
  return signInLocation(signIn, url.slice(hostEnd(url, hostStart(url))).split('#', 1)[0] ?? '')
}

/**
 * Characters beyond ASCII. A Location must not contain any, and {@link returnPath} does not accept
 * them.
 */
const beyondAscii = /[^\0-\x7f]+/g
/**
 * The most bytes of the whole Location, which must be within the request limits of this gateway.
 */
const maxLocationLength = 4096

/**
 * Returns the URL of the sign-in page with `return_to`: a path and query of this site, bounded and
 * in ASCII. A return path that is too long, or that servers could read differently, is left out;
 * the login then leads to the front page.
 */
export function signInLocation(signIn: string, pathAndQuery: string): string {
  const returnTo = returnPath(
    pathAndQuery.slice(0, maxLocationLength).replace(beyondAscii, encodeText),
  )
  if (returnTo === undefined) return signIn

  const location = `${signIn}${signIn.includes('?') ? '&' : '?'}return_to=${encodeURIComponent(returnTo)}`
  return location.length > maxLocationLength ? signIn : location
}

/** Escapes text as browsers do. A lone surrogate becomes the replacement character. */
function encodeText(text: string): string {
  return Array.from(text, (character) =>
    encodeURIComponent(/^[\ud800-\udfff]$/.test(character) ? '\ufffd' : character),
  ).join('')
}
