/**
 * Compiles patterns of rules on paths: an exact path (`/admin`), or a prefix with everything below
 * it (`/admin/*`). The gateway's routes and review, access rules, aliases, the GraphQL step and the
 * Vercel guard call it. It is pure and throws nothing. Only `isPathPattern` validates; the other
 * functions expect valid patterns, and paths that are folded if the pattern is.
 */
import { foldPath } from './compare-path.ts'
import { canonicalPath } from './path.ts'

/** A compiled pattern: `/admin/*` is the prefix `/admin`, and `/*` is the empty prefix. */
export interface PathPattern {
  readonly text: string
  readonly prefix: boolean
}

/**
 * Compiles a pattern. A folded one covers every spelling that some server treats as its path; see
 * {@link foldPath}.
 */
export function compilePathPattern(path: string, folded = false): PathPattern {
  const prefix = path.endsWith('/*')
  const pathText = prefix ? path.slice(0, -2) : path
  if (!folded) return { text: pathText, prefix }

  const foldedText = foldPath(pathText)
  // The folded empty prefix is `/`, but it must be empty, so that every path begins with it.
  return { text: prefix && foldedText === '/' ? '' : foldedText, prefix }
}

/** Reports whether a pattern covers a path. For a folded pattern the path must be folded, too. */
export function coversPath({ text, prefix }: PathPattern, path: string): boolean {
  if (!path.startsWith(text)) return false
  return path.length === text.length || (prefix && path.charCodeAt(text.length) === 47)
}

/**
 * Reports whether a pattern covers everything that another pattern covers; with `folded`, in any
 * spelling.
 */
export function patternCovers(pattern: string, other: string, folded = false): boolean {
  const [one, two] = [compilePathPattern(pattern, folded), compilePathPattern(other, folded)]
  return coversPath(one, two.text) && (one.prefix || !two.prefix)
}

/**
 * Reports whether a text is a pattern in canonical form. Any other text would never match, or match
 * something else than intended.
 */
export function isPathPattern(value: unknown): value is string {
  if (typeof value !== 'string' || !value.startsWith('/')) return false

  const { text, prefix } = compilePathPattern(value)
  if (/[*?#]/.test(text) || (prefix && text.endsWith('/'))) return false

  const canonical = canonicalPath(`http://host${text || '/'}`)
  return canonical.ok && canonical.path === (text || '/')
}
