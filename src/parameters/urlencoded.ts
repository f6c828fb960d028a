/**
 * Reads the parameters of a query or of a form if all servers find the same ones. The login throttle, the method
 * override and the GraphQL guard call it. It returns undefined for a text that servers could read in two ways.
 */
import { foldText } from './fold.ts'
import { isClearName, isForeignName, maxForeignNames } from './names.ts'

/** A name and its value, decoded. */
export type Parameter = readonly [name: string, value: string]

/** Most parameters of a text. PHP, qs and Tomcat ignore any others, and Django rejects the request. */
const maxParameters = 1000

/** Printable ASCII without space and semicolon. */
const plainText = /^[!-:<-~]*$/
const plainWithSemicolons = /^[!-~]*$/

/** The options of {@link readParameters}. */
export interface ReadParametersOptions {
  /** Whether a raw `;` is read as itself. The caller must also check {@link possibleNames}. Default false. */
  readonly keepsSemicolons?: boolean
}

/**
 * Reads an urlencoded text, such as a query without `?` or the body of a form. Returns undefined if the servers we know
 * would not all find the same parameters in it:
 *
 * - a raw `;`, at which Rack before 3, Python before 3.10, Perl and Go split or stop, and a raw space, which Rack skips
 *   after `&`
 * - raw bytes beyond ASCII, and escapes that are not UTF-8 (`%E9`), which Java, PHP and Ruby decode to different texts
 * - `%` without two hexadecimal digits: `%u0065` is a letter for ASP.NET, an error for Java, and itself for PHP
 * - control characters in names (PHP ends a name at NUL), and names that change if they are decoded twice
 * - `_charset_` with another charset than UTF-8
 * - more than 1,000 parameters, or 200 with names beyond ASCII
 */
export function readParameters(
  text: string,
  { keepsSemicolons = false }: ReadParametersOptions = {},
): readonly Parameter[] | undefined {
  if (!(keepsSemicolons ? plainWithSemicolons : plainText).test(text)) return undefined
  const parameters: Parameter[] = []
  let foreign = 0
  for (const part of text.split('&')) {
    if (part === '') continue
    if (parameters.length === maxParameters) return undefined
    const equalsIndex = part.indexOf('=')
    const name = decode(equalsIndex === -1 ? part : part.slice(0, equalsIndex))
    const value = equalsIndex === -1 ? '' : decode(part.slice(equalsIndex + 1))
    if (name === undefined || value === undefined || !isClearName(name)) return undefined
    if (isForeignName(name) && ++foreign > maxForeignNames) return undefined
    if (setsCharset(name, value)) return undefined
    parameters.push([name, value])
  }
  return parameters
}

/** Underscores, and the characters that are folded to one. Most names contain none of them. */
const underscores = /[_\uff3f\ufe33\ufe34\ufe4d-\ufe4f]/

/** Reports whether a field is `_charset_` (HTML section 4.10.18.5) and names another charset than UTF-8. */
export function setsCharset(parameterName: string, value: string): boolean {
  return (
    underscores.test(parameterName) &&
    foldText(parameterName) === '_charset_' &&
    !/^utf-?8$/i.test(value)
  )
}

/**
 * Lists the names that some server may find in an urlencoded text, also if {@link readParameters} rejects it: split at
 * `&` and `;`, and at the NUL and control characters within. A name that cannot be decoded is listed as it was sent.
 * Each name is listed as often as it occurs, except empty ones. Returns undefined for more than 1,000 names.
 */
export function possibleNames(text: string): readonly string[] | undefined {
  const names: string[] = []
  for (const part of text.split(separators, maxParameters + 2)) {
    if (names.length > maxParameters) return undefined
    const equalsIndex = part.indexOf('=')
    const raw = equalsIndex === -1 ? part : part.slice(0, equalsIndex)
    if (raw === '') continue
    const parameterName = decode(raw) ?? lenientDecode(raw)
    if (!nameEnds.test(parameterName)) names.push(parameterName)
    else for (const name of parameterName.split(nameEnds)) if (name !== '') names.push(name)
  }
  return names.length > maxParameters ? undefined : names
}

/** Several separators in a row count as one, because a text may consist of nothing else. */
const separators = /[&;]+/

// biome-ignore lint/suspicious/noControlCharactersInRegex: PHP and others end a name there.
const nameEnds = /[\0-\x1f&;=]/

function decode(text: string): string | undefined {
  const spacedText = text.includes('+') ? replacePlus(text) : text
  if (!spacedText.includes('%')) return spacedText
  try {
    // It accepts only UTF-8, without surrogates and overlong forms.
    return decodeURIComponent(spacedText)
  } catch {
    return undefined
  }
}

/** Most characters of a text whose `+` are replaced in the string. */
const maxReplacedLength = 512
const plus = 0x2b
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * Replaces each `+` by a space. A long text is replaced as bytes, because V8 would build a string of as many pieces as
 * there are replacements.
 */
function replacePlus(text: string): string {
  if (text.length <= maxReplacedLength) return text.replace(/\+/g, ' ')

  const bytes = encoder.encode(text)
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === plus) bytes[i] = 0x20
  return decoder.decode(bytes)
}

function lenientDecode(text: string): string {
  return text
    .replace(/\+/g, ' ')
    .replace(/%u([0-9a-f]{4})|%([0-9a-f]{2})/gi, (_all, wide?: string, narrow?: string) =>
      String.fromCharCode(Number.parseInt(wide ?? narrow ?? '', 16)),
    )
}
