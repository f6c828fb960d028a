/**
 * Parses a GraphQL document for its limits: how large its definitions are and what they spread, without building a
 * tree. The GraphQL guard and the login throttle call it. It takes linear time and throws nothing for a document: a
 * malformed or too long one gives undefined or a status.
 */
import { SyntaxProblem } from './problem.ts'
import {
  type Definition,
  type DocumentListener,
  type OpenDocument,
  readSelections,
} from './selections.ts'
import { Lexer, TokenKind } from './tokens.ts'
import {
  colon,
  countDirectives,
  expect,
  readName,
  readValue,
  skip,
  skipValue,
  skipWord,
} from './values.ts'

export interface Operation extends Definition {
  readonly kind: 'query' | 'mutation' | 'subscription'
}

export interface Document {
  readonly operations: readonly Operation[]
  readonly fragments: ReadonlyMap<string, Definition>
  /** Whether a field is `__schema` or `__type`, also in a fragment that is not used. */
  readonly introspects: boolean
}

/** Most operations of a document. No client sends more, and each costs more than its tokens. */
const maxOperations = 5000

const [exclamation, dollar, open, close] = [0x21, 0x24, 0x28, 0x29]
const [equals, openList, closeList, openBlock] = [0x3d, 0x5b, 0x5d, 0x7b]

/** The result of parsing: a document, or why there is none. */
export type ParseResult =
  | { readonly status: 'parsed'; readonly document: Document }
  | { readonly status: 'malformed' | 'too-long' }

/**
 * Parses a document. Returns undefined if it is malformed, or if no server would execute it: for definitions of types,
 * two fragments or variables with the same name, and more than 5,000 operations.
 *
 * @example
 * parseDocument('{ viewer { name } }')?.operations.length // 1
 */
export function parseDocument(source: string): Document | undefined {
  const result = parseWithin(source, Number.POSITIVE_INFINITY)
  return result.status === 'parsed' ? result.document : undefined
}

/**
 * Parses a document as {@link parseDocument} does, but only up to a number of tokens. Nothing after them is read. A
 * document that is malformed and also has more tokens is too long.
 *
 * @example
 * const result = parseWithin(query, 1000)
 * if (result.status === 'too-long') return deny()
 */
export function parseWithin(
  source: string,
  maxTokens: number,
  listener: DocumentListener = {},
): ParseResult {
  let lexer: Lexer | undefined
  try {
    lexer = new Lexer(source, maxTokens)
    return { status: 'parsed', document: readDocument({ lexer, listener, introspects: false }) }
  } catch (error) {
    return { status: lexer === undefined ? readStatus(error) : countRest(lexer, error) }
  }
}

function readStatus(error: unknown): SyntaxProblem['status'] {
  if (error instanceof SyntaxProblem) return error.status
  throw error
}

/** Reads the tokens after a problem, because the document may be too long as well. */
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

/** Skips a type, such as `[Type!]!`. */
function skipType(lexer: Lexer): void {
  let listDepth = 0
  while (skip(lexer, openList)) listDepth++
  expect(lexer, TokenKind.name)
  skip(lexer, exclamation)
  for (; listDepth > 0; listDepth--) {
    expect(lexer, closeList)
    skip(lexer, exclamation)
  }
}

/**
 * Reads the variables of an operation, if it has any.
 *
 * @returns the number of their directives
 */
function readVariables({ lexer, listener }: OpenDocument): number {
  let directives = 0
  if (!skip(lexer, open)) return directives

  const names = new Set<string>()
  do {
    skip(lexer, TokenKind.text)
    expect(lexer, dollar)
    const name = readName(lexer)
    if (names.has(name)) throw new SyntaxProblem()
    names.add(name)
    expect(lexer, colon)
    skipType(lexer)
    if (skip(lexer, equals)) {
      if (listener.onDefault === undefined) skipValue(lexer, true)
      else listener.onDefault(name, readValue(lexer, true))
    }
    directives += countDirectives(lexer, true)
  } while (!skip(lexer, close))
  return directives
}

function readDocument(openDocument: OpenDocument): Document {
  const { lexer } = openDocument
  const operations: Operation[] = []
  const fragments = new Map<string, Definition>()
  do {
    if (operations.length === maxOperations) throw new SyntaxProblem()
    const hasDescription = skip(lexer, TokenKind.text)
    if (!hasDescription && lexer.kind === openBlock) {
      operations.push({ kind: 'query', ...readSelections(openDocument, 0) })
    } else if (skipWord(lexer, 'fragment')) {
      const name = readName(lexer)
      if (name === 'on' || fragments.has(name)) throw new SyntaxProblem()
      if (!skipWord(lexer, 'on')) throw new SyntaxProblem()
      expect(lexer, TokenKind.name)
      fragments.set(name, readSelections(openDocument, countDirectives(lexer)))
    } else operations.push(readOperation(openDocument))
  } while (lexer.kind !== TokenKind.end)

  return { operations, fragments, introspects: openDocument.introspects }
}

function readOperation(openDocument: OpenDocument): Operation {
  const { lexer } = openDocument
  const kind = readName(lexer)
  if (kind !== 'query' && kind !== 'mutation' && kind !== 'subscription') throw new SyntaxProblem()

  skip(lexer, TokenKind.name)
  const variableDirectives = readVariables(openDocument)
  const directives = variableDirectives + countDirectives(lexer)
  return { kind, ...readSelections(openDocument, directives) }
}
