/** Names of parameters, as servers take them apart. */
import { foldText } from './fold.ts'

/**
 * Parts of a name: `user[email]` (Rack, PHP, qs), `user.email` (Spring, ASP.NET), `user:email` (JSF), `main$email` (Web
 * Forms) and `email(1i)` (Rails) all hold `email`. Without case, marks and what some servers trim.
 */
function splitName(folded: string): string[] {
  return folded.split(/[^\p{L}\p{N}_-]+/u).filter((part) => part !== '')
}

function foldName(name: string): string {
  return foldText(name).replaceAll(' ', '')
}

/** PHP writes `_` for what no variable's name may hold; what closes a name is not counted. */
function underscore(name: string): string {
  return foldText(name)
    .replaceAll(/[^\p{L}\p{N}]/gu, '_')
    .replace(/_$/, '')
}

/**
 * Makes a check for one field: whether some server may take a parameter of this name for the field, for a part of it, or for
 * what holds it. A part that is called like the last part of the field is enough, wherever it stands: ASP.NET Core prefers
 * `input.email` over `email`, and Rails' ParamsWrapper `session.email`.
 *
 * @param field - the name as the server knows it, or the names that lead to a member
 */
export function createNameCheck(field: string | readonly string[]): (name: string) => boolean {
  const path = [field].flat()
  const own = path.flatMap((name) => splitName(foldName(name)))
  const last = own.at(-1)
  const flat = underscore(path.join('.'))
  return (name) => {
    if (underscore(name) === flat) return true
    const parts = splitName(foldName(name))
    if (last !== undefined && parts.includes(last)) return true
    return parts.length > 0 && parts.length < own.length && parts.every((part, i) => part === own[i])
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const controls = /[\0-\x1f\x7f-\x9f]/

/**
 * Whether servers agree on where a name ends: PHP ends it at a NUL and others trim control characters; who decodes twice
 * finds what `%`, `&`, `=` and `;` lead to.
 */
export function isClearName(name: string): boolean {
  return !controls.test(name) && !/[%&=;]/.test(name)
}
