/**
 * Validates the page to which a browser returns after signing in, so that it is always a path of
 * this origin. The sign-in redirect and the login call it. It is pure and throws nothing. A value
 * over 2,048 characters, one that is not canonical, or one that a browser could resolve to another
 * origin gives undefined.
 */
import type { PathOptions } from './path.ts'
import { readPath } from './read-path.ts'

/** The most characters of a return path, which must fit into a sealed cookie. */
const maxReturnPathLength = 2048

/**
 * Validates an untrusted value as a path and query of this origin. It must be one that browsers
 * resolve in one way: it begins with one `/` and has a canonical path, printable ASCII and no
 * fragment. Rejected are `//evil`, `/\evil`, `/%5cevil`, `https:evil`, and tabs and newlines, which
 * browsers remove before they look for `//`. `/@evil` is a path here and stays one.
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
