/** Which files of the repository become pages of the site, and where their links lead there. Pure functions. */
import { posix } from 'node:path'

/** Where the site links to for what it does not hold, such as a source file or an example. */
const repository = 'https://github.com/portcullis-edge/portcullis'

/** README.md is shown on npm, too: it names its own repository by its address. */
const ownAddress =
  /^https:\/\/(?:github\.com\/portcullis-edge\/portcullis\/(?:blob|tree)|raw\.githubusercontent\.com\/portcullis-edge\/portcullis)\/main\//

/** One section of the sidebar. */
export interface Section {
  readonly title: string
  readonly pages: ReadonlyArray<{
    readonly title: string
    /** Path in the repository. */
    readonly path: string
  }>
}

/** Files outside docs/ that are pages, with their paths on the site. */
const otherPages: Readonly<Record<string, string>> = {
  'README.md': 'index.md',
  'docs/README.md': 'contents.md',
  'docs/decisions/README.md': 'decisions/index.md',
  'bench/README.md': 'bench/index.md',
  'bench/RESULTS.md': 'bench/results.md',
  'CHANGELOG.md': 'changelog.md',
  'CONTRIBUTING.md': 'contributing.md',
  'SECURITY.md': 'reporting.md',
}

/** Path on the site for a file of the repository; undefined where the site does not hold the file. */
export function findSitePath(path: string): string | undefined {
  if (Object.hasOwn(otherPages, path)) return otherPages[path]
  return /^docs\/(?:[\w-]+\/)?[\w.-]+\.(?:md|jpg|png|svg)$/.test(path) ? path.slice(5) : undefined
}

/**
 * The text of a page as the site shows it: links between pages are those of the site, and links to other files of the
 * repository are addresses on GitHub. Code stays as it is.
 */
export function convertPage(path: string, markdown: string): string {
  let fence = ''
  const lines = markdown.split('\n').map((line) => {
    const [, mark = ''] = /^\s*(`{3,}|~{3,})/.exec(line) ?? []
    if (fence !== '') {
      if (mark.startsWith(fence)) fence = ''
      return line
    }
    fence = mark
    return line.replaceAll(/(?<=\]\()[^)\s]+(?=\))/g, (link) => convertLink(path, link))
  })

  return lines.join('\n')
}

function convertLink(path: string, link: string): string {
  const own = ownAddress.test(link)
  if (link.startsWith('#') || (!own && /^[a-z]+:/.test(link))) return link

  const [target = '', anchor] = link.replace(ownAddress, '').split('#')
  const file = own ? target : posix.join(posix.dirname(path), target)
  const page = findSitePath(file)
  const address = page === undefined ? `${repository}/blob/main/${file}` : `/${page}`
  return anchor === undefined ? address : `${address}#${anchor}`
}

/**
 * Reads docs/README.md: each heading of the second level is a section, each item of a list a page.
 *
 * @throws where a section has no page.
 */
export function readSections(contents: string): Section[] {
  return contents
    .split(/^## /m)
    .slice(1)
    .map((text) => {
      const title = text.split('\n')[0] ?? ''
      const items = [...text.matchAll(/^- \[([^\]]+)\]\(([^)#\s]+)\)/gm)]
      if (items.length === 0) throw new Error(`The section "${title}" lists no page`)
      return {
        title,
        pages: items.map(([, name = '', link = '']) => ({
          title: name,
          path: posix.join('docs', link),
        })),
      }
    })
}

/** The anchor of a heading, as GitHub makes it, so that one link leads to it on both. */
export function slugify(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\- ]/gu, '')
    .replaceAll(' ', '-')
}

/** A page of the built site, as far as links need it. */
export interface BuiltPage {
  /** Path of the HTML file, such as `gateway.html`. */
  readonly path: string
  readonly ids: ReadonlySet<string>
  readonly links: readonly string[]
}

/** Reads the ids and the links within the site from HTML that VitePress wrote. */
export function readBuiltPage(path: string, html: string): BuiltPage {
  const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id = '']) => decodeHtml(id))
  const links = [...html.matchAll(/<a [^>]*?href="([^"]+)"/g)]
    .map(([, link = '']) => decodeHtml(link))
    .filter((link) => !/^[a-z]+:/.test(link))

  return { path, ids: new Set(ids), links }
}

/** Links of the pages that lead to no page, or to a heading that the page does not have. */
export function findDeadLinks(pages: readonly BuiltPage[]): string[] {
  const byPath = new Map(pages.map((page) => [page.path, page]))
  const dead: string[] = []
  for (const page of pages) {
    for (const link of new Set(page.links)) {
      const { pathname, hash } = new URL(link, `http://site/${page.path}`)
      const target = byPath.get(findHtml(decodeURIComponent(pathname)))
      const id = decodeURIComponent(hash.slice(1))
      if (target === undefined) dead.push(`${page.path}: no page ${link}`)
      else if (id !== '' && !target.ids.has(id)) dead.push(`${page.path}: no heading ${link}`)
    }
  }

  return dead
}

function findHtml(pathname: string): string {
  const path = pathname.slice(1)
  if (path === '' || path.endsWith('/')) return `${path}index.html`
  return path.endsWith('.html') ? path : `${path}.html`
}

function decodeHtml(text: string): string {
  return text.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'")
}
