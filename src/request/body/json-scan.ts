/**
 * Scans the text of JSON before it is parsed: how deep it is nested, and whether it has keys that
 * lead to a prototype. `readJson()`, `parseJson` and the GraphQL guard call it. It takes one pass
 * without recursion and throws nothing. It does not validate JSON: malformed text may give true,
 * because the parser follows.
 */

const quote = 0x22
const backslash = 0x5c
const [colon, lowerU] = [0x3a, 0x75]
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d]

/** Reports whether JSON is no deeper than `maxDepth` and has no key that leads to a prototype. */
export function jsonFits(jsonText: string, maxDepth: number): boolean {
  /** For each depth, whether the value there belongs to a key `constructor`. */
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

      const key = findKey(jsonText, index + 1, endIndex)
      if (leadsToPrototype(key, inConstructor[depth])) return false

      isConstructorKey = isWritten(key, 'constructor')
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

/** A string of JSON without its quotation marks. */
interface RawString {
  readonly jsonText: string
  readonly startIndex: number
  readonly endIndex: number
}

/** Returns a string that is a key, or undefined if no colon follows it. */
function findKey(jsonText: string, startIndex: number, endIndex: number): RawString | undefined {
  const isKey = isFollowedByColon(jsonText, endIndex + 1)
  return isKey ? { jsonText, startIndex, endIndex } : undefined
}

function leadsToPrototype(key: RawString | undefined, inConstructor: boolean | undefined): boolean {
  return isWritten(key, '__proto__') || (inConstructor === true && isWritten(key, 'prototype'))
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
    // These are the white space characters of JSON (RFC 8259 section 2).
    if (charCode !== 0x20 && charCode !== 0x0a && charCode !== 0x0d && charCode !== 0x09)
      return false
  }

  return false
}

/**
 * Reports whether a key, if there is one, is exactly a word of letters and underscores. Escapes are decoded, because
 * `"\u005f_proto__"` is the same key. Most strings differ from the word in their first character.
 */
function isWritten(key: RawString | undefined, word: string): boolean {
  if (key === undefined) return false

  const { jsonText, startIndex, endIndex } = key
  let index = startIndex

  for (let i = 0; i < word.length; i++) {
    if (index >= endIndex) return false

    let charCode = jsonText.charCodeAt(index++)
    if (charCode === backslash) {
      if (jsonText.charCodeAt(index) !== lowerU) return false
      charCode = Number.parseInt(jsonText.slice(index + 1, index + 5), 16)
      index += 5
    }
    if (charCode !== word.charCodeAt(i)) return false
  }

  return index === endIndex
}
