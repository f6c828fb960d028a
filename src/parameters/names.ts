/**
 * Splits the names of parameters as servers do, such as `user[name]` and `user.name`, and decides whether a name may
 * mean a field. The readers of forms, queries and JSON call it. A name that servers read differently is not clear, and
 * its request is rejected.
 */
import { foldText } from './fold.ts'

/**
 * Splits a name into its parts: `user[email]` (Rack, PHP, qs), `user.email` (Spring, ASP.NET), `user:email` (JSF),
 * `main$email` (Web Forms) and `email(1i)` (Rails) all contain `email`. The name is folded before, and spaces are left
 * out because some servers trim them.
 */
function splitName(foldedName: string): string[] {
  return foldedName
    .replaceAll(' ', '')
    .split(/[^\p{L}\p{N}_-]+/u)
    .filter((part) => part !== '')
}

/**
 * Replaces the characters that a variable of PHP cannot have by `_`, as PHP does, and leaves out the closing bracket of
 * a name.
 */
function underscore(foldedName: string): string {
  return foldedName.replaceAll(/[^\p{L}\p{N}]/gu, '_').replace(/_$/, '')
}

/** A field in the forms with which the names of parameters are compared. */
interface FieldParts {
  readonly parts: readonly string[]
  readonly last: string | undefined
  readonly flat: string
  /** Whether a parameter `user` could contain the field `user.email` as a member. */
  readonly mayBeMember: boolean
}

function splitField(path: readonly string[]): FieldParts {
  const parts = path.flatMap((parameterName) => splitName(foldText(parameterName)))
  // In JSF, `form:email` is sent beside a parameter `form`, which does not contain it.
  const mayBeMember = !path.some((parameterName) => parameterName.includes(':'))
  return { parts, last: parts.at(-1), flat: underscore(foldText(path.join('.'))), mayBeMember }
}

function matches(field: FieldParts, parts: readonly string[], flat: string): boolean {
  if (flat === field.flat || (field.last !== undefined && parts.includes(field.last))) return true
  if (!field.mayBeMember || parts.length === 0 || parts.length >= field.parts.length) return false
  return parts.every((part, i) => part === field.parts[i])
}

/**
 * Creates a check for some fields: whether a server may read a parameter of this name as one of them, as a part of it,
 * or as what contains it. It is enough that one part of the name equals the last part of the field, in any position:
 * ASP.NET Core prefers `input.email` to `email`, and Rails' ParamsWrapper `session.email`. A name that is too long to
 * be split may be any of the fields.
 *
 * @param fields - names as the server knows them, or lists of the names that lead to a member
 */
export function createNameCheck(
  ...fields: ReadonlyArray<string | readonly string[]>
): (parameterName: string) => boolean {
  const fieldParts = fields.map((field) => splitField([field].flat()))
  return (parameterName) => {
    if (isUnreadName(parameterName)) return true
    // Folding is the slow part, so it happens once for all fields.
    const foldedName = foldText(parameterName)
    const parts = splitName(foldedName)
    const flat = underscore(foldedName)
    return fieldParts.some((field) => matches(field, parts, flat))
  }
}

/** Most names beyond ASCII in a request, because folding one of them costs as much as folding a hundred others. */
export const maxForeignNames = 200

/** Reports whether a name has characters beyond ASCII. */
export function isForeignName(parameterName: string): boolean {
  return /[^\0-\x7f]/.test(parameterName)
}

/** Most characters of a name that is split. No form has longer names. */
const maxNameLength = 1024

/** Most characters of a name beyond ASCII, where one character may fold to eighteen. */
const maxForeignNameLength = 256

/** Reports whether a name is so long that splitting it would take milliseconds. */
function isUnreadName(parameterName: string): boolean {
  if (parameterName.length <= maxForeignNameLength) return false
  return parameterName.length > maxNameLength || isForeignName(parameterName)
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const controls = /[\0-\x1f\x7f-\x9f]/

/**
 * Reports whether all servers read the same name. PHP ends it at a NUL, others trim control characters, and a server
 * that decodes twice reads another name if a decoded one contains `%`, `&`, `=` or `;`. Returns false for a name of
 * more than 1,024 characters, or 256 if one is beyond ASCII.
 */
export function isClearName(parameterName: string): boolean {
  return (
    !controls.test(parameterName) && !/[%&=;]/.test(parameterName) && !isUnreadName(parameterName)
  )
}
