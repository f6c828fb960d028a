/**
 * Reads a request's path as the page that a framework serves for it:
 * `/_next/data/<build>/admin.json` is `/admin`. Access rules and the gateway's upstreams create a
 * reader from the option `aliases` and check the rules of each page that it returns. A wrong option
 * is added to the caller's list of issues. It throws only what a function of the application
 * throws. Pages are read at most three times, so that deeper nesting is not recognized.
 */
import type { Issues } from '../../options/index.ts'
import { decodePath } from '../path/compare-path.ts'
import { type AliasName, aliasNames, commonReadings, type Reading, readings } from './readings.ts'

/**
 * Lists the pages that a server may serve for a path. The list is empty where there is only the
 * path itself. The arguments are the canonical path and the query with its `?`, or an empty text.
 */
export type AliasReader = (path: string, search: string) => readonly string[]

/**
 * The most rounds in which pages are read again: `/(S(x))/index.php/_next/data/1/admin.json`. No
 * application nests deeper.
 */
const rounds = 3

/**
 * Creates the reader of an upstream from the common readings, those of its frameworks, and its own
 * functions.
 */
export function aliasReader(names: readonly (AliasName | AliasReader)[] = []): AliasReader {
  const ownReadings = names.flatMap((name): readonly Reading[] =>
    typeof name === 'function' ? [name] : (readings[name] ?? []),
  )
  const alwaysReads = ownReadings.length > 0
  const allReadings = [...commonReadings, ...ownReadings]

  return (path, search) => {
    if (!alwaysReads && !isSuspect(path)) return noPages

    const pages = new Set<string>()
    let pending: readonly string[] = [path]

    for (let round = 0; round < rounds && pending.length > 0; round++) {
      const knownPages = new Set(pages)
      for (const pagePath of pending) {
        const text = decodePath(pagePath)
        for (const reading of allReadings) addPages(pages, reading(text, round === 0 ? search : ''))
      }

      pending = [...pages].filter((pagePath) => !knownPages.has(pagePath))
    }

    pages.delete(path)
    return [...pages]
  }
}

/** Validates an `aliases` option: a name, a function, or a list of them. */
export function checkAliases(value: unknown, issues: Issues): AliasReader {
  if (value === undefined) return readAliases

  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  const validAliases = list.filter((alias): alias is AliasName | AliasReader => {
    return typeof alias === 'function' || aliasNames.includes(alias as AliasName)
  })

  if (validAliases.length < list.length || list.length === 0) {
    issues.add(
      'aliases',
      `must be a function of a path, or one or several of ${aliasNames.join(', ')}`,
    )
  }

  return aliasReader(validAliases)
}

/** The reader of an upstream without the option `aliases`. */
export const readAliases: AliasReader = aliasReader()

const noPages: readonly string[] = []

/** Reports whether a path may be one that {@link commonReadings} read. Most paths are not. */
function isSuspect(path: string): boolean {
  return path.includes('.') || path.includes('/(') || path.includes('%') || path.endsWith('_check')
}

/** Matches a path without escapes, empty segments and dot segments. */
const canonical = /^(?:\/[\w~!$&'()*+,=:@[\]-][\w.~!$&'()*+,=:@[\]-]*)*\/?$/

/** Adds the pages that were read, in canonical form. */
function addPages(pages: Set<string>, readPages: string | readonly string[] | undefined): void {
  if (readPages === undefined) return
  for (const pagePath of typeof readPages === 'string' ? [readPages] : readPages) {
    const [path = ''] = pagePath.split(/[?#]/, 1)
    const absolutePath = path.startsWith('/') ? path : `/${path}`
    const clean = canonical.test(absolutePath) ? absolutePath : cleanPath(decodePath(absolutePath))

    if (clean !== undefined) pages.add(clean.length > 1 ? clean.replace(/\/$/, '') : clean)
  }
}

function cleanPath(path: string): string | undefined {
  try {
    return new URL(encodeURI(path).replaceAll(/\/{2,}/g, '/'), 'http://host').pathname
  } catch {
    return undefined // A lone surrogate is in no path of a page.
  }
}

/** The parts of a project's `next.config` that concern paths. */
export interface NextPaths {
  /** The base path, such as `/shop`. Default none. */
  readonly basePath?: string
  /** The names of `i18n.locales`, such as `['en', 'fr']`. Default none. */
  readonly locales?: readonly string[]
}

/**
 * Creates a reader for a Next project with a base path or locales: `/shop/fr/admin` is `/admin`.
 */
export function nextAliases({ basePath = '', locales = [] }: NextPaths): AliasReader {
  const base = basePath.toLowerCase()
  const names = new Set(locales.map((name) => name.toLowerCase()))

  return (path) => {
    const hasBase = base !== '' && `${path.toLowerCase()}/`.startsWith(`${base}/`)
    const inner = hasBase ? path.slice(base.length) || '/' : path
    const [, firstSegment = ''] = inner.split('/', 2)
    const pagePath = names.has(firstSegment.toLowerCase())
      ? inner.slice(firstSegment.length + 1) || '/'
      : inner

    return [inner, pagePath]
  }
}
