/**
 * Measures how large operations are once fragments are put in their places; each fragment is
 * walked once, however often it is spread. `check.ts` calls it. A document whose fragments form a
 * circle, or are missing, gives undefined.
 */
import type { Definition, Document, Selection } from '../graphql-syntax/index.ts'

/** The size of an operation, with its fragments expanded. Counts may be Infinity. */
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

/**
 * Measures the largest operation in each respect, because any of them may be executed. Fragments that no operation spreads
 * do not count. Undefined: a fragment spreads itself or one that does not exist.
 *
 * @example
 * const size = measure(document)
 * if (size === undefined || size.depth > 8) return deny()
 */
export function measure({ operations, fragments }: Document): Size | undefined {
  const definitions = new Map<string, WalkedDefinition>()
  for (const [name, fragment] of fragments) definitions.set(name, walk(fragment))
  const sizes = new Map<string, Size>()
  for (const name of definitions.keys()) if (!resolve(name, definitions, sizes)) return undefined
  const most = { ...nothing }
  for (const operation of operations) {
    const own = walk(operation)
    if (!own.spreads.every(({ name }) => sizes.has(name))) return undefined
    raise(most, addSizes(own, sizes))
  }
  return most
}

/** Whether some field anywhere is one of introspection. `__typename` tells nobody anything. */
export function usesIntrospection(document: Document): boolean {
  return everyField(document, ({ name }) => !isIntrospection(name)) === false
}

type FieldSelection = Extract<Selection, { is: 'field' }>

/** Whether all fields, wherever they stand, pass a test. */
export function everyField(
  { operations, fragments }: Document,
  test: (field: FieldSelection) => boolean,
): boolean {
  for (const { selections } of operations) if (!everyFieldIn(selections, test)) return false
  for (const { selections } of fragments.values()) if (!everyFieldIn(selections, test)) return false
  return true
}

function everyFieldIn(
  selections: readonly Selection[],
  test: (field: FieldSelection) => boolean,
): boolean {
  const open: Array<readonly Selection[]> = []
  let each: readonly Selection[] | undefined = selections
  for (; each !== undefined; each = open.pop()) {
    for (const selection of each) {
      if (selection.is === 'spread') continue
      if (selection.is === 'field' && !test(selection)) return false
      if (selection.selections.length > 0) open.push(selection.selections)
    }
  }
  return true
}

const nothing: Size = {
  depth: 0,
  introspectionDepth: 0,
  aliases: 0,
  directives: 0,
  rootFields: 0,
  fields: 0,
}

/** A definition with its spreads still to be put in. */
interface WalkedDefinition {
  readonly size: Size
  readonly spreads: ReadonlyArray<{
    readonly name: string
    readonly at: number
    readonly meta: boolean
  }>
}

type MutableSize = { -readonly [Name in keyof Size]: Size[Name] }

const noSpreads: WalkedDefinition['spreads'] = []

function isIntrospection(name: string): boolean {
  return name === '__schema' || name === '__type'
}

function walk({ directives, selections }: Definition): WalkedDefinition {
  const size = {
    depth: 0,
    introspectionDepth: 0,
    aliases: 0,
    directives,
    rootFields: 0,
    fields: 0,
  }
  let spreads: Array<WalkedDefinition['spreads'][number]> | undefined
  const open: Array<{ each: readonly Selection[]; at: number; meta: boolean }> = []
  let [each, at, meta] = [selections, 0, false]
  for (;;) {
    for (const selection of each) {
      size.directives += selection.directives
      if (selection.is === 'spread') {
        spreads ??= []
        spreads.push({ name: selection.name, at, meta })
        continue
      }
      const inner = selection.selections
      if (selection.is === 'inline') {
        open.push({ each: inner, at, meta })
        continue
      }
      const inside = meta || isIntrospection(selection.name)
      countField(size, selection.alias, at, inside)
      if (inner.length > 0) open.push({ each: inner, at: at + 1, meta: inside })
    }
    const next = open.pop()
    if (next === undefined) return { size, spreads: spreads ?? noSpreads }
    ;({ each, at, meta } = next)
  }
}

function countField(
  size: MutableSize,
  alias: string | undefined,
  depth: number,
  isIntrospective: boolean,
): void {
  size.fields++
  if (depth === 0) size.rootFields++
  if (alias !== undefined) size.aliases++
  if (isIntrospective) size.introspectionDepth = Math.max(size.introspectionDepth, depth + 1)
  else size.depth = Math.max(size.depth, depth + 1)
}

/** Sizes a fragment after those it spreads; no recursion, for there may be as many as there are tokens. */
function resolve(
  first: string,
  definitions: ReadonlyMap<string, WalkedDefinition>,
  sizes: Map<string, Size>,
): boolean {
  const stack = [first]
  /** Begun and not done: what is above on the way here. */
  const open = new Set<string>()
  for (let name = stack.at(-1); name !== undefined; name = stack.at(-1)) {
    const own = definitions.get(name)
    if (own === undefined) return false
    if (sizes.has(name)) stack.pop()
    else if (open.has(name)) {
      sizes.set(name, addSizes(own, sizes))
      open.delete(name)
      stack.pop()
    } else {
      open.add(name)
      for (const { name: inner } of own.spreads) {
        if (open.has(inner)) return false
        if (!sizes.has(inner)) stack.push(inner)
      }
    }
  }
  return true
}

function addSizes(own: WalkedDefinition, sizes: ReadonlyMap<string, Size>): Size {
  if (own.spreads.length === 0) return own.size
  let { depth, introspectionDepth, aliases, directives, rootFields, fields } = own.size
  for (const { name, at, meta } of own.spreads) {
    const inner = sizes.get(name) ?? nothing
    const [plain, below] = [
      inner.depth && at + inner.depth,
      inner.introspectionDepth && at + inner.introspectionDepth,
    ]
    if (!meta) depth = Math.max(depth, plain)
    introspectionDepth = Math.max(introspectionDepth, below, meta ? plain : 0)
    aliases += inner.aliases
    directives += inner.directives
    fields += inner.fields
    if (at === 0) rootFields += inner.rootFields
  }
  return { depth, introspectionDepth, aliases, directives, rootFields, fields }
}

/** Raises each number to that of another size, where that is larger. */
function raise(most: { -readonly [Key in keyof Size]: Size[Key] }, size: Size): void {
  most.depth = Math.max(most.depth, size.depth)
  most.introspectionDepth = Math.max(most.introspectionDepth, size.introspectionDepth)
  most.aliases = Math.max(most.aliases, size.aliases)
  most.directives = Math.max(most.directives, size.directives)
  most.rootFields = Math.max(most.rootFields, size.rootFields)
  most.fields = Math.max(most.fields, size.fields)
}
