/**
 * Copies headers that were set before a request failed to its error response, as far as they apply
 * to it. `errorPage()`, `notFoundPage()` and the bounds of `portcullis()` call it. It changes the
 * response's headers and throws where these are immutable. Headers that describe the body that is
 * not sent are not copied.
 */

/** The headers that describe a body which is not sent, or a response which is replaced. */
const representationHeaders: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'accept-ranges',
  'age',
  'cache-control',
  'cdn-cache-control',
  'cloudflare-cdn-cache-control',
  'content-digest',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-range',
  'content-type',
  'etag',
  'expires',
  'last-modified',
  'link',
  'location',
  'refresh',
  'repr-digest',
  'surrogate-control',
  'transfer-encoding',
])

/**
 * Reports whether a header describes a body, its caching or another location, so that it must not
 * be copied to another response.
 */
export function isRepresentationHeader(name: string): boolean {
  return representationHeaders.has(name.toLowerCase())
}

/**
 * Copies headers that were set for another response (cookies, limits, CORS and security headers) to
 * this one: every Set-Cookie, and of the others those that this response does not have.
 */
export function copyStagedHeaders(stagedHeaders: Headers, headers: Headers): void {
  for (const [name, value] of stagedHeaders) {
    if (name === 'set-cookie') headers.append(name, value)
    else if (!isRepresentationHeader(name) && !headers.has(name)) headers.set(name, value)
  }
}
