/**
 * Reads names of parameters as servers take them apart, such as `user[name]` and `user.name`. The
 * readers of forms, queries and JSON call it. A name that servers read differently is not clear,
 * and its request is rejected.
 */
import { foldText } from './fold.ts'

/**
 * Parts of a name: `user[email]` (Rack, PHP, qs), `user.email` (Spring, ASP.NET), `user:email` (JSF), `main$email` (Web
 * Forms) and `email(1i)` (Rails) all hold `email`. Without case, marks and what some servers trim.
 */
function splitName(folded: string): string[] {
  return folded
    .replaceAll(' ', '')
    .split(/[^\p{L}\p{N}_-]+/u)
    .filter((part) => part !== '')
}

/** As PHP does, replaces what a variable's name may not hold by `_`; the closing bracket of a name is left out. */
function underscore(folded: string): string {
  return folded.replaceAll(/[^\p{L}\p{N}]/gu, '_').replace(/_$/, '')
}

/** A field, in the forms that the names of parameters are compared with. */
interface FieldParts {
  readonly parts: readonly string[]
  readonly last: string | undefined
  readonly flat: string
  /** Whether a parameter `user` could hold the field `user.email` as a member. */
  readonly mayBeMember: boolean
}

function splitField(path: readonly string[]): FieldParts {
  const parts = path.flatMap((parameterName) => splitName(foldText(parameterName)))
  // In JSF `form:email` stands beside a parameter `form`, which does not hold it.
  const mayBeMember = !path.some((parameterName) => parameterName.includes(':'))
  return { parts, last: parts.at(-1), flat: underscore(foldText(path.join('.'))), mayBeMember }
}

function matches(field: FieldParts, parts: readonly string[], flat: string): boolean {
  if (flat === field.flat || (field.last !== undefined && parts.includes(field.last))) return true
  if (!field.mayBeMember || parts.length === 0 || parts.length >= field.parts.length) return false
  return parts.every((part, i) => part === field.parts[i])
}

/**
 * Makes a check for some fields: whether a server may take a parameter of this name for one of them, for a part of it, or for
 * what holds it. A part that is called like the last part of the field is enough, wherever it stands: ASP.NET Core prefers
 * `input.email` over `email`, and Rails' ParamsWrapper `session.email`. A name that is too long to be looked at may be any
 * of them.
 *
 * @param fields - names as the server knows them, or lists of the names that lead to a member
 */
export function createNameCheck(
  ...fields: ReadonlyArray<string | readonly string[]>
): (parameterName: string) => boolean {
  const wanted = fields.map((field) => splitField([field].flat()))
  return (parameterName) => {
    if (isUnreadName(parameterName)) return true
    // Folded once for all fields, because folding is what takes time.
    const folded = foldText(parameterName)
    const parts = splitName(folded)
    const flat = underscore(folded)
    return wanted.some((field) => matches(field, parts, flat))
  }
}

/** Names beyond ASCII that a request may have: to fold one costs as much as to fold a hundred others. */
export const mostForeignNames = 200

/** Whether a name has characters beyond ASCII. */
export function isForeignName(parameterName: string): boolean {
  return /[^\0-\x7f]/.test(parameterName)
}

/** Characters of a name that is looked at. No form has longer ones. */
const longestName = 1024

/** The same for names beyond ASCII: one character may fold to eighteen. */
const longestForeignName = 256

/** Whether a name is so long that to take it apart would cost milliseconds. */
function isUnreadName(parameterName: string): boolean {
  if (parameterName.length <= longestForeignName) return false
  return parameterName.length > longestName || isForeignName(parameterName)
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const controls = /[\0-\x1f\x7f-\x9f]/

/**
 * Whether all servers read the same name. PHP ends it at a NUL, others trim control characters, and a server that decodes
 * twice reads another name where a decoded one contains `%`, `&`, `=` or `;`. False for a name of more than 1,024 characters,
 * or 256 where one is beyond ASCII.
 */
export function isClearName(parameterName: string): boolean {
  return (
    !controls.test(parameterName) && !/[%&=;]/.test(parameterName) && !isUnreadName(parameterName)
  )
}
