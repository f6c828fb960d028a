/**
 * Splits GraphQL text into tokens: names, texts with their values, numbers and punctuators.
 * `parse.ts` reads them one by one. Text that GraphQL has no token for throws a `SyntaxProblem`,
 * which `parse.ts` catches.
 */
import { SyntaxProblem } from './problem.ts'
import { decodeBlock, decodeText, findBlockEnd, findLineEnd, findTextEnd } from './texts.ts'

/** A token. Texts carry their value, everything else itself. */
export interface Token {
  readonly kind: 'name' | 'text' | 'number' | 'mark'
  readonly value: string
}

/** Kinds of tokens. Those of punctuators are their code instead, and that of `...` is the code of one dot. */
export const TokenKind = { end: 0, name: 1, text: 2, number: 3 } as const

const [quote, hash, minus, dot] = [0x22, 0x23, 0x2d, 0x2e]
const [zero, nine, byteOrderMark] = [0x30, 0x39, 0xfeff]

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

  /** @throws {SyntaxProblem} */
  constructor(source: string, maxTokens: number = Number.POSITIVE_INFINITY) {
    if (halfPair.test(source)) throw new SyntaxProblem()
    this.#source = source
    this.#maxTokens = maxTokens
    this.next()
  }

  /** The value of a text, and what every other token is written as. */
  get value(): string {
    const raw = this.#source.slice(this.#start, this.#end)
    return this.kind === TokenKind.text ? decode(raw) : raw
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
  let position = from
  while (position < source.length) {
    const code = source.charCodeAt(position)
    if (classify(code) === ignored || code === byteOrderMark) position++
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
  let position = from
  while (isDigit(source.charCodeAt(position))) position++
  return position
}

/** Goes past a text between three quotation marks on either side. */
function skipBlock(source: string, start: number): number {
  const end = findBlockEnd(source, start + 3)
  if (end === -1) throw new SyntaxProblem()
  return end + 3
}

/** The value of a text, which is given with its quotation marks. */
function decode(raw: string): string {
  return raw.startsWith('"""') ? decodeBlock(raw.slice(3, -3)) : decodeText(raw.slice(1, -1))
}
