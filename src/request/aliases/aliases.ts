/**
 * Reads a path as the page that a framework serves for it: `/_next/data/<build>/admin.json` is
 * `/admin`. Guards and upstreams create a reader from the option `aliases`. A wrong option is
 * reported as an issue.
 */
import type { Issues } from '../../options/index.ts'
import { decodePath } from '../path/compare-path.ts'
import { type AliasName, aliasNames, commonReadings, type Reading, readings } from './readings.ts'

/**
 * Lists the pages that a server may serve for a path, empty where there is only the path itself. It gets the canonical path and
 * the query with its `?`, or an empty text.
 */
export type AliasReader = (path: string, search: string) => readonly string[]

/** A page that was read may be read again: `/(S(x))/index.php/_next/data/1/admin.json`. Deeper is nobody's path. */
const rounds = 3

/** Makes the reader of an upstream: what holds for all, what its frameworks add, and its own functions. */
export function aliasReader(names: readonly (AliasName | AliasReader)[] = []): AliasReader {
  const own = names.flatMap((name): readonly Reading[] =>
    typeof name === 'function' ? [name] : (readings[name] ?? []),
  )
  const always = own.length > 0
  const all = [...commonReadings, ...own]

  return (path, search) => {
    if (!always && !isSuspect(path)) return none

    const pages = new Set<string>()
    let waiting: readonly string[] = [path]

    for (let round = 0; round < rounds && waiting.length > 0; round++) {
      const before = new Set(pages)
      for (const pagePath of waiting) {
        const text = decodePath(pagePath)
        for (const reading of all) addPages(pages, reading(text, round === 0 ? search : ''))
      }

      waiting = [...pages].filter((pagePath) => !before.has(pagePath))
    }

    pages.delete(path)
    return [...pages]
  }
}

/** Validates an `aliases` option: a name, a function, or a list of them. */
export function checkAliases(value: unknown, issues: Issues): AliasReader {
  if (value === undefined) return readAliases

  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  const known = list.filter((one): one is AliasName | AliasReader => {
    return typeof one === 'function' || aliasNames.includes(one as AliasName)
  })

  if (known.length < list.length || list.length === 0) {
    issues.add(
      'aliases',
      `must be a function of a path, or one or several of ${aliasNames.join(', ')}`,
    )
  }

  return aliasReader(known)
}

/** The reader of an upstream that names no framework. */
export const readAliases: AliasReader = aliasReader()

const none: readonly string[] = []

/** Every path that {@link commonReadings} reads has one of these; most paths have neither. */
function isSuspect(path: string): boolean {
  return path.includes('.') || path.includes('/(') || path.includes('%') || path.endsWith('_check')
}

/** A path in which every character stands for itself, without empty and dot segments. */
const canonical = /^(?:\/[\w~!$&'()*+,=:@[\]-][\w.~!$&'()*+,=:@[\]-]*)*\/?$/

/** Adds what was read, in canonical form. */
function addPages(pages: Set<string>, read: string | readonly string[] | undefined): void {
  if (read === undefined) return
  for (const pagePath of typeof read === 'string' ? [read] : read) {
    const [path = ''] = pagePath.split(/[?#]/, 1)
    const rooted = path.startsWith('/') ? path : `/${path}`
    const clean = canonical.test(rooted) ? rooted : cleanPath(decodePath(rooted))

    if (clean !== undefined) pages.add(clean.length > 1 ? clean.replace(/\/$/, '') : clean)
  }
}

function cleanPath(path: string): string | undefined {
  try {
    return new URL(encodeURI(path).replaceAll(/\/{2,}/g, '/'), 'http://host').pathname
  } catch {
    return undefined // A lone surrogate: no server's page.
  }
}

/** The parts of a project's `next.config` that concern paths. */
export interface NextPaths {
  /** Such as `/shop`. Default none. */
  readonly basePath?: string
  /** Names of `i18n.locales`, such as `['en', 'fr']`. Default none. */
  readonly locales?: readonly string[]
}

/** Makes a reader for a Next project with a base path or with locales: `/shop/fr/admin` is `/admin`. */
export function nextAliases({ basePath = '', locales = [] }: NextPaths): AliasReader {
  const base = basePath.toLowerCase()
  const names = new Set(locales.map((name) => name.toLowerCase()))

  return (path) => {
    const based = base !== '' && `${path.toLowerCase()}/`.startsWith(`${base}/`)
    const inner = based ? path.slice(base.length) || '/' : path
    const [, first = ''] = inner.split('/', 2)
    const pagePath = names.has(first.toLowerCase()) ? inner.slice(first.length + 1) || '/' : inner

    return [inner, pagePath]
  }
}
