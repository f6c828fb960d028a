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
const number = /-?[0-9][0-9.eE+-]*/y
const mark = /\.\.\.|[!$&():=@[\]{|}]/y
const text = /"(?:[^"\\\n\r]|\\.)*"/y

/** Tokens of a text; undefined for what GraphQL has no word for. @see GraphQL specification (October 2021) section 2.1 */
export function graphqlTokens(source: string): Token[] | undefined {
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
  for (skip(); at < source.length; skip()) {
    if (source.startsWith('"""', at)) {
      const end = blockEnd(source, at + 3)
      if (end === -1) return undefined
      tokens.push({ kind: 'text', value: blockValue(source.slice(at + 3, end)) })
      at = end + 3
      continue
    }
    const token = oneOf(take)
    if (token === undefined) return undefined
    tokens.push(token)
  }
  return tokens
}

function oneOf(take: (pattern: RegExp) => string | undefined): Token | undefined {
  const word = take(name)
  if (word !== undefined) return { kind: 'name', value: word }
  const sign = take(mark)
  if (sign !== undefined) return { kind: 'mark', value: sign }
  const quoted = take(text)
  if (quoted !== undefined) {
    const value = textValue(quoted)
    return value === undefined ? undefined : { kind: 'text', value }
  }
  const digits = take(number)
  return digits === undefined ? undefined : { kind: 'number', value: digits }
}

/** JSON's escapes, and `\u{1F600}`. */
function textValue(quoted: string): string | undefined {
  try {
    const plain = quoted.replace(/\\u\{([0-9A-Fa-f]{1,8})\}|\\./g, (written: string, hex: string | undefined) =>
      hex === undefined ? written : JSON.stringify(String.fromCodePoint(Number.parseInt(hex, 16))).slice(1, -1),
    )
    // A tab may stand in GraphQL's texts, not in JSON's.
    return JSON.parse(plain.replaceAll('\t', '\\t')) as string
  } catch {
    return undefined
  }
}

function blockEnd(source: string, from: number): number {
  let at = source.indexOf('"""', from)
  while (at > from && source[at - 1] === '\\') at = source.indexOf('"""', at + 3)
  return at
}

/** Without the indent that all lines but the first share, and without blank lines around. Section 2.9.4. */
function blockValue(raw: string): string {
  const lines = raw.replaceAll('\\"""', '"""').split(/\r\n|\n|\r/)
  const indents = lines.slice(1).flatMap((line) => (isBlank(line) ? [] : [indentOf(line)]))
  const shared = indents.reduce((least, indent) => Math.min(least, indent), Number.POSITIVE_INFINITY)
  const shown = lines.map((line, i) => (i === 0 || shared === Number.POSITIVE_INFINITY ? line : line.slice(shared)))
  while (shown.length > 0 && isBlank(shown[0] ?? '')) shown.shift()
  while (shown.length > 0 && isBlank(shown.at(-1) ?? '')) shown.pop()
  return shown.join('\n')
}

function indentOf(line: string): number {
  let at = 0
  while (line[at] === ' ' || line[at] === '\t') at++
  return at
}

function isBlank(line: string): boolean {
  return indentOf(line) === line.length
}
