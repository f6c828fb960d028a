/**
 * Creates the redirect to the sign-in page and the way back. Access rules, session guards and the
 * gateway call it where a login would help. A program gets the rejection instead; a wrong option
 * is reported as an issue.
 */
import type { Issues } from '../options/issues.ts'
import { type ErrorResponseExtra, errorResponse } from '../page/error-response.ts'
import type { Reason } from '../types.ts'
import { isNavigation, isPrefetch } from './kind.ts'
import { hostEnd, hostStart } from './origin.ts'
import { returnPath } from './path/return-path.ts'

/** Validates the option `signIn`: a path of this site, perhaps with a query. */
export function parseSignIn(value: unknown, issues: Issues): string | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' && /^\/(?![/\\])[!-~]*$/.test(value) && !value.includes('#'))
    return value

  issues.add('signIn', 'must be a path of this site, such as /login')
  return undefined
}

/**
 * Responds to a denied request. If a login would help and there is a sign-in page, a navigation is redirected to it with
 * 303; every other request gets the error response. A prefetch is never redirected, since it would begin a login that
 * nobody wanted.
 */
export function denyOrRedirectToSignIn(
  reason: Reason,
  request: Request,
  signIn: string | undefined,
  extra?: ErrorResponseExtra,
): Response {
  const asks = signIn !== undefined && (reason === 'no-session' || reason === 'session-too-old')
  if (!asks || !isNavigation(request) || isPrefetch(request))
    return errorResponse(reason, request, extra)

  // A POST cannot be repeated after the sign-in, so there is no way back to it.
  const location = request.method === 'GET' ? addReturnPath(signIn, request.url) : signIn
  return new Response(null, { status: 303, headers: { location, 'cache-control': 'no-store' } })
}

/** Adds the path and query of the request to the sign-in page as the way back, if the path is canonical. */
function addReturnPath(signIn: string, url: string): string {
  return signInLocation(signIn, url.slice(hostEnd(url, hostStart(url))).split('#', 1)[0] ?? '')
}

/** Characters beyond ASCII. A Location holds none, and {@link returnPath} takes none back. */
const beyondAscii = /[^\0-\x7f]+/g
/** Bytes of the whole address: it has to pass the limits on requests of this same gateway. */
const longestLocation = 4096

/**
 * Returns the address of the sign-in page with the way back in `return_to`: a path and query of this site, bounded and in
 * ASCII. A way back that is too long, or that servers could read differently, is left out; the login then leads to the
 * front page.
 */
export function signInLocation(signIn: string, pathAndQuery: string): string {
  const back = returnPath(pathAndQuery.slice(0, longestLocation).replace(beyondAscii, encodeText))
  if (back === undefined) return signIn

  const location = `${signIn}${signIn.includes('?') ? '&' : '?'}return_to=${encodeURIComponent(back)}`
  return location.length > longestLocation ? signIn : location
}

/** Escapes as browsers do; half of a surrogate pair becomes the replacement character. */
function encodeText(text: string): string {
  return Array.from(text, (character) =>
    encodeURIComponent(/^[\ud800-\udfff]$/.test(character) ? '\ufffd' : character),
  ).join('')
}
