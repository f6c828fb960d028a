/**
 * Evaluates conditional requests: the client's against the cache, and the cache's own to the
 * upstream (RFC 9110 section 13). `respond.ts` and `serve.ts` call it. It is pure; dates and tags
 * that cannot be read never match.
 */
import { parseHttpDate } from '../../request/index.ts'

/** Whether a client has the answer that it asks for, so that 304 tells it all. RFC 9111 section 4.3.2. */
export function isUnchanged(requestHeaders: Headers, cachedHeaders: Headers, now: number): boolean {
  const entityTags = requestHeaders.get('if-none-match')
  if (entityTags !== null) return matchesTag(entityTags, cachedHeaders.get('etag'))
  const sinceDate = parseHttpDate(requestHeaders.get('if-modified-since'), now)
  // Without Last-Modified the Date counts; each cached response has one.
  const modifiedDate = parseHttpDate(
    cachedHeaders.get('last-modified') ?? cachedHeaders.get('date'),
    now,
  )

  return sinceDate !== undefined && modifiedDate !== undefined && modifiedDate <= sinceDate
}

/** RFC 9110 section 13.1.2: compared weakly. */
function matchesTag(condition: string, etag: string | null): boolean {
  if (etag === null) return false
  if (condition.trim() === '*') return true
  // A comma may stand in a tag; a tag without quotes is compared all the same.
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
 * Whether a 304 confirms the cached response: its validators, if it has some, are those that were
 * sent.
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

/** Headers that describe the body, which a 304 does not have. RFC 9111 section 3.2. */
const bodyHeaders: ReadonlySet<string> = new Set([
  'content-length',
  'content-encoding',
  'content-type',
  'content-range',
  'transfer-encoding',
  // A cookie belongs to one response, never to a cached one.
  'set-cookie',
])

/** Updates the headers of the cached response with those of a 304. */
export function mergeHeaders(cachedHeaders: Headers, receivedHeaders: Headers): Headers {
  const mergedHeaders = new Headers(cachedHeaders)
  mergedHeaders.delete('age')
  // Without a date of its own the 304 is of now.
  if (!receivedHeaders.has('date')) mergedHeaders.delete('date')
  receivedHeaders.forEach((headerValue, headerName) => {
    if (!bodyHeaders.has(headerName)) mergedHeaders.set(headerName, headerValue)
  })

  return mergedHeaders
}
