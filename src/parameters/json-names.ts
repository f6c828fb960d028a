/**
 * Checks names in a JSON text, and reads members where all servers find the same ones. The login
 * throttle, the method override and the GraphQL guard call it. A text with doubtful names is
 * rejected by its caller; nothing here throws.
 */
import { NameTable } from './name-table.ts'
import { createNameCheck } from './names.ts'

const [quote, comma, slash, backslash, lowerU] = [0x22, 0x2c, 0x2f, 0x5c, 0x75]
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d]

/** Stands for a list where the numbers of objects stand. */
const list = 0

/** Created with the first text, since nothing random may be asked for while a Worker is loaded. */
let table: NameTable | undefined

/** Whether a JSON text is a list. */
export function beginsList(jsonText: string): boolean {
  return /^[\t\n\r ]*\[/.test(jsonText)
}

/** Whether servers agree on the names of a JSON text; see {@link checkNames}. */
export function hasClearNames(jsonText: string): boolean {
  return checkNames(jsonText) === 'clear'
}

/**
 * Checks whether servers agree on the names of a JSON text: no object has two members of one name, which parsers settle
 * differently (RFC 8259 section 4), and no name has a control character or half a pair of surrogates in it, where some
 * parsers end a name or write another character. What it says of a text that is no JSON means nothing. One pass, no
 * recursion.
 *
 * @param maxMembers - members that the object itself may have, without those of its members; any number by default
 */
export function checkNames(
  jsonText: string,
  maxMembers: number = Number.POSITIVE_INFINITY,
): 'clear' | 'unclear' | 'too-many' {
  table ??= new NameTable()
  table.begin()
  const isSame = (place: number, otherPlace: number): boolean =>
    readName(jsonText, place) === readName(jsonText, otherPlace)
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
    if (name === undefined || table.add(name.hash, position.inside, offset, isSame))
      return 'unclear'
    offset = name.endIndex
  }

  return 'clear'
}

/** Which object or list of a JSON text a place is in. */
class Position {
  /** The innermost object that is open, by its number, or {@link list}. */
  inside = list
  /** Whether a string here is a name. */
  beginsMember = false
  readonly #around: number[] = []
  readonly #table: NameTable

  constructor(nameTable: NameTable) {
    this.#table = nameTable
  }

  /** How many objects and lists are open. */
  get depth(): number {
    return this.#around.length
  }

  /** Goes past a character that is in no string. */
  pass(charCode: number): void {
    if (charCode === comma) this.beginsMember = this.inside !== list
    else if (charCode === openObject || charCode === openList) {
      this.#around.push(this.inside)
      this.beginsMember = charCode === openObject
      this.inside = this.beginsMember ? this.#table.createOwner() : list
    } else if (charCode === closeObject || charCode === closeList) {
      this.inside = this.#around.pop() ?? list
    }
  }
}

/**
 * Hashes the characters of a name, with its escapes undone. undefined: it has a control character or half a pair of
 * surrogates in it.
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
    // Control characters: the category Cc of Unicode.
    if (unit < 0x20 || (unit >= 0x7f && unit <= 0x9f)) return undefined
    const isLow = unit >= 0xdc00 && unit <= 0xdfff
    if (isLow !== needsLow) return undefined
    needsLow = unit >= 0xd800 && unit <= 0xdbff
    hash = Math.imul(hash ^ unit, factor)
  }

  return needsLow ? undefined : { hash: hash ^ (hash >>> 16), endIndex: offset }
}

/** The code unit that an escape stands for, from behind its backslash on; 0 for a control character, or no escape of JSON. */
function readEscapedUnit(jsonText: string, offset: number): number {
  const letter = jsonText.charCodeAt(offset)
  if (letter !== lowerU) {
    return letter === quote || letter === backslash || letter === slash ? letter : 0
  }

  let unit = 0
  for (let digitAt = offset + 1; digitAt < offset + 5; digitAt++) {
    const code = jsonText.charCodeAt(digitAt)
    // Digits of hexadecimal numbers only, or else the text is no JSON, which its parser says.
    unit = unit * 16 + (code <= 0x39 ? code - 0x30 : (code | 0x20) - 0x57)
  }
  return unit
}

/** The name that begins at a quotation mark, with its escapes undone. */
function readName(jsonText: string, startIndex: number): string {
  return JSON.parse(jsonText.slice(startIndex, findStringEnd(jsonText, startIndex + 1) + 1))
}

/** The place of the quotation mark that ends a string. */
function findStringEnd(jsonText: string, fromIndex: number): number {
  // Natively: a string may be most of the text.
  let endIndex = jsonText.indexOf('"', fromIndex)
  while (endIndex !== -1 && isEscaped(jsonText, endIndex, fromIndex))
    endIndex = jsonText.indexOf('"', endIndex + 1)
  return endIndex === -1 ? jsonText.length : endIndex
}

/** Whether an odd number of backslashes stands before a place. */
function isEscaped(jsonText: string, offset: number, fromIndex: number): boolean {
  let before = offset - 1
  while (before >= fromIndex && jsonText.charCodeAt(before) === backslash) before--
  return (offset - 1 - before) % 2 === 1
}

/** A JSON value that was parsed within a depth, and looked through for one member. */
export type JsonMember =
  | { readonly status: 'found'; readonly value: unknown }
  /** Nothing in the value could be taken for the member. */
  | { readonly status: 'absent' }
  | { readonly status: 'unclear' }

/** Members at any depth that a login has at most; nobody sends more with a password, and each is looked at. */
const mostMembers = 500

/** Makes a reader of the member at a path; see {@link createNameCheck} for what else could be meant by it. */
export function createMemberReader(path: readonly string[]): (value: unknown) => JsonMember {
  const mayMean = createNameCheck(path)
  const memberChecks = path.map((parameterName) => createNameCheck(parameterName))
  return (value) => {
    if (countNames(value, () => true) > mostMembers) return unclear
    if (countNames(value, mayMean) === 0) return { status: 'absent' }
    let current = value
    for (const [i, parameterName] of path.entries()) {
      if (typeof current !== 'object' || current === null || Array.isArray(current)) return unclear
      const names = Object.keys(current).filter((one) => memberChecks[i]?.(one))
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

/** How many members at any depth have a name that passes a test. No recursion. */
export function countNames(value: unknown, test: (parameterName: string) => boolean): number {
  let found = 0
  const open: unknown[] = [value]
  while (open.length > 0) {
    const next = open.pop()
    if (typeof next !== 'object' || next === null) continue
    if (!Array.isArray(next))
      for (const parameterName of Object.keys(next)) if (test(parameterName)) found++
    for (const member of Object.values(next)) if (typeof member === 'object') open.push(member)
  }
  return found
}
