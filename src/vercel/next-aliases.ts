/** Further addresses under which Next serves a page, so that the rule on the page covers them. */
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
  const found = new Set(prefixes.map((prefix) => (page === '/' ? prefix : prefix + page)))
  const intercepted = readIntercepted(page)
  if (intercepted !== undefined) found.add(intercepted)
  const file = readExported(page)
  if (file !== page) found.add(file)
  for (const rewrite of rewrites) {
    // A destination may be a source again, once.
    const first = rewrite(page)
    if (first === undefined) continue
    found.add(first)
    for (const next of rewrites) found.add(next(first) ?? first)
  }
  found.delete(page)
  return [...found]
}

/** The page of a file of a static export that holds its data: `/admin/__next._tree.txt`, `/admin/index.txt`. */
function readExported(page: string): string {
  const extension = exportedExtension.exec(page)
  if (extension === null) return page
  const path = page.slice(0, extension.index)
  const data = path.indexOf('/__next.')
  if (data !== -1) return path.slice(0, data) || '/'
  return path.endsWith('/index') ? path.slice(0, -'/index'.length) || '/' : page
}

/** The page whose place an intercepting route takes; undefined for the path of any other page. */
function readIntercepted(path: string): string | undefined {
  if (!path.includes('(') && !path.includes('%28')) return undefined
  const segments = path.replaceAll(/%28/g, '(').replaceAll(/%29/g, ')').split('/')
  const index = segments.findIndex((segment) => marker.test(segment))
  if (index === -1) return undefined
  const [, markers = '', name = ''] = marker.exec(segments[index] ?? '') ?? []
  const before = segments.slice(0, index)
  const levels = markers.split('(..)').length - 1
  const parents = markers.includes('(...)')
    ? ['']
    : before.slice(0, Math.max(1, before.length - levels))
  return [...parents, name, ...segments.slice(index + 1)].join('/') || '/'
}
