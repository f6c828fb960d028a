/**
 * Checks the text of a path, character by character. `path.ts` and `return-path.ts` share it. It
 * takes linear time, and reports what makes a path not canonical as a result.
 */
import { hexDigit } from '../hex.ts'

/** `mendable`: it would be canonical with empty segments merged and needless escapes undone. */
export type PathReading = 'canonical' | 'mendable' | 'refused'

const slash = 0x2f
const percent = 0x25
const backslash = 0x5c
const semicolon = 0x3b
const dot = 0x2e

/**
 * 1 for unreserved (RFC 3986 section 2.3), 2 for what else stands for itself in a path: pchar, and `[` `]` `|` `^`, which `fetch` and
 * browsers send as they are: the path percent-encode set of WHATWG URL has none of them, and `^` only since 2023.
 */
const characterKinds = new Uint8Array(128)
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~')
  characterKinds[character.charCodeAt(0)] = 1
for (const character of "!$&'()*+,=:@[]|^") characterKinds[character.charCodeAt(0)] = 2

/** Judges the part of a text between two positions, which begins with `/`. */
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

    const found = readCharacter(pathText, index, endIndex, semicolons)
    if (found === 'refused') return 'refused'
    if (found === 'mendable') reading = 'mendable'
    if (found === 'multibyte') hasMultibyte = true
    if (charCode === percent) index += 2
  }

  return hasMultibyte && !isText(pathText.slice(startIndex, endIndex)) ? 'refused' : reading
}

/** Judges one character that does not always stand for itself. */
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

/** Judges a slash by what follows it. */
function readSlash(pathText: string, nextIndex: number, endIndex: number): PathReading {
  const next = nextIndex < endIndex ? pathText.charCodeAt(nextIndex) : 0
  if (next === slash) return 'mendable'
  return next === dot && isDotSegment(pathText, nextIndex, endIndex) ? 'refused' : 'canonical'
}

/** Judges the escape that begins at a percent sign; `multibyte` for a byte of a longer character. */
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

  // Windows drops spaces behind dots: `/..%20/` is `/../` there.
  if (byte === 0x20 && pathText.charCodeAt(index - 1) === dot && followsDots(pathText, index))
    return 'refused'

  if (byte >= 0x80) return 'multibyte'
  return characterKinds[byte] === 1 ? 'mendable' : 'canonical'
}

/** Whether the segment that begins here is `.` or `..`. */
function isDotSegment(pathText: string, startIndex: number, endIndex: number): boolean {
  const past =
    pathText.charCodeAt(startIndex + 1) === dot && startIndex + 1 < endIndex
      ? startIndex + 2
      : startIndex + 1
  return past >= endIndex || pathText.charCodeAt(past) === slash
}

/** Whether nothing but dots stands between here and the slash before: `/;x` and `/..;x`. */
function followsDots(pathText: string, index: number): boolean {
  let before = index - 1
  while (pathText.charCodeAt(before) === dot) before--
  return pathText.charCodeAt(before) === slash
}

/** The byte two hex digits stand for, or -1. */
function byteAt(pathText: string, index: number, endIndex: number): number {
  if (index + 2 > endIndex) return -1

  const high = hexDigit(pathText.charCodeAt(index))
  const low = hexDigit(pathText.charCodeAt(index + 1))

  return high === -1 || low === -1 ? -1 : high * 16 + low
}

/** Whether escapes are UTF-8 (no overlong forms, no surrogates) and hide no C1 controls. */
function isText(path: string): boolean {
  try {
    return !/[\x80-\x9f]/.test(decodeURIComponent(path))
  } catch {
    return false
  }
}

/** Empty segments merged, escapes of unreserved characters undone; in one pass, so an escape that appears stays. */
export function normalizePath(path: string): string {
  const merged = path.replaceAll(/\/{2,}/g, '/')
  return merged.replaceAll(/%[2-7][0-9A-Fa-f]/g, (triple) => {
    const charCode = Number.parseInt(triple.slice(1), 16)
    return characterKinds[charCode] === 1 ? String.fromCharCode(charCode) : triple
  })
}
