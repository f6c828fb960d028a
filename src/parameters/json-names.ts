/**
 * Checks names in a JSON text, and reads members where all servers find the same ones. The login
 * throttle, the method override and the GraphQL guard call it. A text with doubtful names is
 * rejected by its caller; nothing here throws.
 */
import { createNameCheck } from './names.ts'

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a
const openObject = 0x7b
const closeObject = 0x7d

/**
 * Whether servers agree on the names of a JSON text: no object has two members of one name, which parsers settle
 * differently (RFC 8259 section 4), and no name has a control character or half a pair of surrogates in it, where some
 * parsers end a name or write another character. The text must be JSON, as `JSON.parse` has it: then a string before a
 * colon is a name. One pass, no recursion.
 */
export function hasClearNames(jsonText: string): boolean {
  // The raw text is searched once; a name may also be written with escapes.
  const hasUnclear = maybeUnclear.test(jsonText)
  // The names of each object that is open; a list of empty objects is made of nothing else.
  const openObjects: Array<Set<string> | undefined> = []
  let index = 0

  while (index < jsonText.length) {
    const charCode = jsonText.charCodeAt(index)
    if (charCode === openObject) openObjects.push(undefined)
    else if (charCode === closeObject) openObjects.pop()
    if (charCode !== quote) {
      index++
      continue
    }

    const endIndex = findStringEnd(jsonText, index + 1)
    if (jsonText.charCodeAt(skipSpace(jsonText, endIndex)) === colon) {
      const { name, isEscaped } = readName(jsonText, index, endIndex)
      if ((hasUnclear || isEscaped) && unclearCharacters.test(name)) return false
      if (!addName(openObjects, name)) return false
    }
    index = endIndex
  }

  return true
}

/** Adds a name to those of the innermost open object. Returns false where that object has it already. */
function addName(openObjects: Array<Set<string> | undefined>, parameterName: string): boolean {
  const depth = openObjects.length - 1
  if (depth < 0) return true

  const names = openObjects[depth]
  if (names === undefined) openObjects[depth] = new Set([parameterName])
  else if (names.has(parameterName)) return false
  else names.add(parameterName)

  return true
}

/** The same and pairs of surrogates, which is found faster. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const maybeUnclear = /[\0-\x1f\x7f-\x9f\ud800-\udfff]/

/** Control characters, and half pairs of surrogates. */
const unclearCharacters = /[\p{Cc}\p{Cs}]/u

/** The place behind the quotation mark that ends a string. */
function findStringEnd(jsonText: string, fromIndex: number): number {
  // Natively: a string may be most of the text.
  let endIndex = jsonText.indexOf('"', fromIndex)
  while (endIndex !== -1 && isEscaped(jsonText, endIndex, fromIndex))
    endIndex = jsonText.indexOf('"', endIndex + 1)
  return endIndex === -1 ? jsonText.length : endIndex + 1
}

/** Whether an odd number of backslashes stands before a place. */
function isEscaped(jsonText: string, at: number, fromIndex: number): boolean {
  let before = at - 1
  while (before >= fromIndex && jsonText.charCodeAt(before) === backslash) before--
  return (at - 1 - before) % 2 === 1
}

function readName(
  jsonText: string,
  startIndex: number,
  endIndex: number,
): { readonly name: string; readonly isEscaped: boolean } {
  const raw = jsonText.slice(startIndex + 1, endIndex - 1)
  const isEscaped = raw.includes('\\')
  return {
    name: isEscaped ? (JSON.parse(jsonText.slice(startIndex, endIndex)) as string) : raw,
    isEscaped,
  }
}

function skipSpace(text: string, fromIndex: number): number {
  let at = fromIndex
  while (at < text.length && text.charCodeAt(at) <= 0x20) at++
  return at
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
    let at = value
    for (const [i, parameterName] of path.entries()) {
      if (typeof at !== 'object' || at === null || Array.isArray(at)) return unclear
      const names = Object.keys(at).filter((one) => memberChecks[i]?.(one))
      if (names.length !== 1 || names[0] !== parameterName) return unclear
      at = (at as Record<string, unknown>)[parameterName]
    }
    return countNames(
      value,
      (parameterName) => mayMean(parameterName) && !path.slice(0, -1).includes(parameterName),
    ) === 1
      ? { status: 'found', value: at }
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
