/**
 * Copies a request to another URL. Next may name another host or path in the URL of a request than the client has
 * requested. The handler of `vercel()` (`vercel.ts`) and the guard (`guard-address.ts`) call it. The body is moved to
 * the copy, so the original request must not be read afterwards. A URL that does not parse throws a `TypeError`.
 */

/** Returns the same request with another URL. */
export function moveRequest(request: Request, url: string): Request {
  if (request.url === url) return request
  const { method, headers, body, signal } = request
  // Node requires `duplex` where a body is a stream; the types of the DOM lack it.
  return new Request(url, { method, headers, body, signal, duplex: 'half' } as RequestInit)
}

/** Returns a URL with another host and the same scheme, path and query. */
export function withHost(url: string, host: string): string {
  const hostStart = url.indexOf('://') + 3
  if (url.startsWith(`${host}/`, hostStart)) return url
  const slashIndex = url.indexOf('/', hostStart)

  return url.slice(0, hostStart) + host + (slashIndex === -1 ? '/' : url.slice(slashIndex))
}
