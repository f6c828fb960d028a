/**
 * Reads the strings of a GraphQL document: where one ends, and which characters it contains. `tokens.ts` skips most of
 * them, and decodes only those whose value is needed. A string that GraphQL does not allow throws a `SyntaxProblem`.
 */
import { SyntaxProblem } from './problem.ts'

const [tab, lineFeed, carriageReturn, space] = [0x09, 0x0a, 0x0d, 0x20]
const [quote, backslash, openBrace] = [0x22, 0x5c, 0x7b]
const [zero, nine, lowerA, lowerF, lowerU] = [0x30, 0x39, 0x61, 0x66, 0x75]

/** The character for each letter after a backslash; 0 if the letter is no escape. */
const plainEscapes = new Uint8Array(0x80)
for (const [letter, char] of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t'].map(
  (pair) => [pair.charCodeAt(0), pair.charCodeAt(1)] as const,
))
  plainEscapes[letter] = char

/** Reports whether a character ends a line. */
export function isLineEnd(code: number): boolean {
  return code === lineFeed || code === carriageReturn
}

/** Returns the index of the next end of a line, or the end of the source. */
export function findLineEnd(source: string, from: number): number {
  let position = from
  while (position < source.length && !isLineEnd(source.charCodeAt(position))) position++
  return position
}

/**
 * Finds the quotation mark that ends a string on one line. Its escapes are those of JSON and `\u{1F600}`. They must not
 * create a lone surrogate, which the source itself cannot contain.
 *
 * @param from - the index after the first quotation mark
 * @throws {SyntaxProblem} if the string does not end on its line, or an escape is wrong
 */
export function findTextEnd(source: string, from: number): number {
  for (let position = from; ; ) {
    const code = source.charCodeAt(position)
    if (code === quote) return position
    if (isLineEnd(code) || position >= source.length) throw new SyntaxProblem()
    position = code === backslash ? skipEscape(source, position) : position + 1
  }
}

/** Skips an escape, or two that are a surrogate pair. */
function skipEscape(source: string, position: number): number {
  const { point, end } = readEscape(source, position)
  if (!isSurrogate(point)) return end

  if (point >= 0xdc00 || source.charCodeAt(end) !== backslash) throw new SyntaxProblem()
  const low = readEscape(source, end)
  if (!isSurrogate(low.point) || low.point < 0xdc00) throw new SyntaxProblem()

  return low.end
}

function isSurrogate(point: number): boolean {
  return point >= 0xd800 && point <= 0xdfff
}

/** A decoded escape: the code point, and the index after the escape. */
interface Escape {
  readonly point: number
  readonly end: number
}

/** Decodes the escape that begins at a backslash. */
function readEscape(source: string, backslashIndex: number): Escape {
  const position = backslashIndex + 1
  const letter = source.charCodeAt(position)
  if (letter !== lowerU) {
    const point = plainEscapes[letter] ?? 0
    if (point === 0) throw new SyntaxProblem()
    return { point, end: position + 1 }
  }

  if (source.charCodeAt(position + 1) !== openBrace) {
    return { point: readHex(source, position + 1, position + 5), end: position + 5 }
  }

  const close = source.indexOf('}', position + 2)
  if (close < position + 3 || close > position + 10) throw new SyntaxProblem()
  const point = readHex(source, position + 2, close)
  if (point > 0x10ffff || isSurrogate(point)) throw new SyntaxProblem()

  return { point, end: close + 1 }
}

/** Parses hexadecimal digits. */
function readHex(source: string, start: number, end: number): number {
  let value = 0
  for (let position = start; position < end; position++) {
    const code = source.charCodeAt(position)
    const letter = code | 0x20
    if (code >= zero && code <= nine) value = value * 16 + code - zero
    else if (letter >= lowerA && letter <= lowerF) value = value * 16 + letter - lowerA + 10
    else throw new SyntaxProblem()
  }
  return value
}

/**
 * Returns the index of the three quotation marks that end a block string, or -1.
 *
 * @param from - the index after the first three
 */
export function findBlockEnd(source: string, from: number): number {
  let position = source.indexOf('"""', from)
  while (position > from && source.charCodeAt(position - 1) === backslash)
    position = source.indexOf('"""', position + 3)
  return position
}

/**
 * Collects code units for a string. Adding pieces to a string would take longer, because the string is copied
 * afterwards.
 */
class CodeUnits {
  readonly #units: Uint16Array
  #length = 0

  constructor(maxLength: number) {
    this.#units = new Uint16Array(maxLength)
  }

  add(unit: number): void {
    this.#units[this.#length++] = unit
  }

  addPoint(point: number): void {
    if (point > 0xffff) {
      this.add(0xd800 + ((point - 0x10000) >> 10))
      this.add(0xdc00 + ((point - 0x10000) & 0x3ff))
    } else this.add(point)
  }

  toText(): string {
    let text = ''
    for (let position = 0; position < this.#length; position += 8192)
      text += String.fromCharCode(
        ...this.#units.subarray(position, Math.min(position + 8192, this.#length)),
      )
    return text
  }
}

/** Decodes a string on one line, without its quotation marks. Its escapes were checked by {@link findTextEnd}. */
export function decodeText(raw: string): string {
  if (!raw.includes('\\')) return raw

  const units = new CodeUnits(raw.length)
  for (let position = 0; position < raw.length; ) {
    const code = raw.charCodeAt(position)
    if (code === backslash) {
      const { point, end } = readEscape(raw, position)
      units.addPoint(point)
      position = end
    } else {
      units.add(code)
      position++
    }
  }

  return units.toText()
}

/**
 * Decodes a block string: leaves out the indentation that all lines but the first share, and the blank lines around.
 *
 * @see GraphQL specification (September 2025) section 2.9.4
 */
export function decodeBlock(raw: string): string {
  const { start, end, indent } = measureBlock(raw)
  const units = new CodeUnits(end - start)

  for (let line = start; line < end; ) {
    const lineEnd = findLineEnd(raw, line)
    if (line > start) units.add(lineFeed)
    const from = line === 0 ? 0 : Math.min(line + indent, lineEnd)
    addLine(units, raw, from, lineEnd)
    line = skipLineEnd(raw, lineEnd)
  }

  return units.toText()
}

/** The range of the lines that are not blank, and the characters of indentation to leave out. */
interface BlockSize {
  readonly start: number
  readonly end: number
  readonly indent: number
}

function measureBlock(raw: string): BlockSize {
  let [start, end, indent] = [-1, 0, Number.POSITIVE_INFINITY]
  for (let line = 0; line <= raw.length; ) {
    const text = skipBlanks(raw, line)
    const lineEnd = findLineEnd(raw, text)
    if (text < lineEnd) {
      if (line > 0) indent = Math.min(indent, text - line)
      if (start === -1) start = line
      end = lineEnd
    }
    line = skipLineEnd(raw, lineEnd)
  }

  return start === -1 ? { start: 0, end: 0, indent: 0 } : { start, end, indent }
}

/** Adds the characters of a line, with escaped quotation marks decoded. */
function addLine(units: CodeUnits, raw: string, from: number, lineEnd: number): void {
  for (let position = from; position < lineEnd; position++) {
    const code = raw.charCodeAt(position)
    if (code !== backslash || !raw.startsWith('"""', position + 1)) units.add(code)
  }
}

function skipBlanks(raw: string, from: number): number {
  let position = from
  while (raw.charCodeAt(position) === space || raw.charCodeAt(position) === tab) position++
  return position
}

/** Returns the index after the end of a line. After the last line it is beyond the text. */
function skipLineEnd(raw: string, lineEnd: number): number {
  const isPair =
    raw.charCodeAt(lineEnd) === carriageReturn && raw.charCodeAt(lineEnd + 1) === lineFeed
  return lineEnd + (isPair ? 2 : 1)
}
