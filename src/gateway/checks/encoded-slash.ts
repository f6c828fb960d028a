/**
 * Reads a URL whose path contains `%2F` (an encoded slash), for routes with the option
 * `encodedSlash: 'keep'`. `request-checks.ts` takes the path to forward from the result, and
 * `find-route.ts` the path in which each `%2F` is a slash. The result is undefined for a path without
 * `%2F`, and for one that is not canonical or holds an empty or a dot segment once `%2F` is a slash.
 * Nothing is thrown; `request-checks.ts` then rejects the request as it rejects any path that is not
 * canonical.
 */
import { canonicalPath } from '../../request/index.ts'
import { hostEnd, hostStart } from '../../request/origin.ts'

/** A path that holds `%2F`, and the same path with each `%2F` read as a slash. */
export interface EncodedSlashes {
  /** The path as the client sent it. */
  readonly path: string
  /** The query with its `?`, or empty. */
  readonly search: string
  /**
   * The canonical path in which each `%2F` is a slash. Both paths must lead to the same route, since
   * servers differ in which of them they use.
   */
  readonly opened: string
}

/**
 * Reads a URL whose path is canonical except for `%2F`. It returns undefined for any other path, and
 * for a path such as `/files/..%2fadmin`: a server that reads `%2F` as a slash would find a dot
 * segment (or an empty segment) in it.
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
