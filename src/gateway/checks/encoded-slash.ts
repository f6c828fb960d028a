/**
 * Reads paths with `%2F`, for the routes that forward it. The request checks and `find-route.ts`
 * call it. A path that a server could read in another way gives undefined, and the request is then
 * rejected as not canonical.
 */
import { canonicalPath } from '../../request/index.ts'
import { hostEnd, hostStart } from '../../request/origin.ts'

/** A path that holds `%2F`, and how it reads where that is a slash. */
export interface EncodedSlashes {
  readonly path: string
  readonly search: string
  /**
   * Canonical. Access rules must give the same result for both readings, since servers differ in
   * which one they use.
   */
  readonly opened: string
}

/**
 * Reads a URL whose path is canonical except for `%2F`. Returns undefined for any other path, and if
 * a server that reads `%2F` as a slash would find an empty segment or a dot segment:
 * `/files/..%2fadmin`.
 */
export function preserveEncodedSlashes(url: string): EncodedSlashes | undefined {
  const originStart = hostStart(url)
  if (originStart === -1) return undefined
  const pathStart = hostEnd(url, originStart)
  let pathEnd = pathStart
  while (pathEnd < url.length && url[pathEnd] !== '?' && url[pathEnd] !== '#') pathEnd++
  const encodedPath = url.slice(pathStart, pathEnd)
  const openedPath = encodedPath.replaceAll(/%2f/gi, '/')
  if (openedPath === encodedPath) return undefined
  const canonical = canonicalPath(url.slice(0, pathStart) + openedPath + url.slice(pathEnd))

  return canonical.ok
    ? { path: encodedPath, search: canonical.search, opened: canonical.path }
    : undefined
}
