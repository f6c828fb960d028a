/** GraphQL text as tokens: names, texts with their values, numbers, punctuators. */

/** A token. Texts carry their value, everything else itself. */
export interface Token {
  readonly kind: 'name' | 'text' | 'number' | 'mark'
  readonly value: string
}

/** What may stand between tokens (commas too), then the kinds of tokens; each is looked for at one place. */
const space = /[\ufeff\t\n\r ,]+/y
const comment = /#[^\n\r]*/y
const name = /[_A-Za-z][_0-9A-Za-z]*/y
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
/** What no number may run into: `1.`, `01`, `0x1`, `1a`. */
const afterNumber = /[.0-9A-Z_a-z]/y
const mark = /\.\.\.|[!$&():=@[\]{|}]/y
const text = /"[^"\\\n\r]*(?:\\.[^"\\\n\r]*)*"/y
/** Half a pair: no text at all, wherever it stands. */
const surrogate = /\p{Cs}/u

/**
 * Tokens of a text, comments aside; undefined for what GraphQL has no word for. Reads no further than one token more than
 * `most`. Linear in the text.
 *
 * @see GraphQL specification (September 2025) section 2.1
 */
export function tokenize(
  source: string,
  most: number = Number.POSITIVE_INFINITY,
): Token[] | undefined {
  if (surrogate.test(source)) return undefined
  const tokens: Token[] = []
  let at = 0
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(source)?.[0]
    if (found !== undefined) at += found.length
    return found
  }
  const skip = (): void => {
    while (take(space) !== undefined || take(comment) !== undefined);
  }
  for (skip(); at < source.length && tokens.length <= most; skip()) {
    if (source.startsWith('"""', at)) {
      const end = findBlockEnd(source, at + 3)
      if (end === -1) return undefined
      tokens.push({ kind: 'text', value: readBlock(source.slice(at + 3, end)) })
      at = end + 3
      continue
    }
    const token = readToken(take)
    if (token === undefined) return undefined
    tokens.push(token)
  }
  return tokens
}

function readToken(take: (pattern: RegExp) => string | undefined): Token | undefined {
  const word = take(name)
  if (word !== undefined) return { kind: 'name', value: word }
  const sign = take(mark)
  if (sign !== undefined) return { kind: 'mark', value: sign }
  const quoted = take(text)
  if (quoted !== undefined) {
    const value = readText(quoted)
    return value === undefined ? undefined : { kind: 'text', value }
  }
  const digits = take(number)
  if (digits === undefined || take(afterNumber) !== undefined) return undefined
  return { kind: 'number', value: digits }
}

const escapes = /\\(?:u\{([0-9A-Fa-f]{1,8})\}|u([0-9A-Fa-f]{4})|(.))/g
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

/** JSON's escapes, and `\u{1F600}`; undefined where one of them means nothing. */
function readText(quoted: string): string | undefined {
  const inner = quoted.slice(1, -1)
  if (!inner.includes('\\')) return inner
  let good = true
  const value = inner.replace(escapes, (_all, point?: string, unit?: string, letter?: string) => {
    const code = Number.parseInt(point ?? unit ?? '', 16)
    const isHalf = code >= 0xd800 && code <= 0xdfff
    // Only escapes of four digits come in pairs.
    if (point !== undefined && (code > 0x10ffff || isHalf)) good = false
    const plain = letter === undefined ? undefined : plainEscapes.get(letter)
    if (letter !== undefined && plain === undefined) good = false
    return good ? (plain ?? String.fromCodePoint(code)) : ''
  })
  return good && !surrogate.test(value) ? value : undefined
}

function findBlockEnd(source: string, from: number): number {
  let at = source.indexOf('"""', from)
  while (at > from && source[at - 1] === '\\') at = source.indexOf('"""', at + 3)
  return at
}

/** Without the indent that all lines but the first share, and without blank lines around. Section 2.9.4. */
function readBlock(raw: string): string {
  const lines = raw.replaceAll('\\"""', '"""').split(/\r\n|\n|\r/)
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
  while (line.charCodeAt(at) === 0x20 || line.charCodeAt(at) === 0x09) at++
  return at
}
