/**
 * Compiles patterns of rules on paths: one path, or everything below one. Routes and access rules
 * call it. `isPathPattern` validates; the other functions expect valid patterns.
 */
import { foldPath } from './compare-path.ts'
import { canonicalPath } from './path.ts'

/** A pattern taken apart: `/admin/*` is the prefix `/admin`, `/*` the prefix without a letter. */
export interface PathPattern {
  readonly text: string
  readonly prefix: boolean
}

/** Takes a pattern apart; folded, it covers every spelling that some server takes for its own. See {@link foldedPath}. */
export function compilePathPattern(path: string, folded = false): PathPattern {
  const prefix = path.endsWith('/*')
  const pathText = prefix ? path.slice(0, -2) : path
  if (!folded) return { text: pathText, prefix }

  const spelled = foldPath(pathText)
  // Folding leaves a slash of nothing, and every path begins with a prefix of nothing.
  return { text: prefix && spelled === '/' ? '' : spelled, prefix }
}

/** Whether a path is covered; for a folded pattern it must be folded, too. */
export function coversPath({ text, prefix }: PathPattern, path: string): boolean {
  if (!path.startsWith(text)) return false
  return path.length === text.length || (prefix && path.charCodeAt(text.length) === 47)
}

/** Whether a pattern covers a path, or all that another pattern covers; where `folded`, in any of their spellings. */
export function patternCovers(pattern: string, other: string, folded = false): boolean {
  const [one, two] = [compilePathPattern(pattern, folded), compilePathPattern(other, folded)]
  return coversPath(one, two.text) && (one.prefix || !two.prefix)
}

/** Whether a text is a pattern in canonical form: anything else would never match, or not what was meant. */
export function isPathPattern(value: unknown): value is string {
  if (typeof value !== 'string' || !value.startsWith('/')) return false

  const { text, prefix } = compilePathPattern(value)
  if (/[*?#]/.test(text) || (prefix && text.endsWith('/'))) return false

  const canonical = canonicalPath(`http://host${text || '/'}`)
  return canonical.ok && canonical.path === (text || '/')
}
