/**
 * Looks over the text of JSON before it is parsed: how deep it is, and what its keys are. The JSON
 * reader and the GraphQL guard call it. Text that is no JSON may pass, since the parser comes
 * next.
 */

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d]

/**
 * Whether JSON is no deeper than `maxDepth` and has no key that leads to a prototype. One pass, no recursion; what is no
 * JSON may pass, since the parser comes next.
 */
export function jsonFits(jsonText: string, maxDepth: number): boolean {
  /** Whether the value at each depth belongs to a key `constructor`. */
  const inConstructor: boolean[] = [false]
  let depth = 0
  let isConstructorKey = false

  for (let index = 0; index < jsonText.length; index++) {
    const charCode = jsonText.charCodeAt(index)
    if (isOpening(charCode)) {
      if (++depth > maxDepth) return false
      inConstructor[depth] = isConstructorKey
      isConstructorKey = false
    } else if (isClosing(charCode)) {
      if (--depth < 0) return false
      isConstructorKey = false
    } else if (charCode === quote) {
      const endIndex = endOfString(jsonText, index + 1)
      if (endIndex === -1) return false

      const key = readKey(jsonText, index, endIndex)
      if (leadsToPrototype(key, inConstructor[depth])) return false

      isConstructorKey = key === 'constructor'
      index = endIndex
    }
  }

  return true
}

function isOpening(charCode: number): boolean {
  return charCode === openObject || charCode === openList
}

function isClosing(charCode: number): boolean {
  return charCode === closeObject || charCode === closeList
}

function leadsToPrototype(key: string | undefined, inConstructor: boolean | undefined): boolean {
  return key === '__proto__' || (key === 'prototype' && inConstructor === true)
}

function endOfString(jsonText: string, startIndex: number): number {
  for (let index = startIndex; index < jsonText.length; index++) {
    const charCode = jsonText.charCodeAt(index)
    if (charCode === quote) return index
    if (charCode === backslash) index++
  }

  return -1
}

function isFollowedByColon(jsonText: string, startIndex: number): boolean {
  for (let index = startIndex; index < jsonText.length; index++) {
    const charCode = jsonText.charCodeAt(index)
    if (charCode === colon) return true
    // JSON's white space, RFC 8259 section 2.
    if (charCode !== 0x20 && charCode !== 0x0a && charCode !== 0x0d && charCode !== 0x09)
      return false
  }

  return false
}

/**
 * Reads the key that a string is, or undefined where no colon follows. Escapes are undone, for `"\u005f_proto__"` is the
 * same key. A string that is none makes the parser fail later.
 */
function readKey(jsonText: string, startIndex: number, endIndex: number): string | undefined {
  if (!isFollowedByColon(jsonText, endIndex + 1)) return undefined

  const raw = jsonText.slice(startIndex + 1, endIndex)
  if (!raw.includes('\\')) return raw
  try {
    return JSON.parse(jsonText.slice(startIndex, endIndex + 1)) as string
  } catch {
    return raw
  }
}
