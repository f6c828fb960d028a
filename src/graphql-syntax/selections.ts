/**
 * Reads the selections of a GraphQL definition and measures them at the same time, without building a tree. `parse.ts`
 * calls it. A malformed selection throws a `SyntaxProblem`.
 */
import { type Lexer, TokenKind } from './tokens.ts'
import {
  type Arguments,
  colon,
  countDirectives,
  expect,
  readName,
  readValue,
  skip,
  skipPair,
  skipValue,
  skipWord,
  type Value,
} from './values.ts'

/** The size of a definition or an operation. Counts may be Infinity once fragments are expanded. */
export interface Size {
  /** Depth of nested fields; 1 if there are only root fields. Fields below `__schema` and `__type` do not count. */
  readonly depth: number
  /** Depth of the fields below `__schema` and `__type`; 0 if there are none. */
  readonly introspectionDepth: number
  /** Number of fields with an alias. */
  readonly aliases: number
  /** Number of directives of operations, variables, fields and fragments. */
  readonly directives: number
  /** Number of root fields. */
  readonly rootFields: number
  /** Number of all fields. */
  readonly fields: number
}

/** A fragment that is spread in a definition. */
export interface Spread {
  readonly name: string
  /** Number of fields around it; 0 at the root. */
  readonly depth: number
  /** Whether one of these fields is `__schema` or `__type`. */
  readonly introspective: boolean
}

/** A root field of a definition, also one in an inline fragment. */
export interface RootField {
  readonly name: string
  readonly args: Arguments
}

/** An operation or a fragment. */
export interface Definition {
  /** The size without the fragments that it spreads. */
  readonly size: Size
  readonly spreads: readonly Spread[]
  /** The root fields; empty unless the caller asked for them. */
  readonly rootFields: readonly RootField[]
}

/**
 * Receives the parts of a document that a caller needs besides its size. All others are skipped: a tree of a document
 * of 64 KB has 30,000 objects, and collecting them takes longer than reading the text.
 */
export interface DocumentListener {
  /** Whether the root fields of definitions are kept, with their arguments. Default false. */
  readonly keepsRootFields?: boolean
  /** Names of the arguments, at any depth, whose values `onArgument` receives. Default none. */
  readonly argumentNames?: ReadonlySet<string>
  readonly onArgument?: (value: Value) => void
  /** Receives the default of a variable. */
  readonly onDefault?: (variable: string, value: Value) => void
}

/** A document that is being read. */
export interface OpenDocument {
  readonly lexer: Lexer
  readonly listener: DocumentListener
  introspects: boolean
}

/** Shared by all definitions without spreads or root fields, which are most of them. */
const none: readonly never[] = []

const [open, close, spread, openBlock, closeBlock] = [0x28, 0x29, 0x2e, 0x7b, 0x7d]

/** A definition that is being read. */
interface OpenDefinition {
  readonly size: { -readonly [Name in keyof Size]: Size[Name] }
  spreads: Spread[] | undefined
  rootFields: RootField[] | undefined
  depth: number
  introspective: boolean
}

/** The kinds of open selection sets. */
const [inInline, inField, inIntrospection] = [0, 1, 2]

/**
 * Reads the nested fields of a definition. There is no recursion, because a document may be as deep as it has tokens.
 */
export function readSelections(openDocument: OpenDocument, directives: number): Definition {
  const { lexer } = openDocument
  const size = { depth: 0, introspectionDepth: 0, aliases: 0, directives, rootFields: 0, fields: 0 }
  const definition: OpenDefinition = {
    size,
    spreads: undefined,
    rootFields: undefined,
    depth: 0,
    introspective: false,
  }
  expect(lexer, openBlock)

  for (const openSets: number[] = []; ; ) {
    if (!skip(lexer, closeBlock)) {
      const setKind = readSelection(openDocument, definition)
      if (setKind !== undefined) openSets.push(setKind)
      continue
    }

    const endKind = openSets.pop()
    if (endKind === undefined) {
      return {
        size,
        spreads: definition.spreads ?? none,
        rootFields: definition.rootFields ?? none,
      }
    }
    if (endKind !== inInline) definition.depth--
    if (endKind === inIntrospection) definition.introspective = false
  }
}

/**
 * Reads a selection up to its opening brace.
 *
 * @returns the kind of the selection set that the brace opens; undefined if there is none
 */
function readSelection(openDocument: OpenDocument, definition: OpenDefinition): number | undefined {
  const { lexer } = openDocument
  if (skip(lexer, spread)) return readSpread(lexer, definition) ? inInline : undefined

  const introspects = readField(openDocument, definition)
  if (!skip(lexer, openBlock)) return undefined

  definition.depth++
  if (!introspects || definition.introspective) return inField

  definition.introspective = true
  return inIntrospection
}

/**
 * Reads a spread or an inline fragment, whose `...` was read.
 *
 * @returns whether it is an inline fragment, whose opening brace was read
 */
function readSpread(lexer: Lexer, definition: OpenDefinition): boolean {
  const { size, depth, introspective } = definition
  if (lexer.kind === TokenKind.name && !lexer.isWord('on')) {
    definition.spreads ??= []
    definition.spreads.push({ name: readName(lexer), depth, introspective })
    size.directives += countDirectives(lexer)
    return false
  }

  if (skipWord(lexer, 'on')) expect(lexer, TokenKind.name)
  size.directives += countDirectives(lexer)
  expect(lexer, openBlock)

  return true
}

/**
 * Reads a field up to its opening brace.
 *
 * @returns whether the field is `__schema` or `__type`
 */
function readField(openDocument: OpenDocument, definition: OpenDefinition): boolean {
  const { lexer, listener } = openDocument
  const { size, depth } = definition
  const isKept = depth === 0 && listener.keepsRootFields === true
  let introspects = isIntrospection(lexer)
  let name = isKept ? lexer.value : ''
  expect(lexer, TokenKind.name)

  if (skip(lexer, colon)) {
    size.aliases++
    introspects = isIntrospection(lexer)
    name = isKept ? lexer.value : ''
    expect(lexer, TokenKind.name)
  }

  if (introspects) openDocument.introspects = true
  countField(definition, introspects)
  const args = readArguments(openDocument, isKept)
  if (isKept) {
    definition.rootFields ??= []
    definition.rootFields.push({ name, args })
  }
  size.directives += countDirectives(lexer)

  return introspects
}

function isIntrospection(lexer: Lexer): boolean {
  return lexer.isWord('__schema') || lexer.isWord('__type')
}

function countField({ size, depth, introspective }: OpenDefinition, introspects: boolean): void {
  size.fields++
  if (depth === 0) size.rootFields++
  if (introspective || introspects) {
    size.introspectionDepth = Math.max(size.introspectionDepth, depth + 1)
  } else size.depth = Math.max(size.depth, depth + 1)
}

/**
 * Reads the arguments of a field, if it has any.
 *
 * @returns the arguments if they are kept, otherwise an empty list
 */
function readArguments({ lexer, listener }: OpenDocument, isKept: boolean): Arguments {
  if (!skip(lexer, open)) return none

  const { argumentNames, onArgument } = listener
  const args: Array<readonly [string, Value]> | undefined = isKept ? [] : undefined
  do {
    if (args === undefined && argumentNames === undefined) {
      skipPair(lexer, false)
      continue
    }

    const name = readName(lexer)
    expect(lexer, colon)
    const isNamed = argumentNames?.has(name) === true
    if (args === undefined && !isNamed) {
      skipValue(lexer, false)
      continue
    }

    const value = readValue(lexer, false)
    args?.push([name, value])
    if (isNamed) onArgument?.(value)
  } while (!skip(lexer, close))

  return args ?? none
}
