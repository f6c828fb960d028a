/**
 * Parses a GraphQL document that is to be executed, as far as limits need it: fields, arguments
 * and fragments, without types. The GraphQL guard and the login throttle call it. A document that
 * is malformed, or too long, gives undefined or a status; it takes linear time.
 */
import { Lexer, SyntaxProblem, TokenKind } from './tokens.ts'

/** A value as it is written. `word`: true, false, null or a name of an enum. */
export type Value =
  | { readonly is: 'text' | 'number' | 'word'; readonly text: string }
  | { readonly is: 'variable'; readonly name: string }
  | { readonly is: 'list' }
  | { readonly is: 'object'; readonly members: Arguments }

/** In their order; a name may stand twice. */
export type Arguments = ReadonlyArray<readonly [name: string, value: Value]>

/** One selection of a selection set. `directives` is their number. */
export type Selection =
  | {
      readonly is: 'field'
      readonly name: string
      readonly alias: string | undefined
      readonly args: Arguments
      readonly directives: number
      readonly selections: readonly Selection[]
    }
  | { readonly is: 'spread'; readonly name: string; readonly directives: number }
  | {
      readonly is: 'inline'
      readonly directives: number
      readonly selections: readonly Selection[]
    }

export interface Definition {
  /** The number of directives of the definition and of its variables. */
  readonly directives: number
  readonly selections: readonly Selection[]
}

export interface Operation extends Definition {
  readonly kind: 'query' | 'mutation' | 'subscription'
  /** Variables that have a default. */
  readonly defaults: ReadonlyMap<string, Value>
}

export interface Document {
  readonly operations: readonly Operation[]
  readonly fragments: ReadonlyMap<string, Definition>
}

/** Values within values; nobody writes more. Selections are not read by recursion, and may be as deep as they like. */
const deepest = 64

/** Operations of a document; nobody writes more, and each of them costs more than its tokens. */
const mostOperations = 5000

/** Shared by all that have none of a kind: most fields have no arguments and no selections. */
const none: readonly never[] = []
const noDefaults: ReadonlyMap<string, Value> = new Map()

const [exclamation, dollar, open, close] = [0x21, 0x24, 0x28, 0x29]
const [spread, colon, equals, at] = [0x2e, 0x3a, 0x3d, 0x40]
const [openList, closeList, openBlock, closeBlock] = [0x5b, 0x5d, 0x7b, 0x7d]

/** A document, or why there is none. */
export type ParseResult =
  | { readonly status: 'parsed'; readonly document: Document }
  | { readonly status: 'malformed' | 'too-long' }

/**
 * Parses a document; undefined for what is none, and for what no server executes: definitions of types, two fragments or
 * variables of one name, more than 5,000 operations.
 *
 * @example
 * parseDocument('{ viewer { name } }')?.operations.length // 1
 */
export function parseDocument(source: string): Document | undefined {
  const result = parseWithin(source, Number.POSITIVE_INFINITY)
  return result.status === 'parsed' ? result.document : undefined
}

/**
 * Parses a document of a limited number of tokens, as {@link parseDocument}. Linear in its length; nothing behind the limit is
 * read. A document that is malformed and has more tokens than the limit is too long.
 *
 * @example
 * const result = parseWithin(query, 1000)
 * if (result.status === 'too-long') return deny()
 */
export function parseWithin(source: string, maxTokens: number): ParseResult {
  let lexer: Lexer | undefined
  try {
    lexer = new Lexer(source, maxTokens)
    return { status: 'parsed', document: readDocument(lexer) }
  } catch (error) {
    return { status: lexer === undefined ? readStatus(error) : countRest(lexer, error) }
  }
}

function readStatus(error: unknown): SyntaxProblem['status'] {
  if (error instanceof SyntaxProblem) return error.status
  throw error
}

/** Reads what is behind a problem, whose document may be too long as well. */
function countRest(lexer: Lexer, problem: unknown): SyntaxProblem['status'] {
  const status = readStatus(problem)
  if (status === 'too-long') return status

  try {
    while (lexer.kind !== TokenKind.end) lexer.next()
    return status
  } catch (error) {
    return readStatus(error)
  }
}

/** Goes past a token of this kind, where it is the current one. */
function skip(lexer: Lexer, kind: number): boolean {
  if (lexer.kind !== kind) return false
  lexer.next()
  return true
}

function expect(lexer: Lexer, kind: number): void {
  if (!skip(lexer, kind)) throw new SyntaxProblem()
}

function skipWord(lexer: Lexer, word: string): boolean {
  if (!lexer.isWord(word)) return false
  lexer.next()
  return true
}

function readName(lexer: Lexer): string {
  if (lexer.kind !== TokenKind.name) throw new SyntaxProblem()

  const name = lexer.value
  lexer.next()

  return name
}

const list: Value = { is: 'list' }

function readValue(lexer: Lexer, constant: boolean, depth = 0): Value {
  if (depth > deepest) throw new SyntaxProblem()

  const { kind } = lexer
  if (!constant && kind === dollar) {
    lexer.next()
    return { is: 'variable', name: readName(lexer) }
  }

  if (kind === openList) {
    lexer.next()
    while (!skip(lexer, closeList)) skipValue(lexer, constant, depth + 1)
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
function skipValue(lexer: Lexer, constant: boolean, depth = 0): void {
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

function skipPair(lexer: Lexer, constant: boolean, depth = 0): void {
  expect(lexer, TokenKind.name)
  expect(lexer, colon)
  skipValue(lexer, constant, depth)
}

function readArguments(lexer: Lexer): Arguments {
  if (!skip(lexer, open)) return none

  const args = [readPair(lexer, false)]
  while (!skip(lexer, close)) args.push(readPair(lexer, false))

  return args
}

/** How many directives there are. */
function countDirectives(lexer: Lexer, constant = false): number {
  let found = 0
  for (; skip(lexer, at); found++) {
    expect(lexer, TokenKind.name)
    if (!skip(lexer, open)) continue
    do skipPair(lexer, constant)
    while (!skip(lexer, close))
  }
  return found
}

/** `[Type!]!` */
function skipType(lexer: Lexer): void {
  let around = 0
  while (skip(lexer, openList)) around++
  expect(lexer, TokenKind.name)
  skip(lexer, exclamation)
  for (; around > 0; around--) {
    expect(lexer, closeList)
    skip(lexer, exclamation)
  }
}

/** Collects defaults of variables; returns how many directives the variables have. */
function readVariables(lexer: Lexer, defaults: Map<string, Value>): number {
  const names = new Set<string>()
  let found = 0
  if (!skip(lexer, open)) return found

  do {
    skip(lexer, TokenKind.text)
    expect(lexer, dollar)
    const name = readName(lexer)
    if (names.has(name)) throw new SyntaxProblem()
    names.add(name)
    expect(lexer, colon)
    skipType(lexer)
    if (skip(lexer, equals)) defaults.set(name, readValue(lexer, true))
    found += countDirectives(lexer, true)
  } while (!skip(lexer, close))
  return found
}

/** Reads fields within fields without recursion: they may be as deep as there are tokens. */
function readSelections(lexer: Lexer): readonly Selection[] {
  expect(lexer, openBlock)
  /** Selections of all open sets, each set behind the one around it. They are copied out: lists that grow take more memory. */
  const read: Selection[] = []
  const starts: number[] = []
  let [start, end] = [0, 0]
  for (;;) {
    if (skip(lexer, closeBlock)) {
      const selections = read.slice(start, end)
      if (start === 0) return selections
      end = start
      start = starts.pop() ?? 0
      ;(read[end - 1] as OpenSelection).selections = selections
      continue
    }

    const selection = readSelection(lexer)
    read[end++] = selection
    if (selection.is !== 'spread' && selection.selections === unread) {
      starts.push(start)
      start = end
    }
  }
}

/** A selection whose own are still to be read. */
type OpenSelection = { selections: readonly Selection[] }

/** Stands for selections that are still to be read. */
const unread: readonly Selection[] = []

/** One selection, up to what is in its braces. */
function readSelection(lexer: Lexer): Selection {
  if (!skip(lexer, spread)) return readField(lexer)
  if (lexer.kind === TokenKind.name && !lexer.isWord('on')) {
    return { is: 'spread', name: readName(lexer), directives: countDirectives(lexer) }
  }

  if (skipWord(lexer, 'on')) expect(lexer, TokenKind.name)
  const directives = countDirectives(lexer)
  expect(lexer, openBlock)

  return { is: 'inline', directives, selections: unread }
}

function readField(lexer: Lexer): Selection {
  const first = readName(lexer)
  const alias = skip(lexer, colon) ? first : undefined
  const name = alias === undefined ? first : readName(lexer)
  const args = readArguments(lexer)
  const directives = countDirectives(lexer)
  const selections = skip(lexer, openBlock) ? unread : none
  return { is: 'field', name, alias, args, directives, selections }
}

function readDocument(lexer: Lexer): Document {
  const operations: Operation[] = []
  const fragments = new Map<string, Definition>()
  do {
    if (operations.length === mostOperations) throw new SyntaxProblem()
    const described = skip(lexer, TokenKind.text)
    if (!described && lexer.kind === openBlock) {
      const selections = readSelections(lexer)
      operations.push({ kind: 'query', defaults: noDefaults, directives: 0, selections })
    } else if (skipWord(lexer, 'fragment')) {
      const name = readName(lexer)
      if (name === 'on' || fragments.has(name)) throw new SyntaxProblem()
      if (!skipWord(lexer, 'on')) throw new SyntaxProblem()
      expect(lexer, TokenKind.name)
      fragments.set(name, {
        directives: countDirectives(lexer),
        selections: readSelections(lexer),
      })
    } else operations.push(readOperation(lexer))
  } while (lexer.kind !== TokenKind.end)

  return { operations, fragments }
}

function readOperation(lexer: Lexer): Operation {
  const kind = readName(lexer)
  if (kind !== 'query' && kind !== 'mutation' && kind !== 'subscription') throw new SyntaxProblem()

  skip(lexer, TokenKind.name)
  const defaults = new Map<string, Value>()
  const found = readVariables(lexer, defaults)
  const directives = found + countDirectives(lexer)
  return { kind, defaults, directives, selections: readSelections(lexer) }
}
