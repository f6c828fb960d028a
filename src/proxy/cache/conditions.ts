/** Conditions of requests: the client's on what is kept, and our own on what an upstream has. RFC 9110 section 13. */
import { parseHttpDate } from '../../request/index.ts'

/** Whether a client has the answer that it asks for, so that 304 tells it all. RFC 9111 section 4.3.2. */
export function isUnchanged(asked: Headers, kept: Headers, now: number): boolean {
  const tags = asked.get('if-none-match')
  if (tags !== null) return matchesTag(tags, kept.get('etag'))
  const since = parseHttpDate(asked.get('if-modified-since'), now)
  // Without Last-Modified the date on which it was made counts; each kept answer has one.
  const modified = parseHttpDate(kept.get('last-modified') ?? kept.get('date'), now)
  return since !== undefined && modified !== undefined && modified <= since
}

/** RFC 9110 section 13.1.2: compared weakly. */
function matchesTag(asked: string, etag: string | null): boolean {
  if (etag === null) return false
  if (asked.trim() === '*') return true
  // A comma may stand in a tag; a tag without quotes is compared all the same.
  const tags = asked.match(/(?:W\/)?"[^"]*"|[^\s,"]+/g) ?? []
  return tags.some((tag) => bareTag(tag) === bareTag(etag))
}

function bareTag(tag: string): string {
  return tag.trim().replace(/^W\//, '')
}

/** Adds the validators of what is kept to a request, so that 304 can answer it. RFC 9111 section 4.3.1. */
export function addValidators(headers: Headers, kept: Headers): void {
  const [etag, modified] = [kept.get('etag'), kept.get('last-modified')]
  if (etag !== null) headers.set('if-none-match', etag)
  if (modified !== null) headers.set('if-modified-since', modified)
}

/**
 * Whether a 304 is about what is kept: its validators, where it has some, are those that were sent.
 *
 * @see RFC 9111 section 4.3.4
 */
export function confirmsCached(said: Headers, kept: Headers): boolean {
  const [etag, known] = [said.get('etag'), kept.get('etag')]
  if (etag !== null) return known !== null && bareTag(etag) === bareTag(known)
  const modified = said.get('last-modified')
  return modified === null || known !== null || modified === kept.get('last-modified')
}

/** Headers that describe the body, which a 304 does not have. RFC 9111 section 3.2. */
const bound: ReadonlySet<string> = new Set([
  'content-length',
  'content-encoding',
  'content-type',
  'content-range',
  'transfer-encoding',
  // It is of one answer, never of what is kept.
  'set-cookie',
])

/** The headers of what is kept, brought up to date by a 304. */
export function mergeHeaders(kept: Headers, said: Headers): Headers {
  const merged = new Headers(kept)
  merged.delete('age')
  // Without a date of its own the 304 is of now.
  if (!said.has('date')) merged.delete('date')
  said.forEach((value, name) => {
    if (!bound.has(name)) merged.set(name, value)
  })
  return merged
}
