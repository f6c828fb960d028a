/**
 * Creates the response that makes a client repeat its request to the same address. Access rules
 * and session guards call it when a device has to prove itself. A WebSocket, or a request without
 * a cookie to expire, gives undefined.
 */
import type { OutgoingCookie } from '../types.ts'
import { isWebSocketUpgrade } from './kind.ts'

/**
 * The answer that makes a client repeat its request: 307 keeps the method and the body (RFC 9110
 * section 15.4.8). Undefined for a WebSocket, whose clients follow no redirect, and without a
 * cookie whose change makes the next request another one.
 */
export function repeatRequest(
  request: Request,
  cookie: OutgoingCookie | undefined,
): Response | undefined {
  if (cookie === undefined || isWebSocketUpgrade(request)) return undefined
  const { pathname, search } = new URL(request.url)
  // A path that begins with two slashes would be read as another host.
  const path = pathname.startsWith('//') ? `/.${pathname}` : pathname
  return new Response(null, {
    status: 307,
    headers: { location: path + search, 'cache-control': 'no-store', 'set-cookie': cookie.header },
  })
}
