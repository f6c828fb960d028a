/**
 * Reads the path of a request's raw URL in one defined way, before anything is routed.
 * `request.url` is raw in workerd and Deno, and routers, guards, `fetch` and upstreams normalize
 * paths differently. The gateway, `canonicalPaths()`, access rules, patterns and the GraphQL step
 * call it. It is pure and throws nothing. A path that programs could read differently, or a URL
 * over 8,192 characters, gives a reason for 400 or 414, with a redirect where the canonical form is
 * certain.
 */
import { hostEnd, hostStart } from '../origin.ts'
import { normalizePath, readPath } from './read-path.ts'

/** Options of a path. Absent = default. */
export interface PathOptions {
  /**
   * Whether a path may contain `;` and `%3B`. Default false: Tomcat and Jetty remove `;x` from
   * every segment, so that they serve `/admin` for `/admin;x`. With true they are still rejected at
   * the start of a segment and after only dots (`/..;/admin`).
   */
  readonly allowSemicolon?: boolean
}

/**
 * A path that all programs read alike, or the reason why there is none. `redirect` is the same path
 * and query in canonical form.
 */
export type CanonicalPath =
  | { readonly ok: true; readonly path: string; readonly search: string }
  | {
      readonly ok: false
      readonly reason: 'path-not-canonical' | 'url-too-long'
      readonly redirect?: string
    }

/** The most characters of the whole URL. Platforms cut URLs at 16 KB, and older servers at 8 KB. */
const maxUrlLength = 8192

const question = 0x3f
const hash = 0x23

const urlTooLong: CanonicalPath = { ok: false, reason: 'url-too-long' }
const notCanonical: CanonicalPath = { ok: false, reason: 'path-not-canonical' }

/**
 * Reads the path of a raw absolute URL. An accepted path equals `new URL(url).pathname` character
 * for character; `^`, which older runtimes do not escape, becomes `%5E`.
 *
 * Rejected with 400 are dot segments, `\`, `%2F`, `%5C`, escaped and raw control characters,
 * escapes of escapes (`%25` before two hex digits), malformed escapes, escapes that are not UTF-8,
 * raw non-ASCII and characters that a parser would escape, and `;` unless allowed. Correctable are
 * empty segments (`//`) and escapes of unreserved characters (`/%61dmin`): `redirect` is then the
 * location of a 308 for GET and HEAD, and other methods are rejected. It begins with exactly one
 * `/` and is itself canonical.
 *
 * The path is not decoded: compare `decodePath` or `foldPath` of it with rules, and pass on the
 * path itself.
 *
 * @see RFC 3986 section 6.2.2
 */
export function canonicalPath(url: string, options?: PathOptions): CanonicalPath {
  if (url.length > maxUrlLength) return urlTooLong

  const host = hostStart(url)
  if (host === -1) return notCanonical

  const startIndex = hostEnd(url, host)
  if (startIndex === host) return notCanonical

  const pathEnd = findPathEnd(url, startIndex)
  const hashIndex = url.charCodeAt(pathEnd) === question ? url.indexOf('#', pathEnd) : pathEnd
  const endIndex = hashIndex === -1 ? url.length : hashIndex
  const semicolons = options?.allowSemicolon === true
  const reading = readPath(url, startIndex, pathEnd, semicolons)
  const query = reading === 'refused' ? 'refused' : readQuery(url, pathEnd, endIndex)
  if (query === 'refused') return notCanonical

  // A lone `?` is no query, as in URL parsers.
  const search = endIndex - pathEnd > 1 ? url.slice(pathEnd, endIndex) : ''
  const path = startIndex === pathEnd ? '/' : url.slice(startIndex, pathEnd)
  if (reading === 'canonical')
    return { ok: true, path: path.includes('^') ? path.replaceAll('^', '%5E') : path, search }

  const normalizedPath = normalizePath(path)
  // The normalized path is read again, because it can contain something that must be rejected:
  // `/%2e%2e/admin`. A Location header may only contain ASCII.
  if (
    query !== 'ascii' ||
    readPath(normalizedPath, 0, normalizedPath.length, semicolons) !== 'canonical'
  )
    return notCanonical

  return { ok: false, reason: 'path-not-canonical', redirect: normalizedPath + search }
}

/** Returns the index where the path ends: at the query, the fragment or the end. */
function findPathEnd(url: string, startIndex: number): number {
  for (let index = startIndex; index < url.length; index++) {
    const charCode = url.charCodeAt(index)
    if (charCode === question || charCode === hash) return index
  }
  return url.length
}

/**
 * Checks a query. Control characters and spaces are rejected, because parsers drop some of them.
 * Everything else is for the application to read.
 */
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
