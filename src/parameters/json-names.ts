/** Names in a JSON text, where all servers find the same ones. */
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
export function hasClearNames(json: string): boolean {
  // What stands raw in the text is looked for once; a name may also be written with escapes.
  const hasUnclear = maybeUnclear.test(json)
  // The names of each object that is open; a list of empty objects is made of nothing else.
  const openObjects: Array<Set<string> | undefined> = []
  let index = 0

  while (index < json.length) {
    const code = json.charCodeAt(index)
    if (code === openObject) openObjects.push(undefined)
    else if (code === closeObject) openObjects.pop()
    if (code !== quote) {
      index++
      continue
    }

    const end = findStringEnd(json, index + 1)
    if (json.charCodeAt(skipSpace(json, end)) === colon) {
      const { name, isEscaped } = readName(json, index, end)
      if ((hasUnclear || isEscaped) && unclearCharacters.test(name)) return false
      if (!addName(openObjects, name)) return false
    }
    index = end
  }

  return true
}

/** Adds a name to those of the innermost open object. Returns false where that object has it already. */
function addName(openObjects: Array<Set<string> | undefined>, name: string): boolean {
  const depth = openObjects.length - 1
  if (depth < 0) return true

  const names = openObjects[depth]
  if (names === undefined) openObjects[depth] = new Set([name])
  else if (names.has(name)) return false
  else names.add(name)

  return true
}

/** The same and pairs of surrogates, which is found faster. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const maybeUnclear = /[\0-\x1f\x7f-\x9f\ud800-\udfff]/

/** Control characters, and half pairs of surrogates. */
const unclearCharacters = /[\p{Cc}\p{Cs}]/u

/** The place behind the quotation mark that ends a string. */
function findStringEnd(json: string, from: number): number {
  // Natively: a string may be most of the text.
  let end = json.indexOf('"', from)
  while (end !== -1 && isEscaped(json, end, from)) end = json.indexOf('"', end + 1)
  return end === -1 ? json.length : end + 1
}

/** Whether an odd number of backslashes stands before a place. */
function isEscaped(json: string, at: number, from: number): boolean {
  let before = at - 1
  while (before >= from && json.charCodeAt(before) === backslash) before--
  return (at - 1 - before) % 2 === 1
}

function readName(
  json: string,
  start: number,
  end: number,
): { readonly name: string; readonly isEscaped: boolean } {
  const raw = json.slice(start + 1, end - 1)
  const isEscaped = raw.includes('\\')
  return { name: isEscaped ? (JSON.parse(json.slice(start, end)) as string) : raw, isEscaped }
}

function skipSpace(text: string, from: number): number {
  let at = from
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
  const memberChecks = path.map((name) => createNameCheck(name))
  return (value) => {
    if (countNames(value, () => true) > mostMembers) return unclear
    if (countNames(value, mayMean) === 0) return { status: 'absent' }
    let at = value
    for (const [i, name] of path.entries()) {
      if (typeof at !== 'object' || at === null || Array.isArray(at)) return unclear
      const names = Object.keys(at).filter((one) => memberChecks[i]?.(one))
      if (names.length !== 1 || names[0] !== name) return unclear
      at = (at as Record<string, unknown>)[name]
    }
    return countNames(value, (name) => mayMean(name) && !path.slice(0, -1).includes(name)) === 1
      ? { status: 'found', value: at }
      : unclear
  }
}

const unclear: JsonMember = { status: 'unclear' }

/** How many members at any depth have a name that passes a test. No recursion. */
export function countNames(value: unknown, test: (name: string) => boolean): number {
  let found = 0
  const open: unknown[] = [value]
  while (open.length > 0) {
    const next = open.pop()
    if (typeof next !== 'object' || next === null) continue
    if (!Array.isArray(next)) for (const name of Object.keys(next)) if (test(name)) found++
    for (const member of Object.values(next)) if (typeof member === 'object') open.push(member)
  }
  return found
}
