/**
 * Creates the response 307 that makes a client repeat its request to the same URL. Access rules and
 * session guards call it when a device must prove that it has its key: the response expires a
 * cookie, so that the browser refreshes its session before it repeats the request. It gives
 * undefined for a WebSocket and where there is no cookie to expire, and throws for a request URL
 * that is not absolute.
 */
import type { OutgoingCookie } from '../types.ts'
import { isWebSocketUpgrade } from './kind.ts'

/**
 * Creates the response: 307 keeps the method and the body (RFC 9110 section 15.4.8). Returns
 * undefined for a WebSocket, whose clients follow no redirect, and without a cookie, since an
 * unchanged request would be repeated forever.
 */
export function repeatRequest(
  request: Request,
  cookie: OutgoingCookie | undefined,
): Response | undefined {
  if (cookie === undefined || isWebSocketUpgrade(request)) return undefined
  const { pathname, search } = new URL(request.url)
  // A Location that begins with two slashes would name another host.
  const path = pathname.startsWith('//') ? `/.${pathname}` : pathname
  return new Response(null, {
    status: 307,
    headers: { location: path + search, 'cache-control': 'no-store', 'set-cookie': cookie.header },
  })
}
