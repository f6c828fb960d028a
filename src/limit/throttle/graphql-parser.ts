/** As much of a GraphQL document as it takes to say which root fields it asks for, and with which arguments. */
import { graphqlTokens, type Token } from './graphql-tokens.ts'

/** A value as it is written. */
export type Value =
  | { readonly is: 'text'; readonly text: string }
  | { readonly is: 'variable'; readonly name: string }
  | { readonly is: 'object'; readonly members: ReadonlyArray<readonly [name: string, value: Value]> }
  | { readonly is: 'other' }

/** What one selection set asks for: fields by their names, not their aliases, and fragments that are spread. */
export interface Selections {
  readonly fields: ReadonlyArray<{ readonly name: string; readonly args: ReadonlyArray<readonly [string, Value]> }>
  readonly spreads: readonly string[]
}

/** A document. */
export interface Document {
  readonly operations: ReadonlyArray<Selections & { readonly defaults: ReadonlyMap<string, Value> }>
  readonly fragments: ReadonlyMap<string, Selections>
}

/** Values within values; nobody writes more. */
const deepest = 32

class Unread extends Error {}

/** Reads a document; undefined for what is none, and for what a server without extensions would not execute. */
export function graphqlDocument(source: string): Document | undefined {
  const tokens = graphqlTokens(source)
  if (tokens === undefined) return undefined
  try {
    return documentOf(tokens)
  } catch (error) {
    if (error instanceof Unread) return undefined
    throw error
  }
}

function documentOf(tokens: readonly Token[]): Document {
  let at = 0
  const peek = (value: string): boolean => tokens[at]?.value === value && tokens[at]?.kind === 'mark'
  const skip = (value: string): boolean => peek(value) && ++at > 0
  const need = (value: string): void => {
    if (!skip(value)) throw new Unread()
  }
  const word = (): string => {
    const token = tokens[at++]
    if (token?.kind !== 'name') throw new Unread()
    return token.value
  }

  function value(depth: number): Value {
    if (depth > deepest) throw new Unread()
    if (skip('$')) return { is: 'variable', name: word() }
    if (skip('[')) {
      while (!skip(']')) value(depth + 1)
      return { is: 'other' }
    }
    if (skip('{')) {
      const members: Array<readonly [string, Value]> = []
      while (!skip('}')) members.push(pair(depth + 1))
      return { is: 'object', members }
    }
    const token = tokens[at++]
    if (token === undefined || token.kind === 'mark') throw new Unread()
    return token.kind === 'text' ? { is: 'text', text: token.value } : { is: 'other' }
  }
  function pair(depth: number): readonly [string, Value] {
    const name = word()
    need(':')
    return [name, value(depth)]
  }
  function argsOf(): Array<readonly [string, Value]> {
    const args: Array<readonly [string, Value]> = []
    if (skip('(')) while (!skip(')')) args.push(pair(0))
    return args
  }
  function directives(): void {
    while (skip('@')) {
      word()
      argsOf()
    }
  }
  /** `[Type!]!` */
  function type(): void {
    let open = 0
    while (skip('[')) open++
    word()
    skip('!')
    for (; open > 0; open--) {
      need(']')
      skip('!')
    }
  }
  function defaults(): Map<string, Value> {
    const found = new Map<string, Value>()
    if (!skip('(')) return found
    while (!skip(')')) {
      need('$')
      const name = word()
      need(':')
      type()
      if (found.has(name)) throw new Unread()
      found.set(name, skip('=') ? value(0) : { is: 'other' })
      directives()
    }
    return found
  }
  /** What is selected within a field is no root field: only its end is looked for. */
  function pass(): void {
    need('{')
    for (let open = 1; open > 0; at++) {
      if (at >= tokens.length) throw new Unread()
      if (peek('{')) open++
      else if (peek('}')) open--
    }
  }
  function selections(into: { fields: Selections['fields'][number][]; spreads: string[] }, depth: number): void {
    if (depth > deepest) throw new Unread()
    need('{')
    while (!skip('}')) {
      if (!skip('...')) {
        const first = word()
        const name = skip(':') ? word() : first
        into.fields.push({ name, args: argsOf() })
        directives()
        if (peek('{')) pass()
        continue
      }
      const name = tokens[at]?.kind === 'name' ? word() : undefined
      if (name === 'on') word()
      directives()
      if (name !== undefined && name !== 'on') into.spreads.push(name)
      else selections(into, depth + 1)
    }
  }
  function body(): { fields: Selections['fields'][number][]; spreads: string[] } {
    const into = { fields: [], spreads: [] }
    selections(into, 0)
    return into
  }

  const operations: Array<Document['operations'][number]> = []
  const fragments = new Map<string, Selections>()
  while (at < tokens.length) {
    if (peek('{')) {
      operations.push({ ...body(), defaults: new Map() })
      continue
    }
    const kind = word()
    if (kind === 'fragment') {
      const name = word()
      if (word() !== 'on' || fragments.has(name)) throw new Unread()
      word()
      directives()
      fragments.set(name, body())
    } else if (kind === 'query' || kind === 'mutation' || kind === 'subscription') {
      if (tokens[at]?.kind === 'name') at++
      const known = defaults()
      directives()
      operations.push({ ...body(), defaults: known })
    } else throw new Unread()
  }
  return { operations, fragments }
}
