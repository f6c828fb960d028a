/** Canonical paths as rules see them: two spellings that servers take for one must not be two here. */

/**
 * A canonical path with its escapes undone: what rules are compared with, so that `/a%40b` and `/a@b` are one. Its
 * segments are those of the path, since neither `/` nor `\` can come out of an escape.
 */
export function decodedPath(path: string): string {
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch {
    return path // Not canonical, so nothing of ours.
  }
}

/**
 * A canonical path as the most forgiving server reads it: decoded, without case, without dots and spaces at the end of a
 * segment (Windows drops them), without what is left empty by that, without a slash at the end. For rules that deny:
 * `/ADMIN./` and `/.../admin` are covered by `/admin`.
 */
export function foldedPath(path: string): string {
  const decoded = decodedPath(path)
  const spelled = decoded === path ? path.toLowerCase() : oneSpelling(decoded)
  const segments = spelled.split('/').map(withoutTail)
  return `/${segments.filter((segment) => segment !== '').join('/')}`
}

/**
 * What is no ASCII stands for its likes: file systems of macOS decompose letters, code pages of Windows take wide ones for
 * plain ones, and Java compares in upper case first, where a long s is an S.
 */
function oneSpelling(text: string): string {
  return text.normalize('NFKC').toUpperCase().toLowerCase()
}

function withoutTail(segment: string): string {
  let end = segment.length
  while (end > 0 && (segment[end - 1] === '.' || segment[end - 1] === ' ')) end--
  return segment.slice(0, end)
}
