/**
 * Reads the selections of a GraphQL definition, and measures them meanwhile: no tree is made of what
 * was read. `parse.ts` calls it. A malformed selection throws a `SyntaxProblem`.
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
  /** Fields within fields; 1 where only root fields are asked for. What is below `__schema` and `__type` is not in it. */
  readonly depth: number
  /** The same below `__schema` and `__type`; 0 where neither is asked for. */
  readonly introspectionDepth: number
  /** Fields under another name. */
  readonly aliases: number
  /** Directives of operations, variables, fields and fragments. */
  readonly directives: number
  /** Fields it begins with. */
  readonly rootFields: number
  /** All fields. */
  readonly fields: number
}

/** A fragment that is spread in a definition. */
export interface Spread {
  readonly name: string
  /** Fields around it; 0 at the root. */
  readonly depth: number
  /** Whether one of them is `__schema` or `__type`. */
  readonly introspective: boolean
}

/** A field that a definition begins with, inline fragments included. */
export interface RootField {
  readonly name: string
  readonly args: Arguments
}

/** An operation or a fragment. */
export interface Definition {
  /** Its size without the fragments that it spreads. */
  readonly size: Size
  readonly spreads: readonly Spread[]
  /** Empty unless the caller asked for them. */
  readonly rootFields: readonly RootField[]
}

/**
 * The parts of a document that a caller needs besides its size. All else is read past: a tree of a document of 64 KB has 30,000
 * objects, and takes the collector longer than the lexer takes for the text.
 */
export interface DocumentListener {
  /** Whether the fields that definitions begin with are kept, with their arguments. Default false. */
  readonly keepsRootFields?: boolean
  /** Names of arguments of fields, at any depth, whose values `onArgument` receives. Default none. */
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

/** Shared by all that have none of a kind: most definitions have no spreads. */
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

/** Kinds of open sets of selections. */
const [inInline, inField, inIntrospection] = [0, 1, 2]

/** Reads fields within fields without recursion: they may be as deep as there are tokens. */
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

  for (const around: number[] = []; ; ) {
    if (!skip(lexer, closeBlock)) {
      const setKind = readSelection(openDocument, definition)
      if (setKind !== undefined) around.push(setKind)
      continue
    }

    const endKind = around.pop()
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

/** Reads a selection up to what is in its braces. Returns what these open; undefined where it has none. */
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

/** Reads what is behind `...`. Returns whether it is an inline fragment, up to what is in its braces. */
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

/** Reads a field, up to what is in its braces. Returns whether it asks for the schema. */
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

/** Reads the arguments of a field, if it has any; returns them if they are kept. */
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
