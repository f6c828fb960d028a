/**
 * Lists further addresses under which Next serves a page, so that the rule on the page covers
 * them. `guard.ts` creates the readers from the option `next`. It is pure.
 */
import type { Rewrite } from './next-rewrites.ts'

/** `(.)`, `(..)`, `(..)(..)` or `(...)` before a segment: a page that takes the place of another. */
const marker = /^((?:\(\.{1,3}\)){1,20})(.*)$/
const exportedExtension = /\.(?:txt|html|rsc|json)$/

/**
 * Lists the other pages that an address may show.
 *
 * - Next also serves an intercepting route at its own path: `/feed/(..)photo` holds what stands in for `/photo`.
 * - A rewrite serves its destination at its source.
 * - A static export writes `/admin/index.html` and `/admin/__next._tree.txt` for `/admin`.
 * - `prefixes` are the base path and the locales that rules are written with.
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
    // A destination may be a source again, once.
    const rewritten = rewrite(page)
    if (rewritten === undefined) continue
    foundPaths.add(rewritten)
    for (const next of rewrites) foundPaths.add(next(rewritten) ?? rewritten)
  }

  foundPaths.delete(page)

  return [...foundPaths]
}

/** The page of a file of a static export that holds its data: `/admin/__next._tree.txt`, `/admin/index.txt`. */
function readExported(page: string): string {
  const extension = exportedExtension.exec(page)
  if (extension === null) return page
  const pagePath = page.slice(0, extension.index)
  const data = pagePath.indexOf('/__next.')
  if (data !== -1) return pagePath.slice(0, data) || '/'
  return pagePath.endsWith('/index') ? pagePath.slice(0, -'/index'.length) || '/' : page
}

/** The page whose place an intercepting route takes; undefined for the path of any other page. */
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
