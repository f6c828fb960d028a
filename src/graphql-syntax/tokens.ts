/**
 * Splits GraphQL text into tokens: names, texts with their values, numbers and punctuators.
 * `parse.ts` reads them one by one. Text that GraphQL has no token for throws a `SyntaxProblem`,
 * which `parse.ts` catches.
 */

/** A token. Texts carry their value, everything else itself. */
export interface Token {
  readonly kind: 'name' | 'text' | 'number' | 'mark'
  readonly value: string
}

/** Kinds of tokens. Those of punctuators are their code instead, and that of `...` is the code of one dot. */
export const TokenKind = { end: 0, name: 1, text: 2, number: 3 } as const

/** Why a document is not read any further. */
export class SyntaxProblem extends Error {
  readonly status: 'malformed' | 'too-long'

  constructor(status: 'malformed' | 'too-long' = 'malformed') {
    super(status)
    this.status = status
  }
}

const [tab, lineFeed, carriageReturn, space] = [0x09, 0x0a, 0x0d, 0x20]
const [quote, hash, minus, dot] = [0x22, 0x23, 0x2d, 0x2e]
const [zero, nine, backslash, byteOrderMark] = [0x30, 0x39, 0x5c, 0xfeff]

/** Half a pair of surrogates is no text at all, wherever it stands. */
const halfPair = /\p{Cs}/u

/** Classes of characters; all others are in none of them. */
const [ignored, letter, digit, mark] = [1, 2, 3, 4]

/** The class of each character of ASCII. */
const classes = new Uint8Array(0x80)
for (const char of ' \t\n\r,') classes[char.charCodeAt(0)] = ignored
for (const char of '!$&():=@[]{|}') classes[char.charCodeAt(0)] = mark
classes.fill(digit, 0x30, 0x3a).fill(letter, 0x41, 0x5b).fill(letter, 0x61, 0x7b)
classes[0x5f] = letter

/**
 * Reads the tokens of a document one by one, without keeping them: a document of 64 KB may hold 65,000. Linear in the text,
 * and without regular expressions: each of them costs more than a token does.
 *
 * @see GraphQL specification (September 2025) section 2.1
 */
export class Lexer {
  /** The current token, as in {@link TokenKind}. */
  kind: number = TokenKind.end
  /** Tokens that were read, with the current one. */
  count = 0
  readonly #source: string
  readonly #maxTokens: number
  #start = 0
  #end = 0
  #text = ''

  /** @throws {SyntaxProblem} */
  constructor(source: string, maxTokens: number = Number.POSITIVE_INFINITY) {
    if (halfPair.test(source)) throw new SyntaxProblem()
    this.#source = source
    this.#maxTokens = maxTokens
    this.next()
  }

  /** The value of a text, and what every other token is written as. */
  get value(): string {
    return this.kind === TokenKind.text ? this.#text : this.#source.slice(this.#start, this.#end)
  }

  /** Whether the current token is a certain name. */
  isWord(word: string): boolean {
    return (
      this.kind === TokenKind.name &&
      this.#end - this.#start === word.length &&
      this.#source.startsWith(word, this.#start)
    )
  }

  /**
   * Goes to the next token; its kind is `end` behind the last.
   *
   * @throws {SyntaxProblem} for what GraphQL has no token for, and behind the most tokens
   */
  next(): void {
    const source = this.#source
    const start = skipIgnored(source, this.#end)
    this.#start = start
    if (start >= source.length) {
      this.kind = TokenKind.end
      this.#end = start
      return
    }

    const code = source.charCodeAt(start)
    const type = classify(code)
    if (type === mark) {
      this.kind = code
      this.#end = start + 1
    } else if (type === letter) {
      this.kind = TokenKind.name
      this.#end = findNameEnd(source, start + 1)
    } else {
      this.#readOther(start, code)
    }

    if (++this.count > this.#maxTokens) throw new SyntaxProblem('too-long')
  }

  #readOther(start: number, code: number): void {
    const source = this.#source
    if (code === quote) {
      const { value, end } = source.startsWith('""', start + 1)
        ? readQuotes(source, start)
        : readText(source, start)
      this.kind = TokenKind.text
      this.#text = value
      this.#end = end
    } else if (code === dot && source.startsWith('..', start + 1)) {
      this.kind = dot
      this.#end = start + 3
    } else if (code === minus || isDigit(code)) {
      this.kind = TokenKind.number
      this.#end = findNumberEnd(source, start)
    } else throw new SyntaxProblem()
  }
}

/**
 * Tokens of a text, comments aside; undefined for what GraphQL has no word for.
 *
 * @example
 * tokenize('{ a }') // [{ kind: 'mark', value: '{' }, { kind: 'name', value: 'a' }, { kind: 'mark', value: '}' }]
 */
export function tokenize(source: string): Token[] | undefined {
  const tokens: Token[] = []
  try {
    for (const lexer = new Lexer(source); lexer.kind !== TokenKind.end; lexer.next()) {
      const kind = kindNames[lexer.kind] ?? 'mark'
      tokens.push({ kind, value: lexer.value })
    }
    return tokens
  } catch (error) {
    if (error instanceof SyntaxProblem) return undefined
    throw error
  }
}

const kindNames: ReadonlyArray<Token['kind'] | undefined> = [undefined, 'name', 'text', 'number']

/** The next place that is neither white space, a comma, a byte order mark nor in a comment. */
function skipIgnored(source: string, from: number): number {
  let at = from
  while (at < source.length) {
    const code = source.charCodeAt(at)
    if (classify(code) === ignored || code === byteOrderMark) at++
    else if (code === hash) at = findLineEnd(source, at + 1)
    else return at
  }
  return at
}

function classify(code: number): number | undefined {
  return code < 0x80 ? classes[code] : 0
}

function isLine(code: number): boolean {
  return code === lineFeed || code === carriageReturn
}

function findLineEnd(source: string, from: number): number {
  let at = from
  while (at < source.length && !isLine(source.charCodeAt(at))) at++
  return at
}

function isDigit(code: number): boolean {
  return code >= zero && code <= nine
}

function findNameEnd(source: string, from: number): number {
  let at = from
  while (at < source.length && isNamePart(source.charCodeAt(at))) at++
  return at
}

function isNamePart(code: number): boolean {
  const type = classify(code)
  return type === letter || type === digit
}

function findNumberEnd(source: string, start: number): number {
  const first = source.charCodeAt(start) === minus ? start + 1 : start
  let end = skipDigits(source, first)

  // `01` is none, and neither is `-`.
  if (end === first || (source.charCodeAt(first) === zero && end > first + 1)) {
    throw new SyntaxProblem()
  }

  if (source.charCodeAt(end) === dot) {
    const fraction = end + 1
    end = skipDigits(source, fraction)
    if (end === fraction) throw new SyntaxProblem()
  }

  if ((source.charCodeAt(end) | 0x20) === 0x65) {
    const sign = source[end + 1]
    const exponent = sign === '+' || sign === '-' ? end + 2 : end + 1
    end = skipDigits(source, exponent)
    if (end === exponent) throw new SyntaxProblem()
  }

  // A number must not run into these characters: `1.`, `0x1`, `1a`.
  const next = source.charCodeAt(end)
  if (next === dot || isNamePart(next)) throw new SyntaxProblem()

  return end
}

function skipDigits(source: string, from: number): number {
  let at = from
  while (isDigit(source.charCodeAt(at))) at++
  return at
}

/** A value, and the place behind it. */
interface FoundValue {
  readonly value: string
  readonly end: number
}

const plainEscapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])

/** A text on one line, with JSON's escapes and `\u{1F600}`. */
function readText(source: string, start: number): FoundValue {
  let value = ''
  let from = start + 1
  for (let at = from; ; ) {
    const code = source.charCodeAt(at)
    if (code === quote) {
      value += source.slice(from, at)
      // Escapes of four digits may have made half a pair.
      if (halfPair.test(value)) throw new SyntaxProblem()
      return { value, end: at + 1 }
    }
    if (isLine(code) || at >= source.length) throw new SyntaxProblem()
    if (code !== backslash) {
      at++
      continue
    }

    const escaped = readEscape(source, at + 1)
    if (escaped === undefined) throw new SyntaxProblem()
    value += source.slice(from, at) + escaped.value
    at = escaped.end
    from = at
  }
}

/** Reads the character that an escape stands for, after its backslash. */
function readEscape(source: string, at: number): FoundValue | undefined {
  const letter = source[at]
  if (letter !== 'u') {
    const value = letter === undefined ? undefined : plainEscapes.get(letter)
    return value === undefined ? undefined : { value, end: at + 1 }
  }
  if (source[at + 1] !== '{') {
    const unit = readHex(source, at + 1, at + 5)
    return unit === undefined ? undefined : { value: String.fromCharCode(unit), end: at + 5 }
  }
  const close = source.indexOf('}', at + 2)
  if (close < at + 3 || close > at + 10) return undefined
  const point = readHex(source, at + 2, close)
  if (point === undefined || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
    return undefined
  }
  return { value: String.fromCodePoint(point), end: close + 1 }
}

/** A number of hexadecimal digits only. */
function readHex(source: string, start: number, end: number): number | undefined {
  let value = 0
  for (let at = start; at < end; at++) {
    const code = source.charCodeAt(at)
    const letter = code | 0x20
    if (isDigit(code)) value = value * 16 + code - zero
    else if (letter >= 0x61 && letter <= 0x66) value = value * 16 + letter - 0x57
    else return undefined
  }
  return value
}

/** A text between three quotation marks on either side. */
function readQuotes(source: string, start: number): FoundValue {
  const end = findBlockEnd(source, start + 3)
  if (end === -1) throw new SyntaxProblem()
  return { value: readBlock(source.slice(start + 3, end)), end: end + 3 }
}

function findBlockEnd(source: string, from: number): number {
  let at = source.indexOf('"""', from)
  while (at > from && source.charCodeAt(at - 1) === backslash) at = source.indexOf('"""', at + 3)
  return at
}

/** Without the indent that all lines but the first share, and without blank lines around. Section 2.9.4. */
function readBlock(raw: string): string {
  const lines = raw.replace(/\\"""/g, '"""').split(/\r\n|\n|\r/)
  let shared = Number.POSITIVE_INFINITY
  let [first, end] = [lines.length, 0]
  for (const [i, line] of lines.entries()) {
    const indent = countIndent(line)
    if (indent === line.length) continue // blank
    if (i > 0) shared = Math.min(shared, indent)
    first = Math.min(first, i)
    end = i + 1
  }
  const shown = lines.slice(first, end)
  if (shared === 0 || shared === Number.POSITIVE_INFINITY) return shown.join('\n')
  return shown.map((line, i) => (first + i === 0 ? line : line.slice(shared))).join('\n')
}

function countIndent(line: string): number {
  let at = 0
  while (line.charCodeAt(at) === space || line.charCodeAt(at) === tab) at++
  return at
}
