/**
 * Classifies a request by the headers that browsers set: navigation, WebSocket upgrade, preflight
 * or prefetch. Guards, limits and CSRF checks call it. It is pure.
 */
import type { ReadableHeaders } from './request-head.ts'

/** An item of a comma-separated list, in any case and with any parameters. */
const websocketItem = /(?:^|,)\s*websocket\s*(?:[;,]|$)/i
const prefetchItem = /(?:^|,)\s*prefetch\s*(?:[;,]|$)/i

/** As much of a request as these questions need. */
export interface RequestLike {
  readonly method: string
  readonly headers: Pick<ReadableHeaders, 'get' | 'has'>
}

/**
 * Whether a browser asks for a page, so that a redirect or an HTML page is an answer it can use. Scripts cannot set
 * `Sec-Fetch-Mode`; without it (Safari before 16.4, curl) GET and HEAD that accept HTML count.
 *
 * @see Fetch Metadata Request Headers section 2.2
 */
export function isNavigation(request: RequestLike): boolean {
  const mode = request.headers.get('sec-fetch-mode')
  if (mode !== null) return mode === 'navigate'
  if (request.method !== 'GET' && request.method !== 'HEAD') return false

  return request.headers.get('accept')?.toLowerCase().includes('text/html') ?? false
}

/**
 * Whether a client wants to speak WebSocket. Only GET can (RFC 6455 section 4.1): a POST with such a header stays a POST,
 * with a POST's checks.
 */
export function isWebSocketUpgrade({ method, headers }: RequestLike): boolean {
  return method === 'GET' && websocketItem.test(headers.get('upgrade') ?? '')
}

/**
 * Whether this is a CORS preflight: an OPTIONS that says whose script wants to send what. It carries no credentials and does
 * nothing; an OPTIONS without these headers is a request like any other.
 *
 * @see Fetch section 3.3.2, "CORS-preflight request"
 */
export function isPreflight({ method, headers }: RequestLike): boolean {
  return (
    method === 'OPTIONS' && headers.has('origin') && headers.has('access-control-request-method')
  )
}

/**
 * Whether a browser fetches ahead of its user (`Sec-Purpose: prefetch`, `prefetch;prerender`): no reason to start a login or
 * to slide a session.
 *
 * @see Fetch section 3.6
 */
export function isPrefetch(request: Pick<RequestLike, 'headers'>): boolean {
  return prefetchItem.test(request.headers.get('sec-purpose') ?? '')
}
