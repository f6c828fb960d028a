/**
 * Reads a request's path in one way, before anything is routed. `request.url` is raw in workerd
 * and Deno, and a router, a guard, `fetch` and the upstream each normalize it in their own way.
 * The gateway and every guard on paths call it; a path that they could read differently is
 * rejected with 400.
 */
import { hostEnd, hostStart } from '../origin.ts'
import { normalizePath, readPath } from './read-path.ts'

/** Options of a path. Absent = default. */
export interface PathOptions {
  /**
   * Whether `;` and `%3B` may stand in a path. Default false: Tomcat and Jetty cut `;x` out of every segment, so that they
   * serve `/admin` for `/admin;x`. With true they are still refused where a segment begins with them, or with nothing but
   * dots before them (`/..;/admin`).
   */
  readonly allowSemicolon?: boolean
}

/** A path everybody reads alike, or why there is none; `redirect` is the same path and query spelled properly. */
export type CanonicalPath =
  | { readonly ok: true; readonly path: string; readonly search: string }
  | {
      readonly ok: false
      readonly reason: 'path-not-canonical' | 'url-too-long'
      readonly redirect?: string
    }

/** Characters of the whole url, 8 KB; platforms cut at 16 KB and older servers at 8. */
const maxUrlLength = 8192

const question = 0x3f
const hash = 0x23

const urlTooLong: CanonicalPath = { ok: false, reason: 'url-too-long' }
const notCanonical: CanonicalPath = { ok: false, reason: 'path-not-canonical' }

/**
 * Reads the path of a raw absolute url. What is accepted is, character for character, `new URL(url).pathname`; `^`, which older
 * runtimes leave as it is, becomes `%5E`.
 *
 * Refused (400): dot segments, `\`, `%2F`, `%5C`, escaped and raw controls, escapes of escapes (`%25` before two hex
 * digits), bad escapes, what is no UTF-8, raw non-ASCII and characters a parser would escape, `;` unless allowed.
 * Mendable: empty segments (`//`) and escapes of unreserved characters (`/%61dmin`). Then `redirect` holds what to answer
 * to GET and HEAD with 308; other methods are refused. It begins with exactly one `/` and is itself accepted.
 *
 * The path is not decoded: compare `decodedPath` or `foldedPath` with rules, hand the path itself on.
 *
 * @see RFC 3986 section 6.2.2
 */
export function canonicalPath(url: string, options?: PathOptions): CanonicalPath {
  if (url.length > maxUrlLength) return urlTooLong

  const host = hostStart(url)
  if (host === -1) return notCanonical

  const startIndex = hostEnd(url, host)
  if (startIndex === host) return notCanonical

  const pathEnd = findPathStart(url, startIndex)
  const hashAt = url.charCodeAt(pathEnd) === question ? url.indexOf('#', pathEnd) : pathEnd
  const endIndex = hashAt === -1 ? url.length : hashAt
  const semicolons = options?.allowSemicolon === true
  const reading = readPath(url, startIndex, pathEnd, semicolons)
  const query = reading === 'refused' ? 'refused' : readQuery(url, pathEnd, endIndex)
  if (query === 'refused') return notCanonical

  // A lone `?` is no query, to URL parsers too.
  const search = endIndex - pathEnd > 1 ? url.slice(pathEnd, endIndex) : ''
  const path = startIndex === pathEnd ? '/' : url.slice(startIndex, pathEnd)
  if (reading === 'canonical')
    return { ok: true, path: path.includes('^') ? path.replaceAll('^', '%5E') : path, search }

  const mended = normalizePath(path)
  // Mending can bring to light what must not be served: `/%2e%2e/admin`. And a Location header holds ASCII only.
  if (query !== 'ascii' || readPath(mended, 0, mended.length, semicolons) !== 'canonical')
    return notCanonical

  return { ok: false, reason: 'path-not-canonical', redirect: mended + search }
}

/** Where the path ends: at the query, the fragment or the end. */
function findPathStart(url: string, startIndex: number): number {
  for (let index = startIndex; index < url.length; index++) {
    const charCode = url.charCodeAt(index)
    if (charCode === question || charCode === hash) return index
  }
  return url.length
}

/** Controls and spaces never; parsers drop some of them. Everything else is the application's to read. */
function readQuery(
  url: string,
  startIndex: number,
  endIndex: number,
): 'ascii' | 'unicode' | 'refused' {
  let query: 'ascii' | 'unicode' = 'ascii'
  for (let index = startIndex; index < endIndex; index++) {
    const charCode = url.charCodeAt(index)
    if (charCode <= 0x20 || charCode === 0x7f) return 'refused'
    if (charCode > 0x7f) query = 'unicode'
  }

  return query
}
