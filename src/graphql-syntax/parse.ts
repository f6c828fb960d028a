/** A GraphQL document to be executed, as far as anybody must look into it: fields, arguments, fragments; no types. */
import { type Token, tokenize } from './tokens.ts'

/** A value as it is written. `word`: true, false, null or a name of an enum. */
export type Value =
  | { readonly is: 'text' | 'number' | 'word'; readonly text: string }
  | { readonly is: 'variable'; readonly name: string }
  | { readonly is: 'list' }
  | { readonly is: 'object'; readonly members: Arguments }

/** In their order; a name may stand twice. */
export type Arguments = ReadonlyArray<readonly [name: string, value: Value]>

/** What a selection set asks for. `directives` is how many there are. */
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
  /** Of the definition itself and of its variables. */
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

class SyntaxProblem extends Error {}

/**
 * Reads a document; undefined for what is none, and for what no server executes: definitions of types, two fragments or
 * variables of one name, more than 5,000 operations.
 */
export function parseDocument(source: string): Document | undefined {
  const tokens = tokenize(source)
  return tokens && parseTokens(tokens)
}

/** {@link graphqlDocument} of tokens. Linear in them. */
export function parseTokens(tokens: readonly Token[]): Document | undefined {
  try {
    return readDocument(tokens)
  } catch (error) {
    if (error instanceof SyntaxProblem) return undefined
    throw error
  }
}

function readDocument(tokens: readonly Token[]): Document {
  let at = 0
  const peek = (value: string): boolean => {
    const token = tokens[at]
    return token !== undefined && token.kind === 'mark' && token.value === value
  }
  const skip = (value: string): boolean => peek(value) && ++at > 0
  const expectMark = (value: string): void => {
    if (!skip(value)) throw new SyntaxProblem()
  }
  const isName = (): boolean => tokens[at]?.kind === 'name'
  const word = (): string => {
    const token = tokens[at++]
    if (token?.kind !== 'name') throw new SyntaxProblem()
    return token.value
  }
  const skipDescription = (): boolean => tokens[at]?.kind === 'text' && ++at > 0

  function value(constant: boolean, depth = 0): Value {
    if (depth > deepest) throw new SyntaxProblem()
    if (!constant && skip('$')) return { is: 'variable', name: word() }
    if (skip('[')) {
      while (!skip(']')) value(constant, depth + 1)
      return { is: 'list' }
    }
    if (skip('{')) {
      const members: Array<readonly [string, Value]> = []
      while (!skip('}')) members.push(readPair(constant, depth + 1))
      return { is: 'object', members }
    }
    const token = tokens[at++]
    if (token === undefined || token.kind === 'mark') throw new SyntaxProblem()
    return { is: token.kind === 'name' ? 'word' : token.kind, text: token.value }
  }
  function readPair(constant: boolean, depth = 0): readonly [string, Value] {
    const name = word()
    expectMark(':')
    return [name, value(constant, depth)]
  }
  function readArguments(constant: boolean): Arguments {
    if (!skip('(')) return none
    const args: Array<readonly [string, Value]> = []
    do args.push(readPair(constant))
    while (!skip(')'))
    return args
  }
  function directives(constant = false): number {
    let found = 0
    for (; skip('@'); found++) {
      word()
      readArguments(constant)
    }
    return found
  }
  /** `[Type!]!` */
  function type(): void {
    let open = 0
    while (skip('[')) open++
    word()
    skip('!')
    for (; open > 0; open--) {
      expectMark(']')
      skip('!')
    }
  }
  function variables(into: Map<string, Value>): number {
    const names = new Set<string>()
    let found = 0
    if (!skip('(')) return found
    do {
      skipDescription()
      expectMark('$')
      const name = word()
      if (names.has(name)) throw new SyntaxProblem()
      names.add(name)
      expectMark(':')
      type()
      if (skip('=')) into.set(name, value(true))
      found += directives(true)
    } while (!skip(')'))
    return found
  }
  /** Selections around the ones that are read. */
  const around: Selection[][] = []
  function selectionSet(): Selection[] {
    expectMark('{')
    const all: Selection[] = []
    let into: Selection[] | undefined = all
    while (into !== undefined) {
      if (skip('}')) {
        into = around.pop()
        continue
      }
      if (!skip('...')) {
        const first = word()
        const alias = skip(':') ? first : undefined
        const name = alias === undefined ? first : word()
        const args = readArguments(false)
        const found = directives()
        const inner: Selection[] | undefined = skip('{') ? [] : undefined
        into.push({
          is: 'field',
          name,
          alias,
          args,
          directives: found,
          selections: inner ?? none,
        })
        if (inner !== undefined) {
          around.push(into)
          into = inner
        }
      } else if (isName() && tokens[at]?.value !== 'on') {
        into.push({ is: 'spread', name: word(), directives: directives() })
      } else {
        if (isName()) {
          at++ // `on`
          word()
        }
        const inner: Selection[] = []
        into.push({ is: 'inline', directives: directives(), selections: inner })
        expectMark('{')
        around.push(into)
        into = inner
      }
    }
    return all
  }

  const operations: Operation[] = []
  const fragments = new Map<string, Definition>()
  do {
    if (operations.length === mostOperations) throw new SyntaxProblem()
    const described = skipDescription()
    if (!described && peek('{')) {
      operations.push({
        kind: 'query',
        defaults: noDefaults,
        directives: 0,
        selections: selectionSet(),
      })
      continue
    }
    const kind = word()
    if (kind === 'fragment') {
      const name = word()
      if (name === 'on' || word() !== 'on' || fragments.has(name)) throw new SyntaxProblem()
      word()
      fragments.set(name, { directives: directives(), selections: selectionSet() })
    } else if (kind === 'query' || kind === 'mutation' || kind === 'subscription') {
      if (isName()) at++
      const defaults = new Map<string, Value>()
      const found = variables(defaults)
      operations.push({
        kind,
        defaults,
        directives: found + directives(),
        selections: selectionSet(),
      })
    } else throw new SyntaxProblem()
  } while (at < tokens.length)
  return { operations, fragments }
}
