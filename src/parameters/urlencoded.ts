/**
 * Reads the parameters of a query or of a form where all servers find the same ones. The login
 * throttle, the method override and the GraphQL guard call it. A text that servers could read in
 * two ways gives undefined.
 */
import { foldText } from './fold.ts'
import { isClearName, isForeignName, mostForeignNames } from './names.ts'

/** A name and its value, decoded. */
export type Parameter = readonly [name: string, value: string]

/** PHP, qs and Tomcat leave out what is beyond, Django refuses it. */
const mostParameters = 1000

/** Printable ASCII without space and semicolon. */
const plain = /^[!-:<-~]*$/
const plainWithSemicolons = /^[!-~]*$/

/** How an urlencoded text is read. */
export interface ReadParametersOptions {
  /** Whether a raw `;` stands for itself. The caller must look at {@link possibleNames} as well. Default false. */
  readonly keepsSemicolons?: boolean
}

/**
 * Reads an urlencoded text, such as a query without `?` or the body of a form. undefined where the servers we know would not
 * all find the same parameters in it:
 *
 * - a raw `;` (Rack before 3, Python before 3.10, Perl and Go split or drop there), a raw space (Rack skips it behind `&`);
 * - raw bytes beyond ASCII, and escapes that are not UTF-8 (`%E9`): Java, PHP and Ruby each make another text of them;
 * - `%` without two hexadecimal digits (`%u0065` is a letter to ASP.NET, an error to Java, itself to PHP);
 * - control characters in names (PHP ends a name at NUL), and names that decoding twice would change;
 * - `_charset_` with another charset than UTF-8; more than 1,000 parameters, or 200 with names beyond ASCII.
 */
export function readParameters(
  text: string,
  { keepsSemicolons = false }: ReadParametersOptions = {},
): readonly Parameter[] | undefined {
  if (!(keepsSemicolons ? plainWithSemicolons : plain).test(text)) return undefined
  const found: Parameter[] = []
  let foreign = 0
  for (const part of text.split('&')) {
    if (part === '') continue
    if (found.length === mostParameters) return undefined
    const at = part.indexOf('=')
    const name = decode(at === -1 ? part : part.slice(0, at))
    const value = at === -1 ? '' : decode(part.slice(at + 1))
    if (name === undefined || value === undefined || !isClearName(name)) return undefined
    if (isForeignName(name) && ++foreign > mostForeignNames) return undefined
    if (setsCharset(name, value)) return undefined
    found.push([name, value])
  }
  return found
}

/** Underscores, and what is folded to one: most names have none of them. */
const underscores = /[_\uff3f\ufe33\ufe34\ufe4d-\ufe4f]/

/** Whether a form says by its field `_charset_` (HTML section 4.10.18.5) that it is not in UTF-8. */
export function setsCharset(parameterName: string, value: string): boolean {
  return (
    underscores.test(parameterName) &&
    foldText(parameterName) === '_charset_' &&
    !/^utf-?8$/i.test(value)
  )
}

/**
 * Names that some server may find in an urlencoded text, also where {@link readParameters} finds none: split at `&` and `;`,
 * and at the NUL and control characters within. What cannot be decoded stands as it was sent. Each name is there as often
 * as it stands in the text, but for empty ones. undefined: there are more than 1,000, which nobody looks at.
 */
export function possibleNames(text: string): readonly string[] | undefined {
  const names: string[] = []
  for (const part of text.split(separators, mostParameters + 2)) {
    if (names.length > mostParameters) return undefined
    const at = part.indexOf('=')
    const raw = at === -1 ? part : part.slice(0, at)
    if (raw === '') continue
    const parameterName = decode(raw) ?? lenientDecode(raw)
    if (!nameEnds.test(parameterName)) names.push(parameterName)
    else for (const each of parameterName.split(nameEnds)) if (each !== '') names.push(each)
  }
  return names.length > mostParameters ? undefined : names
}

/** Nothing stands between two of them: a text may be made of nothing else. */
const separators = /[&;]+/

// biome-ignore lint/suspicious/noControlCharactersInRegex: PHP and others end a name there.
const nameEnds = /[\0-\x1f&;=]/

function decode(text: string): string | undefined {
  const spaced = text.includes('+') ? replacePlus(text) : text
  if (!spaced.includes('%')) return spaced
  try {
    // It takes UTF-8 and nothing else: no surrogates, and no longer forms than needed.
    return decodeURIComponent(spaced)
  } catch {
    return undefined
  }
}

/** Characters of a text whose `+` are replaced one by one. */
const shortText = 512
const plus = 0x2b
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Replaces each `+` by a space. A long text is replaced as bytes: V8 would make a rope of as many pieces as there are places. */
function replacePlus(text: string): string {
  if (text.length <= shortText) return text.replace(/\+/g, ' ')

  const bytes = encoder.encode(text)
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === plus) bytes[at] = 0x20
  return decoder.decode(bytes)
}

function lenientDecode(text: string): string {
  return text
    .replace(/\+/g, ' ')
    .replace(/%u([0-9a-f]{4})|%([0-9a-f]{2})/gi, (_all, wide?: string, narrow?: string) =>
      String.fromCharCode(Number.parseInt(wide ?? narrow ?? '', 16)),
    )
}
