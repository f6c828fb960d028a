/** Judges the text of a path, character by character; shared by request paths and return paths. */
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
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~')
  characterKinds[char.charCodeAt(0)] = 1
for (const char of "!$&'()*+,=:@[]|^") characterKinds[char.charCodeAt(0)] = 2

/** Judges the part of a text between two positions, which begins with `/`. */
export function readPath(
  text: string,
  start: number,
  end: number,
  semicolons: boolean,
): PathReading {
  let reading: PathReading = 'canonical'
  let hasMultibyte = false

  for (let index = start; index < end; index++) {
    const code = text.charCodeAt(index)
    if (code < 128 && characterKinds[code] !== 0) continue

    const found = readCharacter(text, index, end, semicolons)
    if (found === 'refused') return 'refused'
    if (found === 'mendable') reading = 'mendable'
    if (found === 'multibyte') hasMultibyte = true
    if (code === percent) index += 2
  }

  return hasMultibyte && !isText(text.slice(start, end)) ? 'refused' : reading
}

/** Judges one character that does not always stand for itself. */
function readCharacter(
  text: string,
  index: number,
  end: number,
  semicolons: boolean,
): PathReading | 'multibyte' {
  switch (text.charCodeAt(index)) {
    case slash:
      return readSlash(text, index + 1, end)
    case percent:
      return readEscape(text, index, end, semicolons)
    case semicolon:
      return semicolons && !followsDots(text, index) ? 'canonical' : 'refused'
    default:
      return 'refused'
  }
}

/** Judges a slash by what follows it. */
function readSlash(text: string, nextIndex: number, end: number): PathReading {
  const next = nextIndex < end ? text.charCodeAt(nextIndex) : 0
  if (next === slash) return 'mendable'
  return next === dot && isDotSegment(text, nextIndex, end) ? 'refused' : 'canonical'
}

/** Judges the escape that begins at a percent sign; `multibyte` for a byte of a longer character. */
function readEscape(
  text: string,
  index: number,
  end: number,
  semicolons: boolean,
): PathReading | 'multibyte' {
  const byte = byteAt(text, index + 1, end)
  if (byte < 0x20 || byte === 0x7f || byte === slash || byte === backslash) return 'refused'
  if (byte === percent && byteAt(text, index + 3, end) !== -1) return 'refused'
  if (byte === semicolon && (!semicolons || followsDots(text, index))) return 'refused'

  // Windows drops spaces behind dots: `/..%20/` is `/../` there.
  if (byte === 0x20 && text.charCodeAt(index - 1) === dot && followsDots(text, index))
    return 'refused'

  if (byte >= 0x80) return 'multibyte'
  return characterKinds[byte] === 1 ? 'mendable' : 'canonical'
}

/** Whether the segment that begins here is `.` or `..`. */
function isDotSegment(text: string, start: number, end: number): boolean {
  const past = text.charCodeAt(start + 1) === dot && start + 1 < end ? start + 2 : start + 1
  return past >= end || text.charCodeAt(past) === slash
}

/** Whether nothing but dots stands between here and the slash before: `/;x` and `/..;x`. */
function followsDots(text: string, index: number): boolean {
  let before = index - 1
  while (text.charCodeAt(before) === dot) before--
  return text.charCodeAt(before) === slash
}

/** The byte two hex digits stand for, or -1. */
function byteAt(text: string, index: number, end: number): number {
  if (index + 2 > end) return -1

  const high = hexDigit(text.charCodeAt(index))
  const low = hexDigit(text.charCodeAt(index + 1))

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
    const code = Number.parseInt(triple.slice(1), 16)
    return characterKinds[code] === 1 ? String.fromCharCode(code) : triple
  })
}
