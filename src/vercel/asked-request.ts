/**
 * Moves a request to the address that the client requested, where Next names another one. The
 * handler and the guard call it. It copies the request and throws nothing.
 */

/** Moves a request to the address that the client requested, where Next names another one. */
/** The same request at another url. */
export function moveRequest(request: Request, url: string): Request {
  if (request.url === url) return request
  const { method, headers, body, signal } = request
  // Node requires `duplex` where a body is a stream; the types of the DOM lack it.
  return new Request(url, { method, headers, body, signal, duplex: 'half' } as RequestInit)
}

/** A url at another host; the scheme stays. */
export function withHost(url: string, host: string): string {
  const start = url.indexOf('://') + 3
  if (url.startsWith(`${host}/`, start)) return url
  const slashIndex = url.indexOf('/', start)

  return url.slice(0, start) + host + (slashIndex === -1 ? '/' : url.slice(slashIndex))
}
