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

/** Judges a `signIn` option: a path of this site, perhaps with a query. */
export function parseSignIn(value: unknown, issues: Issues): string | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' && /^\/(?![/\\])[!-~]*$/.test(value) && !value.includes('#'))
    return value

  issues.add('signIn', 'must be a path of this site, such as /login')
  return undefined
}

/**
 * Answers who may not pass: a 401 to a page that was asked for becomes 303 to the sign-in page, where there is one;
 * everything else is refused as it is. What a browser fetches ahead of its user is never sent there: that would begin a
 * login nobody wanted.
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

  // A navigation that changes something cannot be repeated after the sign-in: it comes back to the page itself.
  const location = request.method === 'GET' ? addReturnPath(signIn, request.url) : signIn
  return new Response(null, { status: 303, headers: { location, 'cache-control': 'no-store' } })
}

/** The sign-in page, told the path and query of the request. What is no canonical path here is no way back. */
function addReturnPath(signIn: string, url: string): string {
  return signInLocation(signIn, url.slice(hostEnd(url, hostStart(url))).split('#', 1)[0] ?? '')
}

/** Characters beyond ASCII. A Location holds none, and {@link returnPath} takes none back. */
const beyondAscii = /[^\0-\x7f]+/g
/** Bytes of the whole address: it has to pass the limits on requests of this same gateway. */
const longestLocation = 4096

/**
 * The address of the sign-in page with the way back in `return_to`: a path and query of this site, bounded, in ASCII. Without one
 * where that is too long or no path that everybody reads alike: whoever signs in then comes to the front page.
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
