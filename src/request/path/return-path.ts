/**
 * Validates where to go after sign-in: a place on this origin or nowhere. The sign-in redirect and
 * the login call it. A value that browsers could resolve to another origin gives undefined.
 */
import type { PathOptions } from './path.ts'
import { readPath } from './read-path.ts'

/** Characters; what does not fit into a sealed cookie is no use. */
const maxReturnPathLength = 2048

/**
 * A value from outside as a path and query of this origin, or undefined. Only what a browser can resolve in one way: one
 * `/` first, a canonical path, printable ASCII, no fragment. Refused are `//evil`, `/\evil`, `/%5cevil`, `https:evil`, and
 * tabs and newlines, which browsers drop before they look for `//`. `/@evil` is a path here, and stays one.
 *
 * @see WHATWG URL section 4.4, the "relative slash" and "special authority" states
 */
export function returnPath(
  value: string | null | undefined,
  options?: PathOptions,
): string | undefined {
  if (!value || value.length > maxReturnPathLength || value.charCodeAt(0) !== 0x2f) return undefined

  const query = value.indexOf('?')
  const endIndex = query === -1 ? value.length : query
  if (readPath(value, 0, endIndex, options?.allowSemicolon === true) !== 'canonical')
    return undefined

  for (let index = endIndex; index < value.length; index++) {
    const charCode = value.charCodeAt(index)
    if (charCode <= 0x20 || charCode >= 0x7f || charCode === 0x23) return undefined
  }

  return value
}
