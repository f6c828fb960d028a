/** The request at the address that the client asked for, where Next names another one. */
/** The same request at another url. */
export function moveRequest(request: Request, url: string): Request {
  if (request.url === url) return request
  const { method, headers, body, signal } = request
  // `duplex` is asked for by Node where a body is a stream; the DOM's types do not know it.
  return new Request(url, { method, headers, body, signal, duplex: 'half' } as RequestInit)
}

/** A url at another host; the scheme stays. */
export function withHost(url: string, host: string): string {
  const start = url.indexOf('://') + 3
  if (url.startsWith(`${host}/`, start)) return url
  const slashIndex = url.indexOf('/', start)

  return url.slice(0, start) + host + (slashIndex === -1 ? '/' : url.slice(slashIndex))
}
