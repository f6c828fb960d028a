/** GraphQL text as tokens: names, texts with their values, numbers, punctuators. */

/** A token. Texts carry their value, everything else itself. */
export interface Token {
  readonly kind: 'name' | 'text' | 'number' | 'mark'
  readonly value: string
}

/** A token, and the place behind it. */
interface FoundToken {
  readonly token: Token
  readonly end: number
}

const [tab, lineFeed, carriageReturn, space] = [0x09, 0x0a, 0x0d, 0x20]
const [quote, hash, comma, minus, dot] = [0x22, 0x23, 0x2c, 0x2d, 0x2e]
const [zero, nine, backslash, byteOrderMark] = [0x30, 0x39, 0x5c, 0xfeff]

/** The only token of more than one character that is no name, text or number. */
const spread: Token = { kind: 'mark', value: '...' }

/** One token for each punctuator: a document of 64 KB may hold 65,000 of them. */
const marks: ReadonlyArray<Token | undefined> = Array.from({ length: 0x80 }, (_, code) => {
  const value = String.fromCharCode(code)
  return '!$&():=@[]{|}'.includes(value) ? { kind: 'mark', value } : undefined
})

/** Half a pair of surrogates is no text at all, wherever it stands. */
const halfPair = /\p{Cs}/u

/**
 * Tokens of a text, comments aside; undefined for what GraphQL has no word for. Reads no further than one token more than
 * `most`. Linear in the text, and without regular expressions: each of them costs more than a token does.
 *
 * @see GraphQL specification (September 2025) section 2.1
 */
export function tokenize(
  source: string,
  most: number = Number.POSITIVE_INFINITY,
): Token[] | undefined {
  if (halfPair.test(source)) return undefined
  const tokens: Token[] = []
  let at = skipIgnored(source, 0)
  while (at < source.length && tokens.length <= most) {
    const code = source.charCodeAt(at)
    const mark = marks[code]
    if (mark !== undefined) {
      tokens.push(mark)
      at = skipIgnored(source, at + 1)
      continue
    }
    if (isNameStart(code)) {
      const end = findNameEnd(source, at + 1)
      tokens.push({ kind: 'name', value: source.slice(at, end) })
      at = skipIgnored(source, end)
      continue
    }

    const found = readToken(source, at, code)
    if (found === undefined) return undefined
    tokens.push(found.token)
    at = skipIgnored(source, found.end)
  }
  return tokens
}

/** The next place that is neither white space, a comma, a byte order mark nor in a comment. */
function skipIgnored(source: string, from: number): number {
  let at = from
  for (;;) {
    const code = source.charCodeAt(at) // NaN at the end
    if (isIgnored(code)) at++
    else if (code === hash) at = findLineEnd(source, at + 1)
    else return at
  }
}

function isIgnored(code: number): boolean {
  return code === space || code === comma || code === byteOrderMark || code === tab || isLine(code)
}

function isLine(code: number): boolean {
  return code === lineFeed || code === carriageReturn
}

function findLineEnd(source: string, from: number): number {
  let at = from
  while (at < source.length && !isLine(source.charCodeAt(at))) at++
  return at
}

function isNameStart(code: number): boolean {
  // Setting this bit makes a letter a small one.
  const letter = code | 0x20
  return (letter >= 0x61 && letter <= 0x7a && code < 0x7b) || code === 0x5f
}

function isDigit(code: number): boolean {
  return code >= zero && code <= nine
}

function findNameEnd(source: string, from: number): number {
  let at = from
  while (isNamePart(source.charCodeAt(at))) at++
  return at
}

function isNamePart(code: number): boolean {
  return isNameStart(code) || isDigit(code)
}

function readToken(source: string, at: number, code: number): FoundToken | undefined {
  if (code === quote)
    return source.startsWith('""', at + 1) ? readQuotes(source, at) : readText(source, at)
  if (code === dot)
    return source.startsWith('..', at + 1) ? { token: spread, end: at + 3 } : undefined
  return code === minus || isDigit(code) ? readNumber(source, at) : undefined
}

function readNumber(source: string, start: number): FoundToken | undefined {
  const first = source.charCodeAt(start) === minus ? start + 1 : start
  let end = skipDigits(source, first)
  // `01` is none, and neither is `-`.
  if (end === first || (source.charCodeAt(first) === zero && end > first + 1)) return undefined
  if (source.charCodeAt(end) === dot) {
    const fraction = end + 1
    end = skipDigits(source, fraction)
    if (end === fraction) return undefined
  }
  if ((source.charCodeAt(end) | 0x20) === 0x65) {
    const sign = source[end + 1]
    const exponent = sign === '+' || sign === '-' ? end + 2 : end + 1
    end = skipDigits(source, exponent)
    if (end === exponent) return undefined
  }
  // What no number may run into: `1.`, `0x1`, `1a`.
  const next = source.charCodeAt(end)
  if (next === dot || isNamePart(next)) return undefined
  return { token: { kind: 'number', value: source.slice(start, end) }, end }
}

function skipDigits(source: string, from: number): number {
  let at = from
  while (isDigit(source.charCodeAt(at))) at++
  return at
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

/** A text on one line, with JSON's escapes and `\u{1F600}`; undefined where one of them means nothing. */
function readText(source: string, start: number): FoundToken | undefined {
  let value = ''
  let from = start + 1
  for (let at = from; ; ) {
    const code = source.charCodeAt(at)
    if (code === quote) {
      value += source.slice(from, at)
      // Escapes of four digits may have made half a pair.
      return halfPair.test(value) ? undefined : { token: { kind: 'text', value }, end: at + 1 }
    }
    if (isLine(code) || at >= source.length) return undefined
    if (code !== backslash) {
      at++
      continue
    }

    const escaped = readEscape(source, at + 1)
    if (escaped === undefined) return undefined
    value += source.slice(from, at) + escaped.value
    at = escaped.end
    from = at
  }
}

/** What stands behind a backslash. */
function readEscape(
  source: string,
  at: number,
): { readonly value: string; readonly end: number } | undefined {
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

/** An empty text, or one between three quotation marks on either side. */
function readQuotes(source: string, start: number): FoundToken | undefined {
  if (source.charCodeAt(start + 2) !== quote)
    return { token: { kind: 'text', value: '' }, end: start + 2 }
  const end = findBlockEnd(source, start + 3)
  if (end === -1) return undefined
  return { token: { kind: 'text', value: readBlock(source.slice(start + 3, end)) }, end: end + 3 }
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
