/**
 * Evaluates conditional requests (RFC 9110 section 13): those of clients against a cached response, and those of the
 * cache to its upstream. `respond.ts` and `serve.ts` call it. It does not throw. Malformed dates and tags do not match,
 * so that the whole response is sent.
 */
import { parseHttpDate } from '../../request/index.ts'

/** Whether the client already has the cached response, so that 304 is enough (RFC 9111 section 4.3.2). */
export function isUnchanged(requestHeaders: Headers, cachedHeaders: Headers, now: number): boolean {
  const entityTags = requestHeaders.get('if-none-match')
  if (entityTags !== null) return matchesTag(entityTags, cachedHeaders.get('etag'))
  const sinceDate = parseHttpDate(requestHeaders.get('if-modified-since'), now)
  // If there is no Last-Modified, the Date is compared, which each cached response has.
  const modifiedDate = parseHttpDate(
    cachedHeaders.get('last-modified') ?? cachedHeaders.get('date'),
    now,
  )

  return sinceDate !== undefined && modifiedDate !== undefined && modifiedDate <= sinceDate
}

/** Whether a list of entity tags contains a tag, by weak comparison (RFC 9110 section 13.1.2). */
function matchesTag(condition: string, etag: string | null): boolean {
  if (etag === null) return false
  if (condition.trim() === '*') return true
  // A tag may contain a comma. A tag without quotes is compared, too.
  const tags = condition.match(/(?:W\/)?"[^"]*"|[^\s,"]+/g) ?? []

  return tags.some((tag) => bareTag(tag) === bareTag(etag))
}

function bareTag(tag: string): string {
  return tag.trim().replace(/^W\//, '')
}

/**
 * Adds the validators of the cached response to a request, so that the upstream may respond with
 * 304. RFC 9111 section 4.3.1.
 */
export function addValidators(headers: Headers, cachedHeaders: Headers): void {
  const [etag, lastModified] = [cachedHeaders.get('etag'), cachedHeaders.get('last-modified')]
  if (etag !== null) headers.set('if-none-match', etag)
  if (lastModified !== null) headers.set('if-modified-since', lastModified)
}

/**
 * Whether a 304 is about the cached response. If the 304 has validators, they must be those of the
 * cached response.
 *
 * @see RFC 9111 section 4.3.4
 */
export function confirmsCached(receivedHeaders: Headers, cachedHeaders: Headers): boolean {
  const [etag, cachedTag] = [receivedHeaders.get('etag'), cachedHeaders.get('etag')]
  if (etag !== null) return cachedTag !== null && bareTag(etag) === bareTag(cachedTag)
  const lastModified = receivedHeaders.get('last-modified')

  return (
    lastModified === null ||
    cachedTag !== null ||
    lastModified === cachedHeaders.get('last-modified')
  )
}

/**
 * Headers that are not updated from a 304, since they describe a body, which it does not have (RFC 9111 section 3.2).
 */
const bodyHeaders: ReadonlySet<string> = new Set([
  'content-length',
  'content-encoding',
  'content-type',
  'content-range',
  'transfer-encoding',
  // A cookie belongs to one response and must not be cached.
  'set-cookie',
])

/** Updates the headers of the cached response with those of a 304. */
export function mergeHeaders(cachedHeaders: Headers, receivedHeaders: Headers): Headers {
  const mergedHeaders = new Headers(cachedHeaders)
  mergedHeaders.delete('age')
  // If the 304 has no Date, it counts as sent now.
  if (!receivedHeaders.has('date')) mergedHeaders.delete('date')
  receivedHeaders.forEach((headerValue, headerName) => {
    if (!bodyHeaders.has(headerName)) mergedHeaders.set(headerName, headerValue)
  })

  return mergedHeaders
}
