/**
 * Classifies a request by the headers that browsers set: navigation, WebSocket upgrade, CORS
 * preflight or prefetch. CSRF checks, rate limits, the GraphQL guard, the https check and the
 * sign-in redirect call it. It is pure and throws nothing. Clients other than browsers can set all
 * of these headers, so none of these functions may grant anything.
 */
import type { ReadableHeaders } from './request-head.ts'

/** Match an item of a comma-separated list, in any case and with any parameters. */
const websocketItem = /(?:^|,)\s*websocket\s*(?:[;,]|$)/i
const prefetchItem = /(?:^|,)\s*prefetch\s*(?:[;,]|$)/i

/** The parts of a request that are needed. */
export interface RequestLike {
  readonly method: string
  readonly headers: Pick<ReadableHeaders, 'get' | 'has'>
}

/**
 * Reports whether a browser asks for a page, so that it can use a redirect or an HTML page. Scripts
 * cannot set `Sec-Fetch-Mode`. Without this header (Safari before 16.4, curl), a GET or HEAD that
 * accepts HTML counts as a navigation.
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
 * Reports whether a client asks for a WebSocket. Only a GET can (RFC 6455 section 4.1): a POST with
 * such a header is treated and checked as a POST.
 */
export function isWebSocketUpgrade({ method, headers }: RequestLike): boolean {
  return method === 'GET' && websocketItem.test(headers.get('upgrade') ?? '')
}

/**
 * Reports whether a request is a CORS preflight: an OPTIONS with the headers that announce a
 * script's request. A preflight has no credentials and changes nothing. An OPTIONS without these
 * headers is a request like any other.
 *
 * @see Fetch section 3.3.2, "CORS-preflight request"
 */
export function isPreflight({ method, headers }: RequestLike): boolean {
  return (
    method === 'OPTIONS' && headers.has('origin') && headers.has('access-control-request-method')
  )
}

/**
 * Reports whether a browser fetches a page before the user asks for it (`Sec-Purpose: prefetch`,
 * `prefetch;prerender`). Such a request must not start a login or extend a session.
 *
 * @see Fetch section 3.6
 */
export function isPrefetch(request: Pick<RequestLike, 'headers'>): boolean {
  return prefetchItem.test(request.headers.get('sec-purpose') ?? '')
}
