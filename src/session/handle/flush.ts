/** What a session does to the final response: its cookies, and what caches are told. */
import { replaceSetCookie } from '../../cookie/set-cookie.ts'
import { PortcullisError } from '../../errors.ts'
import type { Emit, OutgoingCookie } from '../../types.ts'
import { keepPrivate, neverStore, varyByCookie } from './caching.ts'

/** What this request did with its session. */
export interface SessionUse {
  readonly cookies: readonly OutgoingCookie[]
  /** The cookie was looked at. */
  readonly read: boolean
  /** It held data, so the answer may be made for one person. */
  readonly personal: boolean
}

/**
 * Puts a session's cookies and cache headers on a response, or on a copy of it where its headers cannot be changed (the
 * answer of a raw `fetch`, `Response.redirect`, a cached response). The body is passed on, not read.
 *
 * @throws {PortcullisError} `ERR_SESSION_CLOSED` where a cookie should go out with a 101, which browsers ignore.
 */
export function finishResponse(
  response: Response,
  use: SessionUse,
  emit: Emit | undefined,
): Response {
  if (use.cookies.length === 0 && !use.read) return response
  if (response.status === 101) {
    if (use.cookies.length === 0) return response
    throw new PortcullisError('ERR_SESSION_CLOSED', 'An upgraded connection carries no cookie')
  }
  try {
    markHeaders(response.headers, use, emit)
    return response
  } catch (error) {
    // Headers that cannot be changed refuse the first change, so nothing is half done.
    if (!(error instanceof TypeError)) throw error
    const copy = new Response(response.body, response)
    markHeaders(copy.headers, use, emit)
    return copy
  }
}

function markHeaders(
  headers: Headers,
  { cookies, personal }: SessionUse,
  emit: Emit | undefined,
): void {
  varyByCookie(headers)
  for (const cookie of cookies) replaceSetCookie(headers, cookie)
  if (cookies.length > 0) neverStore(headers)
  else if (personal && keepPrivate(headers)) emit?.({ type: 'cacheable-personal-response' })
}
