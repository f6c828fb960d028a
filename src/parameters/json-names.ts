/**
 * Checks the names in a JSON text, and reads members if all servers find the same ones. The login throttle, the method
 * override and the GraphQL guard call it. The caller rejects a text with doubtful names; only `createMemberReader`
 * needs a parsed value.
 */
import { NameTable } from './name-table.ts'
import { createNameCheck } from './names.ts'

const [quote, comma, slash, backslash, lowerU] = [0x22, 0x2c, 0x2f, 0x5c, 0x75]
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d]

/** Marks a list in the place of the number of an object. */
const list = 0

/** Created with the first text, because a Worker cannot create random numbers while it is loaded. */
let table: NameTable | undefined

/** Reports whether a JSON text is a list. */
export function beginsList(jsonText: string): boolean {
  return /^[\t\n\r ]*\[/.test(jsonText)
}

/** Reports whether servers agree on the names of a JSON text; see {@link checkNames}. */
export function hasClearNames(jsonText: string): boolean {
  return checkNames(jsonText) === 'clear'
}

/**
 * Checks whether servers agree on the names of a JSON text. No object may have two members with the same name, of which
 * parsers choose different ones (RFC 8259 section 4). No name may contain a control character, at which some parsers
 * end a name, or a lone surrogate, which some replace. It takes one pass without recursion. The result for a text that
 * is not JSON has no meaning.
 *
 * @param maxMembers - most members of the object itself, not counting those of its members; any number by default
 */
export function checkNames(
  jsonText: string,
  maxMembers: number = Number.POSITIVE_INFINITY,
): 'clear' | 'unclear' | 'too-many' {
  table ??= new NameTable()
  table.begin()
  const isSame = (nameIndex: number, otherIndex: number): boolean =>
    readName(jsonText, nameIndex) === readName(jsonText, otherIndex)
  const position = new Position(table)
  let members = 0

  for (let offset = 0; offset < jsonText.length; offset++) {
    const charCode = jsonText.charCodeAt(offset)
    if (charCode !== quote) {
      position.pass(charCode)
      continue
    }
    if (!position.beginsMember) {
      offset = findStringEnd(jsonText, offset + 1)
      continue
    }

    position.beginsMember = false
    if (position.depth === 1 && ++members > maxMembers) return 'too-many'
    const name = hashName(jsonText, offset + 1, table)
    if (name === undefined || table.add(name.hash, position.container, offset, isSame))
      return 'unclear'
    offset = name.endIndex
  }

  return 'clear'
}

/** Tracks which object or list of a JSON text the scan is in. */
class Position {
  /** The number of the innermost open object, or {@link list} container a list. */
  container = list
  /** Whether the next string is a name. */
  beginsMember = false
  readonly #outerContainers: number[] = []
  readonly #table: NameTable

  constructor(nameTable: NameTable) {
    this.#table = nameTable
  }

  /** Number of open objects and lists. */
  get depth(): number {
    return this.#outerContainers.length
  }

  /** Reads a character outside of strings. */
  pass(charCode: number): void {
    if (charCode === comma) this.beginsMember = this.container !== list
    else if (charCode === openObject || charCode === openList) {
      this.#outerContainers.push(this.container)
      this.beginsMember = charCode === openObject
      this.container = this.beginsMember ? this.#table.createOwner() : list
    } else if (charCode === closeObject || charCode === closeList) {
      this.container = this.#outerContainers.pop() ?? list
    }
  }
}

/**
 * Hashes the characters of a name, with its escapes decoded. Returns undefined if the name contains a control character
 * or a lone surrogate.
 */
function hashName(
  jsonText: string,
  startIndex: number,
  { seed, factor }: NameTable,
): { readonly hash: number; readonly endIndex: number } | undefined {
  let hash = seed
  let needsLow = false
  let offset = startIndex

  for (; offset < jsonText.length; offset++) {
    let unit = jsonText.charCodeAt(offset)
    if (unit === quote) break
    if (unit === backslash) {
      unit = readEscapedUnit(jsonText, offset + 1)
      offset += jsonText.charCodeAt(offset + 1) === lowerU ? 5 : 1
    }
    // These are the control characters: the category Cc of Unicode.
    if (unit < 0x20 || (unit >= 0x7f && unit <= 0x9f)) return undefined
    const isLow = unit >= 0xdc00 && unit <= 0xdfff
    if (isLow !== needsLow) return undefined
    needsLow = unit >= 0xd800 && unit <= 0xdbff
    hash = Math.imul(hash ^ unit, factor)
  }

  return needsLow ? undefined : { hash: hash ^ (hash >>> 16), endIndex: offset }
}

/**
 * Decodes the escape after a backslash into a code unit. Returns 0 for a control character, and for an escape that JSON
 * does not have.
 */
function readEscapedUnit(jsonText: string, offset: number): number {
  const letter = jsonText.charCodeAt(offset)
  if (letter !== lowerU) {
    return letter === quote || letter === backslash || letter === slash ? letter : 0
  }

  let unit = 0
  for (let digitIndex = offset + 1; digitIndex < offset + 5; digitIndex++) {
    const code = jsonText.charCodeAt(digitIndex)
    // For anything but hexadecimal digits the text is not JSON, and its parser fails later.
    unit = unit * 16 + (code <= 0x39 ? code - 0x30 : (code | 0x20) - 0x57)
  }
  return unit
}

/** Returns the name that begins at a quotation mark, with its escapes decoded. */
function readName(jsonText: string, startIndex: number): string {
  return JSON.parse(jsonText.slice(startIndex, findStringEnd(jsonText, startIndex + 1) + 1))
}

/** Returns the index of the quotation mark that ends a string. */
function findStringEnd(jsonText: string, fromIndex: number): number {
  // `indexOf` is fast, and most of the text may be one string.
  let endIndex = jsonText.indexOf('"', fromIndex)
  while (endIndex !== -1 && isEscaped(jsonText, endIndex, fromIndex))
    endIndex = jsonText.indexOf('"', endIndex + 1)
  return endIndex === -1 ? jsonText.length : endIndex
}

/** Reports whether an odd number of backslashes precedes an index. */
function isEscaped(jsonText: string, offset: number, fromIndex: number): boolean {
  let index = offset - 1
  while (index >= fromIndex && jsonText.charCodeAt(index) === backslash) index--
  return (offset - 1 - index) % 2 === 1
}

/** The result of a search for one member in a parsed JSON value. */
export type JsonMember =
  | { readonly status: 'found'; readonly value: unknown }
  /** No member could be read as the one that was searched for. */
  | { readonly status: 'absent' }
  | { readonly status: 'unclear' }

/** Most members of a login, at any depth. No client sends more with a password, and each of them is checked. */
const maxMemberCount = 500

/** Creates a reader for the member at a path. {@link createNameCheck} says which other names could be read as it. */
export function createMemberReader(path: readonly string[]): (value: unknown) => JsonMember {
  const mayMean = createNameCheck(path)
  const memberChecks = path.map((parameterName) => createNameCheck(parameterName))
  return (value) => {
    if (countNames(value, () => true) > maxMemberCount) return unclear
    if (countNames(value, mayMean) === 0) return { status: 'absent' }
    let current = value
    for (const [i, parameterName] of path.entries()) {
      if (typeof current !== 'object' || current === null || Array.isArray(current)) return unclear
      const names = Object.keys(current).filter((name) => memberChecks[i]?.(name))
      if (names.length !== 1 || names[0] !== parameterName) return unclear
      current = (current as Record<string, unknown>)[parameterName]
    }
    return countNames(
      value,
      (parameterName) => mayMean(parameterName) && !path.slice(0, -1).includes(parameterName),
    ) === 1
      ? { status: 'found', value: current }
      : unclear
  }
}

const unclear: JsonMember = { status: 'unclear' }

/** Counts the members, at any depth, whose names pass a test. It takes no recursion. */
export function countNames(value: unknown, test: (parameterName: string) => boolean): number {
  let count = 0
  const pending: unknown[] = [value]
  while (pending.length > 0) {
    const current = pending.pop()
    if (typeof current !== 'object' || current === null) continue
    if (!Array.isArray(current))
      for (const parameterName of Object.keys(current)) if (test(parameterName)) count++
    for (const member of Object.values(current))
      if (typeof member === 'object') pending.push(member)
  }
  return count
}
