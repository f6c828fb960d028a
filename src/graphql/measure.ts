/**
 * Measures how large operations are once fragments are put in their places; each fragment is
 * walked once, however often it is spread. `check.ts` calls it. A document whose fragments form a
 * circle, or are missing, gives undefined.
 */
import type { Definition, Document, Size } from '../graphql-syntax/index.ts'

export type { Size } from '../graphql-syntax/index.ts'

/**
 * Measures the largest operation in each respect, because any of them may be executed. Fragments that no operation spreads
 * do not count. Undefined: a fragment spreads itself or one that does not exist.
 *
 * @example
 * const size = measure(document)
 * if (size === undefined || size.depth > 8) return deny()
 */
export function measure({ operations, fragments }: Document): Size | undefined {
  const sizes = new Map<string, Size>()
  for (const name of fragments.keys()) if (!resolve(name, fragments, sizes)) return undefined
  const most = { ...nothing }
  for (const operation of operations) {
    if (!operation.spreads.every(({ name }) => sizes.has(name))) return undefined
    raise(most, addSizes(operation, sizes))
  }
  return most
}

const nothing: Size = {
  depth: 0,
  introspectionDepth: 0,
  aliases: 0,
  directives: 0,
  rootFields: 0,
  fields: 0,
}

/** Sizes a fragment after those it spreads; no recursion, for there may be as many as there are tokens. */
function resolve(
  first: string,
  fragments: ReadonlyMap<string, Definition>,
  sizes: Map<string, Size>,
): boolean {
  const stack = [first]
  /** Begun and not done: what is above on the way here. */
  const open = new Set<string>()
  for (let name = stack.at(-1); name !== undefined; name = stack.at(-1)) {
    const own = fragments.get(name)
    if (own === undefined) return false
    if (sizes.has(name)) stack.pop()
    else if (own.spreads.length === 0 || open.has(name)) {
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

function addSizes(own: Definition, sizes: ReadonlyMap<string, Size>): Size {
  if (own.spreads.length === 0) return own.size
  let { depth, introspectionDepth, aliases, directives, rootFields, fields } = own.size
  for (const { name, depth: around, introspective } of own.spreads) {
    const inner = sizes.get(name) ?? nothing
    const plain = inner.depth && around + inner.depth
    const below = inner.introspectionDepth && around + inner.introspectionDepth
    if (!introspective) depth = Math.max(depth, plain)
    introspectionDepth = Math.max(introspectionDepth, below, introspective ? plain : 0)
    aliases += inner.aliases
    directives += inner.directives
    fields += inner.fields
    if (around === 0) rootFields += inner.rootFields
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
