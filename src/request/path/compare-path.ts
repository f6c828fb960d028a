/**
 * Makes canonical paths comparable, so that two spellings which some server treats as the same path
 * are equal for rules. Patterns, access rules, aliases, the GraphQL step and the login throttle
 * call it. It is pure and throws nothing. It expects a canonical path; a path with a malformed
 * escape is compared as it is.
 */
import { recentLetters, recentMarks, recentTexts } from './recent-letters.ts'

/**
 * Decodes the escapes of a canonical path, so that rules treat `/a%40b` and `/a@b` as equal. Its
 * segments stay the same, since neither `/` nor `\` can result from an escape.
 */
export function decodePath(path: string): string {
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch {
    return path // A path that is not canonical matches no rule.
  }
}

/**
 * Folds a canonical path as the most lenient server reads it: decoded, without case, without dots
 * and spaces at the end of segments (Windows removes them), without segments that are empty then,
 * and without a slash at the end. It is used for rules that deny: `/admin` covers `/ADMIN./` and
 * `/.../admin`.
 */
export function foldPath(path: string): string {
  const decodedPath = decodePath(path)
  const foldedPath = decodedPath === path ? path.toLowerCase() : normalizeSpelling(decodedPath)
  const segments = foldedPath.split('/').map(removeTail)

  return `/${segments.filter((segment) => segment !== '').join('/')}`
}

/**
 * Characters that servers and file systems ignore in comparisons: HFS+ ignores joiners, and
 * NFKC_Casefold ignores all of these.
 */
const ignoredCharacters = /\p{Default_Ignorable_Code_Point}|\u0307/gu

/**
 * Accents on Greek letters, which upper case omits in Greek. They also change their order around
 * the iota below (U+0345), which is a letter in upper case.
 */
const greekAccents = /(?<=[\u0370-\u03ff])[\u0300-\u036f]+/gu

/**
 * Folds a text such that two texts which differ only in case become equal, by the rules of Java,
 * Python, .NET and JavaScript in any locale. Upper case folds the long s and the sharp s, lower
 * case the Kelvin sign; each is applied to the result of the other, since neither alone is
 * complete. The text is decomposed, because file systems of macOS decompose letters and code pages
 * of Windows treat wide letters as plain ones. The dot above is removed: the lower case of a
 * Turkish `İ` is an i with or without it. The result is the same for every Unicode version of the
 * runtime.
 *
 * @see Unicode Standard section 3.13, toCasefold and NFKC_Casefold
 */
function normalizeSpelling(pathText: string): string {
  const foldedText = foldKnown(pathText.replace(mayBeRecent, foldRecent)).normalize('NFC')
  // A runtime only composes the letters of its own Unicode version.
  return foldedText.replace(
    mayBeRecent,
    (character) => recentTexts.get(character.codePointAt(0) ?? 0) ?? character,
  )
}

/** Folds a text by the Unicode version of the runtime alone. The result is decomposed. */
export function foldKnown(pathText: string): string {
  return pathText
    .normalize('NFKD')
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll(ignoredCharacters, '')
    .replaceAll(greekAccents, '')
    .replaceAll('ς', 'σ')
}

/**
 * All characters except the scripts of Europe and the Near East, which the tables do not contain.
 */
const mayBeRecent = /[\u0860-\u{10ffff}]/gu

/**
 * Returns the folded form of a letter that the runtime may not know. Returns an empty text for a
 * mark, whose order the runtime would not know.
 */
function foldRecent(character: string): string {
  const charCode = character.codePointAt(0) ?? 0
  const isIn = ([first, last]: readonly [number, number, ...unknown[]]): boolean =>
    first <= charCode && charCode <= last
  const run = recentLetters.find(isIn)
  if (run !== undefined) return String.fromCodePoint(run[2] + charCode - run[0])
  return recentMarks.some(isIn) ? '' : (recentTexts.get(charCode) ?? character)
}

function removeTail(segment: string): string {
  let endIndex = segment.length
  while (endIndex > 0 && (segment[endIndex - 1] === '.' || segment[endIndex - 1] === ' '))
    endIndex--
  return segment.slice(0, endIndex)
}
