/**
 * Measures how large operations are once their fragments are expanded. Each fragment is measured once, however often it
 * is spread. `check.ts` calls it. It returns undefined if a fragment is missing or contains itself.
 */
import type { Definition, Document, Size } from '../graphql-syntax/index.ts'

export type { Size } from '../graphql-syntax/index.ts'

/**
 * Measures the largest operation in each respect, because any of them may be executed. Fragments that no operation
 * spreads do not count. Returns undefined if a fragment spreads itself or one that does not exist.
 *
 * @example
 * const size = measure(document)
 * if (size === undefined || size.depth > 8) return deny()
 */
export function measure({ operations, fragments }: Document): Size | undefined {
  const sizes = new Map<string, Size>()
  for (const name of fragments.keys())
    if (!measureFragment(name, fragments, sizes)) return undefined
  const largest = { ...emptySize }
  for (const operation of operations) {
    if (!operation.spreads.every(({ name }) => sizes.has(name))) return undefined
    raise(largest, addSizes(operation, sizes))
  }
  return largest
}

const emptySize: Size = {
  depth: 0,
  introspectionDepth: 0,
  aliases: 0,
  directives: 0,
  rootFields: 0,
  fields: 0,
}

/**
 * Measures a fragment after those that it spreads. There is no recursion, because a document may have as many fragments
 * as tokens.
 */
function measureFragment(
  fragmentName: string,
  fragments: ReadonlyMap<string, Definition>,
  sizes: Map<string, Size>,
): boolean {
  const stack = [fragmentName]
  /** The fragments that are being measured: those that lead to the current one. */
  const open = new Set<string>()
  for (let name = stack.at(-1); name !== undefined; name = stack.at(-1)) {
    const definition = fragments.get(name)
    if (definition === undefined) return false
    if (sizes.has(name)) stack.pop()
    else if (definition.spreads.length === 0 || open.has(name)) {
      sizes.set(name, addSizes(definition, sizes))
      open.delete(name)
      stack.pop()
    } else {
      open.add(name)
      for (const { name: inner } of definition.spreads) {
        if (open.has(inner)) return false
        if (!sizes.has(inner)) stack.push(inner)
      }
    }
  }
  return true
}

function addSizes(definition: Definition, sizes: ReadonlyMap<string, Size>): Size {
  if (definition.spreads.length === 0) return definition.size
  let { depth, introspectionDepth, aliases, directives, rootFields, fields } = definition.size
  for (const { name, depth: outerDepth, introspective } of definition.spreads) {
    const inner = sizes.get(name) ?? emptySize
    const fieldDepth = inner.depth && outerDepth + inner.depth
    const schemaDepth = inner.introspectionDepth && outerDepth + inner.introspectionDepth
    if (!introspective) depth = Math.max(depth, fieldDepth)
    introspectionDepth = Math.max(introspectionDepth, schemaDepth, introspective ? fieldDepth : 0)
    aliases += inner.aliases
    directives += inner.directives
    fields += inner.fields
    if (outerDepth === 0) rootFields += inner.rootFields
  }
  return { depth, introspectionDepth, aliases, directives, rootFields, fields }
}

/** Raises each number to that of another size if it is larger. */
function raise(largest: { -readonly [Key in keyof Size]: Size[Key] }, size: Size): void {
  largest.depth = Math.max(largest.depth, size.depth)
  largest.introspectionDepth = Math.max(largest.introspectionDepth, size.introspectionDepth)
  largest.aliases = Math.max(largest.aliases, size.aliases)
  largest.directives = Math.max(largest.directives, size.directives)
  largest.rootFields = Math.max(largest.rootFields, size.rootFields)
  largest.fields = Math.max(largest.fields, size.fields)
}
