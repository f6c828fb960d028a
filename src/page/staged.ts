/**
 * Copies headers that were set before a request failed to the error response, where they belong
 * there too. `errorPage()` and `portcullis()` call it. Headers that describe the lost body are
 * dropped.
 */

/** Headers that describe a body that is not sent, or a response that is replaced. */
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

/** Whether a header describes a body, its storage or another place to go, and so does not outlive its answer. */
export function isRepresentationHeader(name: string): boolean {
  return representationHeaders.has(name.toLowerCase())
}

/**
 * Copies what was staged for another answer (cookies, limits, CORS and security headers) to this one: every Set-Cookie,
 * and of the rest what this answer does not say itself.
 */
export function copyStagedHeaders(staged: Headers, answer: Headers): void {
  for (const [name, value] of staged) {
    if (name === 'set-cookie') answer.append(name, value)
    else if (!isRepresentationHeader(name) && !answer.has(name)) answer.set(name, value)
  }
}
