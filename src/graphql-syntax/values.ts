/**
 * Reads the values of a GraphQL document: arguments, defaults of variables and directives. `parse.ts`
 * calls it. A value that nobody asks for is only read past; a malformed one throws a
 * `SyntaxProblem`.
 */
import { SyntaxProblem } from './problem.ts'
import { type Lexer, TokenKind } from './tokens.ts'

/** A value as it is written. `word`: true, false, null or a name of an enum. */
export type Value =
  | { readonly is: 'text' | 'number' | 'word'; readonly text: string }
  | { readonly is: 'variable'; readonly name: string }
  | { readonly is: 'list' }
  | { readonly is: 'object'; readonly members: Arguments }

/** In their order; a name may stand twice. */
export type Arguments = ReadonlyArray<readonly [name: string, value: Value]>

/** Values within values; nobody writes more. */
const deepest = 64

const [dollar, open, close, atSign] = [0x24, 0x28, 0x29, 0x40]
/** The punctuator between a name and its value. */
export const colon = 0x3a
const [openList, closeList, openBlock, closeBlock] = [0x5b, 0x5d, 0x7b, 0x7d]

/** Goes past a token of this kind, where it is the current one. */
export function skip(lexer: Lexer, kind: number): boolean {
  if (lexer.kind !== kind) return false
  lexer.next()
  return true
}

/** Goes past a name, where it is the current token. */
export function skipWord(lexer: Lexer, word: string): boolean {
  if (!lexer.isWord(word)) return false
  lexer.next()
  return true
}

/** Goes past a token of this kind, which must be the current one. */
export function expect(lexer: Lexer, kind: number): void {
  if (!skip(lexer, kind)) throw new SyntaxProblem()
}

/** Reads a name, which must be the current token. */
export function readName(lexer: Lexer): string {
  if (lexer.kind !== TokenKind.name) throw new SyntaxProblem()

  const name = lexer.value
  lexer.next()

  return name
}

const list: Value = { is: 'list' }

/** Reads a value. A constant holds no variables. */
export function readValue(lexer: Lexer, constant: boolean, depth = 0): Value {
  if (depth > deepest) throw new SyntaxProblem()

  const { kind } = lexer
  if (!constant && kind === dollar) {
    lexer.next()
    return { is: 'variable', name: readName(lexer) }
  }

  if (kind === openList) {
    skipValue(lexer, constant, depth)
    return list
  }

  if (kind === openBlock) {
    lexer.next()
    const members: Array<readonly [string, Value]> = []
    while (!skip(lexer, closeBlock)) members.push(readPair(lexer, constant, depth + 1))
    return { is: 'object', members }
  }

  if (kind === TokenKind.end || kind > TokenKind.number) throw new SyntaxProblem()
  const text = lexer.value
  lexer.next()
  return {
    is: kind === TokenKind.name ? 'word' : kind === TokenKind.text ? 'text' : 'number',
    text,
  }
}

/** Goes past a value that nobody looks at. */
export function skipValue(lexer: Lexer, constant: boolean, depth = 0): void {
  if (depth > deepest) throw new SyntaxProblem()

  const { kind } = lexer
  if (kind === TokenKind.end) throw new SyntaxProblem()
  if (kind <= TokenKind.number) lexer.next()
  else if (!constant && skip(lexer, dollar)) expect(lexer, TokenKind.name)
  else if (skip(lexer, openList)) {
    while (!skip(lexer, closeList)) skipValue(lexer, constant, depth + 1)
  } else if (skip(lexer, openBlock)) {
    while (!skip(lexer, closeBlock)) skipPair(lexer, constant, depth + 1)
  } else throw new SyntaxProblem()
}

function readPair(lexer: Lexer, constant: boolean, depth = 0): readonly [string, Value] {
  const name = readName(lexer)
  expect(lexer, colon)
  return [name, readValue(lexer, constant, depth)]
}

/** Goes past a name and its value. */
export function skipPair(lexer: Lexer, constant: boolean, depth = 0): void {
  expect(lexer, TokenKind.name)
  expect(lexer, colon)
  skipValue(lexer, constant, depth)
}

/** Goes past directives, and returns how many there are. */
export function countDirectives(lexer: Lexer, constant = false): number {
  let found = 0
  for (; skip(lexer, atSign); found++) {
    expect(lexer, TokenKind.name)
    if (!skip(lexer, open)) continue
    do skipPair(lexer, constant)
    while (!skip(lexer, close))
  }
  return found
}
