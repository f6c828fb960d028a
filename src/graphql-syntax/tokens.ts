/**
 * Splits a GraphQL document into tokens: names, strings, numbers and punctuators. `parse.ts` reads them one by one.
 * Text that is not a token throws a `SyntaxProblem`, which `parse.ts` and `tokenize` catch.
 */
import { SyntaxProblem } from './problem.ts'
import { decodeBlock, decodeText, findBlockEnd, findLineEnd, findTextEnd } from './texts.ts'

/** A token. For a string, `value` is its decoded value; for all others it is the text of the token. */
export interface Token {
  readonly kind: 'name' | 'text' | 'number' | 'mark'
  readonly value: string
}

/**
 * The kinds of tokens. The kind of a punctuator is its character code instead, and that of `...` is the code of one
 * dot.
 */
export const TokenKind = { end: 0, name: 1, text: 2, number: 3 } as const

const [quote, hash, minus, dot] = [0x22, 0x23, 0x2d, 0x2e]
const [zero, nine, byteOrderMark] = [0x30, 0x39, 0xfeff]

/** A lone surrogate, which is not allowed anywhere in a document. */
const loneSurrogate = /\p{Cs}/u

/** The classes of characters. All other characters are in none of them. */
const [ignoredClass, letter, digit, mark] = [1, 2, 3, 4]

/** The class of each ASCII character. */
const classes = new Uint8Array(0x80)
for (const char of ' \t\n\r,') classes[char.charCodeAt(0)] = ignoredClass
for (const char of '!$&():=@[]{|}') classes[char.charCodeAt(0)] = mark
classes.fill(digit, 0x30, 0x3a).fill(letter, 0x41, 0x5b).fill(letter, 0x61, 0x7b)
classes[0x5f] = letter

/**
 * Reads the tokens of a document one by one and keeps none, because a document of 64 KB may contain 65,000. It takes
 * linear time, and no regular expressions, because each match costs more than a token.
 *
 * @see GraphQL specification (September 2025) section 2.1
 */
export class Lexer {
  /** The kind of the current token, see {@link TokenKind}. */
  kind: number = TokenKind.end
  /** Number of tokens that were read, with the current one. */
  count = 0
  readonly #source: string
  readonly #maxTokens: number
  #start = 0
  #end = 0

  /** @throws {SyntaxProblem} if the document has a lone surrogate, or its first token is wrong */
  constructor(source: string, maxTokens: number = Number.POSITIVE_INFINITY) {
    if (loneSurrogate.test(source)) throw new SyntaxProblem()
    this.#source = source
    this.#maxTokens = maxTokens
    this.next()
  }

  /** The decoded value of a string, and the text of every other token. */
  get value(): string {
    const raw = this.#source.slice(this.#start, this.#end)
    return this.kind === TokenKind.text ? decode(raw) : raw
  }

  /** Reports whether the current token is this name. */
  isWord(word: string): boolean {
    return (
      this.kind === TokenKind.name &&
      this.#end - this.#start === word.length &&
      this.#source.startsWith(word, this.#start)
    )
  }

  /**
   * Reads the next token. Its kind is `end` after the last one.
   *
   * @throws {SyntaxProblem} for text that is not a token, and after `maxTokens`
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
      this.kind = TokenKind.text
      this.#end = source.startsWith('""', start + 1)
        ? skipBlock(source, start)
        : findTextEnd(source, start + 1) + 1
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
 * Lists the tokens of a document, without comments. Returns undefined for text that is not a token.
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

/** Returns the next index that is not white space, a comma, a byte order mark or a comment. */
function skipIgnored(source: string, from: number): number {
  let position = from
  while (position < source.length) {
    const code = source.charCodeAt(position)
    if (classify(code) === ignoredClass || code === byteOrderMark) position++
    else if (code === hash) position = findLineEnd(source, position + 1)
    else return position
  }
  return position
}

function classify(code: number): number | undefined {
  return code < 0x80 ? classes[code] : 0
}

function isDigit(code: number): boolean {
  return code >= zero && code <= nine
}

function findNameEnd(source: string, from: number): number {
  let position = from
  while (position < source.length && isNamePart(source.charCodeAt(position))) position++
  return position
}

function isNamePart(code: number): boolean {
  const type = classify(code)
  return type === letter || type === digit
}

function findNumberEnd(source: string, start: number): number {
  const first = source.charCodeAt(start) === minus ? start + 1 : start
  let end = skipDigits(source, first)

  // `01` and `-` are not numbers.
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

  // A number must not be followed by these characters: `1.`, `0x1`, `1a`.
  const next = source.charCodeAt(end)
  if (next === dot || isNamePart(next)) throw new SyntaxProblem()

  return end
}

function skipDigits(source: string, from: number): number {
  let position = from
  while (isDigit(source.charCodeAt(position))) position++
  return position
}

/** Skips a block string. */
function skipBlock(source: string, start: number): number {
  const end = findBlockEnd(source, start + 3)
  if (end === -1) throw new SyntaxProblem()
  return end + 3
}

/** Decodes a string with its quotation marks. */
function decode(raw: string): string {
  return raw.startsWith('"""') ? decodeBlock(raw.slice(3, -3)) : decodeText(raw.slice(1, -1))
}
