/**
 * Reads the values in a GraphQL document: arguments, defaults of variables and directives. `parse.ts` and
 * `selections.ts` call it. A value that nobody needs is only skipped; a malformed one throws a `SyntaxProblem`.
 */
import { SyntaxProblem } from './problem.ts'
import { type Lexer, TokenKind } from './tokens.ts'

/** A value as it is written. A `word` is true, false, null or a name of an enum. */
export type Value =
  | { readonly is: 'text' | 'number' | 'word'; readonly text: string }
  | { readonly is: 'variable'; readonly name: string }
  | { readonly is: 'list' }
  | { readonly is: 'object'; readonly members: Arguments }

/** Names and values in their order. A name may occur twice. */
export type Arguments = ReadonlyArray<readonly [name: string, value: Value]>

/** Greatest depth of nested values. No client sends more. */
const maxValueDepth = 64

const [dollar, open, close, atSign] = [0x24, 0x28, 0x29, 0x40]
/** The punctuator between a name and its value. */
export const colon = 0x3a
const [openList, closeList, openBlock, closeBlock] = [0x5b, 0x5d, 0x7b, 0x7d]

/**
 * Skips the current token if it is of this kind.
 *
 * @returns whether it was
 */
export function skip(lexer: Lexer, kind: number): boolean {
  if (lexer.kind !== kind) return false
  lexer.next()
  return true
}

/**
 * Skips the current token if it is this name.
 *
 * @returns whether it was
 */
export function skipWord(lexer: Lexer, word: string): boolean {
  if (!lexer.isWord(word)) return false
  lexer.next()
  return true
}

/**
 * Skips the current token.
 *
 * @throws {SyntaxProblem} if it is of another kind
 */
export function expect(lexer: Lexer, kind: number): void {
  if (!skip(lexer, kind)) throw new SyntaxProblem()
}

/**
 * Reads a name.
 *
 * @throws {SyntaxProblem} if the current token is not a name
 */
export function readName(lexer: Lexer): string {
  if (lexer.kind !== TokenKind.name) throw new SyntaxProblem()

  const name = lexer.value
  lexer.next()

  return name
}

const list: Value = { is: 'list' }

/** Reads a value. A constant cannot contain variables. */
export function readValue(lexer: Lexer, isConstant: boolean, depth = 0): Value {
  if (depth > maxValueDepth) throw new SyntaxProblem()

  const { kind } = lexer
  if (!isConstant && kind === dollar) {
    lexer.next()
    return { is: 'variable', name: readName(lexer) }
  }

  if (kind === openList) {
    skipValue(lexer, isConstant, depth)
    return list
  }

  if (kind === openBlock) {
    lexer.next()
    const members: Array<readonly [string, Value]> = []
    while (!skip(lexer, closeBlock)) members.push(readPair(lexer, isConstant, depth + 1))
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

/** Skips a value that nobody needs. */
export function skipValue(lexer: Lexer, isConstant: boolean, depth = 0): void {
  if (depth > maxValueDepth) throw new SyntaxProblem()

  const { kind } = lexer
  if (kind === TokenKind.end) throw new SyntaxProblem()
  if (kind <= TokenKind.number) lexer.next()
  else if (!isConstant && skip(lexer, dollar)) expect(lexer, TokenKind.name)
  else if (skip(lexer, openList)) {
    while (!skip(lexer, closeList)) skipValue(lexer, isConstant, depth + 1)
  } else if (skip(lexer, openBlock)) {
    while (!skip(lexer, closeBlock)) skipPair(lexer, isConstant, depth + 1)
  } else throw new SyntaxProblem()
}

function readPair(lexer: Lexer, isConstant: boolean, depth = 0): readonly [string, Value] {
  const name = readName(lexer)
  expect(lexer, colon)
  return [name, readValue(lexer, isConstant, depth)]
}

/** Skips a name and its value. */
export function skipPair(lexer: Lexer, isConstant: boolean, depth = 0): void {
  expect(lexer, TokenKind.name)
  expect(lexer, colon)
  skipValue(lexer, isConstant, depth)
}

/** Skips directives and returns their number. */
export function countDirectives(lexer: Lexer, isConstant = false): number {
  let count = 0
  for (; skip(lexer, atSign); count++) {
    expect(lexer, TokenKind.name)
    if (!skip(lexer, open)) continue
    do skipPair(lexer, isConstant)
    while (!skip(lexer, close))
  }
  return count
}
