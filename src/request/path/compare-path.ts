/**
 * Makes canonical paths comparable as rules see them: two spellings that servers take for one must
 * not be two here. Patterns, access rules and aliases call it. It is pure and expects a canonical
 * path.
 */
import { recentLetters, recentMarks, recentTexts } from './recent-letters.ts'

/**
 * A canonical path with its escapes undone: what rules are compared with, so that `/a%40b` and `/a@b` are one. Its
 * segments are those of the path, since neither `/` nor `\` can come out of an escape.
 */
export function decodePath(path: string): string {
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
export function foldPath(path: string): string {
  const decoded = decodePath(path)
  const spelled = decoded === path ? path.toLowerCase() : normalizeSpelling(decoded)
  const segments = spelled.split('/').map(removeTail)

  return `/${segments.filter((segment) => segment !== '').join('/')}`
}

/** Characters that servers and file systems leave out when they compare: HFS+ ignores joiners, and NFKC_Casefold all of these. */
const ignored = /\p{Default_Ignorable_Code_Point}|\u0307/gu

/**
 * Accents on Greek letters, which upper case of the language leaves out. They also change their order around the iota below
 * (U+0345), which is a letter in upper case.
 */
const greekAccents = /(?<=[\u0370-\u03ff])[\u0300-\u036f]+/gu

/**
 * Two texts that differ in case alone become one, by the rules of any of Java, Python, .NET and JavaScript, in any locale: upper
 * case finds the long s and the sharp s, lower case the Kelvin sign. Each is applied to what the other one made, since neither
 * alone is the same for all that is equal. Decomposed, since file systems of macOS decompose letters and code pages of Windows take
 * wide ones for plain ones. The dot above is left out: the lower case of a Turkish `İ` is an i with it, or without. Whatever
 * Unicode the runtime has, the result is the same.
 *
 * @see Unicode Standard section 3.13, toCasefold and NFKC_Casefold
 */
function normalizeSpelling(pathText: string): string {
  const folded = foldKnown(pathText.replace(mayBeRecent, foldRecent)).normalize('NFC')
  // A runtime composes what it knows.
  return folded.replace(
    mayBeRecent,
    (character) => recentTexts.get(character.codePointAt(0) ?? 0) ?? character,
  )
}

/** The same by the Unicode of the runtime alone, decomposed. */
export function foldKnown(pathText: string): string {
  return pathText
    .normalize('NFKD')
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll(ignored, '')
    .replaceAll(greekAccents, '')
    .replaceAll('ς', 'σ')
}

/** All but the scripts of Europe and the Near East, in which the tables begin. */
const mayBeRecent = /[\u0860-\u{10ffff}]/gu

/** Returns the folded form of a letter that the runtime may not know; nothing for a mark, which it could not put in order. */
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
