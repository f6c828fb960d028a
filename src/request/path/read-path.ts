/**
 * Checks the text of a path, character by character, and tells whether it is canonical, can be
 * normalized, or must be rejected. `path.ts` and `return-path.ts` call it. It takes linear time and
 * throws nothing.
 */
import { hexDigit } from '../hex.ts'

/**
 * The result of a check. `mendable` means that the path becomes canonical by merging empty segments
 * and decoding unnecessary escapes.
 */
export type PathReading = 'canonical' | 'mendable' | 'refused'

const slash = 0x2f
const percent = 0x25
const backslash = 0x5c
const semicolon = 0x3b
const dot = 0x2e

/**
 * The kind of each ASCII character: 1 for unreserved ones (RFC 3986 section 2.3), 2 for others that
 * a path may contain unescaped: pchar, and `[` `]` `|` `^`, which `fetch` and browsers send
 * unescaped. The path percent-encode set of WHATWG URL has none of them, and `^` only since 2023.
 */
const characterKinds = new Uint8Array(128)
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~')
  characterKinds[character.charCodeAt(0)] = 1
for (const character of "!$&'()*+,=:@[]|^") characterKinds[character.charCodeAt(0)] = 2

/** Checks the part of a text between two indexes, which begins with `/`. */
export function readPath(
  pathText: string,
  startIndex: number,
  endIndex: number,
  semicolons: boolean,
): PathReading {
  let reading: PathReading = 'canonical'
  let hasMultibyte = false

  for (let index = startIndex; index < endIndex; index++) {
    const charCode = pathText.charCodeAt(index)
    if (charCode < 128 && characterKinds[charCode] !== 0) continue

    const characterReading = readCharacter(pathText, index, endIndex, semicolons)
    if (characterReading === 'refused') return 'refused'
    if (characterReading === 'mendable') reading = 'mendable'
    if (characterReading === 'multibyte') hasMultibyte = true
    if (charCode === percent) index += 2
  }

  return hasMultibyte && !isText(pathText.slice(startIndex, endIndex)) ? 'refused' : reading
}

/** Checks one character that is not always allowed. */
function readCharacter(
  pathText: string,
  index: number,
  endIndex: number,
  semicolons: boolean,
): PathReading | 'multibyte' {
  switch (pathText.charCodeAt(index)) {
    case slash:
      return readSlash(pathText, index + 1, endIndex)
    case percent:
      return readEscape(pathText, index, endIndex, semicolons)
    case semicolon:
      return semicolons && !followsDots(pathText, index) ? 'canonical' : 'refused'
    default:
      return 'refused'
  }
}

/** Checks a slash by the characters after it. */
function readSlash(pathText: string, nextIndex: number, endIndex: number): PathReading {
  const next = nextIndex < endIndex ? pathText.charCodeAt(nextIndex) : 0
  if (next === slash) return 'mendable'
  return next === dot && isDotSegment(pathText, nextIndex, endIndex) ? 'refused' : 'canonical'
}

/**
 * Checks the escape that begins at a percent sign. Returns `multibyte` for a byte of a longer
 * character.
 */
function readEscape(
  pathText: string,
  index: number,
  endIndex: number,
  semicolons: boolean,
): PathReading | 'multibyte' {
  const byte = byteAt(pathText, index + 1, endIndex)
  if (byte < 0x20 || byte === 0x7f || byte === slash || byte === backslash) return 'refused'
  if (byte === percent && byteAt(pathText, index + 3, endIndex) !== -1) return 'refused'
  if (byte === semicolon && (!semicolons || followsDots(pathText, index))) return 'refused'

  // Windows removes spaces after dots, so it reads `/..%20/` as `/../`.
  if (byte === 0x20 && pathText.charCodeAt(index - 1) === dot && followsDots(pathText, index))
    return 'refused'

  if (byte >= 0x80) return 'multibyte'
  return characterKinds[byte] === 1 ? 'mendable' : 'canonical'
}

/** Reports whether the segment that begins at this index is `.` or `..`. */
function isDotSegment(pathText: string, startIndex: number, endIndex: number): boolean {
  const nextIndex =
    pathText.charCodeAt(startIndex + 1) === dot && startIndex + 1 < endIndex
      ? startIndex + 2
      : startIndex + 1
  return nextIndex >= endIndex || pathText.charCodeAt(nextIndex) === slash
}

/** Reports whether only dots stand between this index and the previous slash: `/;x` and `/..;x`. */
function followsDots(pathText: string, index: number): boolean {
  let position = index - 1
  while (pathText.charCodeAt(position) === dot) position--
  return pathText.charCodeAt(position) === slash
}

/** Returns the byte of two hex digits, or -1. */
function byteAt(pathText: string, index: number, endIndex: number): number {
  if (index + 2 > endIndex) return -1

  const high = hexDigit(pathText.charCodeAt(index))
  const low = hexDigit(pathText.charCodeAt(index + 1))

  return high === -1 || low === -1 ? -1 : high * 16 + low
}

/**
 * Reports whether the escapes are UTF-8 (no overlong forms, no surrogates) and contain no C1
 * control characters.
 */
function isText(path: string): boolean {
  try {
    return !/[\x80-\x9f]/.test(decodeURIComponent(path))
  } catch {
    return false
  }
}

/**
 * Merges empty segments and decodes escapes of unreserved characters, in one pass: an escape that
 * results from decoding stays.
 */
export function normalizePath(path: string): string {
  const mergedPath = path.replaceAll(/\/{2,}/g, '/')
  return mergedPath.replaceAll(/%[2-7][0-9A-Fa-f]/g, (triple) => {
    const charCode = Number.parseInt(triple.slice(1), 16)
    return characterKinds[charCode] === 1 ? String.fromCharCode(charCode) : triple
  })
}
