/**
 * Lists the pages that Next may serve for an address besides the page of that name: rewrites, intercepting routes,
 * files of a static export. The rule on such a page then covers the address too. `guard.ts` passes the function to its
 * gateway as the option `aliases`, which calls it for each request. It is pure and does not throw. Rewrites of rewrites
 * are followed once only.
 */
import type { Rewrite } from './next-rewrites.ts'

/**
 * `(.)`, `(..)`, `(..)(..)` or `(...)` before a segment: an intercepting route, which is shown in place of another
 * page.
 */
const marker = /^((?:\(\.{1,3}\)){1,20})(.*)$/
const exportedExtension = /\.(?:txt|html|rsc|json)$/

/**
 * Lists the other pages that Next may serve for an address.
 *
 * - Next also serves an intercepting route at its own path: `/feed/(..)photo` is shown in place of `/photo`.
 * - A rewrite serves its destination at its source.
 * - A static export writes `/admin/index.html` and `/admin/__next._tree.txt` for `/admin`.
 *
 * @param prefixes - base path and locales with which some rules are written.
 */
export function listNextAliases(
  page: string,
  rewrites: readonly Rewrite[],
  prefixes: readonly string[] = [],
): string[] {
  const foundPaths = new Set(prefixes.map((prefix) => (page === '/' ? prefix : prefix + page)))
  const interceptedPath = readIntercepted(page)
  if (interceptedPath !== undefined) foundPaths.add(interceptedPath)
  const exportedFile = readExported(page)
  if (exportedFile !== page) foundPaths.add(exportedFile)
  for (const rewrite of rewrites) {
    // A destination may be the source of another rewrite, which is followed once.
    const destination = rewrite(page)
    if (destination === undefined) continue
    foundPaths.add(destination)
    for (const nextRewrite of rewrites) foundPaths.add(nextRewrite(destination) ?? destination)
  }

  foundPaths.delete(page)

  return [...foundPaths]
}

/** Returns the page of a file of a static export: `/admin` for `/admin/__next._tree.txt` and `/admin/index.txt`. */
function readExported(page: string): string {
  const extension = exportedExtension.exec(page)
  if (extension === null) return page
  const pagePath = page.slice(0, extension.index)
  const dataStart = pagePath.indexOf('/__next.')
  if (dataStart !== -1) return pagePath.slice(0, dataStart) || '/'
  return pagePath.endsWith('/index') ? pagePath.slice(0, -'/index'.length) || '/' : page
}

/** Returns the page in whose place an intercepting route is shown; undefined for any other path. */
function readIntercepted(path: string): string | undefined {
  if (!path.includes('(') && !path.includes('%28')) return undefined
  const segments = path.replaceAll(/%28/g, '(').replaceAll(/%29/g, ')').split('/')
  const index = segments.findIndex((segment) => marker.test(segment))
  if (index === -1) return undefined
  const [, markers = '', segmentName = ''] = marker.exec(segments[index] ?? '') ?? []
  const parentSegments = segments.slice(0, index)
  const levels = markers.split('(..)').length - 1
  const parents = markers.includes('(...)')
    ? ['']
    : parentSegments.slice(0, Math.max(1, parentSegments.length - levels))

  return [...parents, segmentName, ...segments.slice(index + 1)].join('/') || '/'
}
