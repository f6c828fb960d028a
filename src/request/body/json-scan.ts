/** Looks over the text of JSON before it is parsed: how deep it is, and what its keys are. */

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d]

/**
 * Whether JSON is no deeper than `maxDepth` and has no key that leads to a prototype. One pass, no recursion; what is no
 * JSON may pass, since the parser comes next.
 */
export function jsonFits(text: string, maxDepth: number): boolean {
  /** Whether the value at each depth belongs to a key `constructor`. */
  const inConstructor: boolean[] = [false]
  let depth = 0
  let isConstructorKey = false

  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === openObject || code === openList) {
      if (++depth > maxDepth) return false
      inConstructor[depth] = isConstructorKey
      isConstructorKey = false
    } else if (code === closeObject || code === closeList) {
      if (--depth < 0) return false
      isConstructorKey = false
    } else if (code === quote) {
      const end = endOfString(text, index + 1)
      if (end === -1) return false

      const key = isFollowedByColon(text, end + 1) ? readKey(text, index, end) : undefined
      if (leadsToPrototype(key, inConstructor[depth])) return false

      isConstructorKey = key === 'constructor'
      index = end
    }
  }

  return true
}

function leadsToPrototype(key: string | undefined, inConstructor: boolean | undefined): boolean {
  return key === '__proto__' || (key === 'prototype' && inConstructor === true)
}

function endOfString(text: string, start: number): number {
  for (let index = start; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === quote) return index
    if (code === backslash) index++
  }

  return -1
}

function isFollowedByColon(text: string, start: number): boolean {
  for (let index = start; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === colon) return true
    // JSON's white space, RFC 8259 section 2.
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return false
  }

  return false
}

/** Escapes are undone, for `"\u005f_proto__"` is the same key. A string that is none makes the parser fail later. */
function readKey(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end)
  if (!raw.includes('\\')) return raw
  try {
    return JSON.parse(text.slice(start, end + 1)) as string
  } catch {
    return raw
  }
}
