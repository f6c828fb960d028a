/**
 * Parses the directives with which an upstream controls caches: `Cache-Control`, and fields for certain caches such as
 * `CDN-Cache-Control`. `freshness.ts` and `rules.ts` call it. It does not throw. A malformed `Cache-Control` or
 * `Surrogate-Control`, or one over 4,096 characters, forbids storing; a malformed field for shared caches is ignored.
 */

/**
 * Directives by their names in lower case. The value is the text of the argument without quotes, or
 * undefined for a directive without an argument.
 */
export type CacheDirectives = ReadonlyMap<string, string | undefined>

/** The directives of a response that apply to this cache. */
export interface CacheControl {
  readonly directives: CacheDirectives
  /** True if a field for shared caches replaces `Cache-Control` and `Expires` (RFC 9213 section 2.2). */
  readonly targeted: boolean
  /** True if any of the fields forbids storing. */
  readonly forbidden: boolean
}

/**
 * Fields for shared caches. The first one that is present counts. Those of Cloudflare and Vercel apply here too, since
 * the gateway runs on their platforms, and elsewhere is a cache of the same kind.
 */
const targets = [
  'cloudflare-cdn-cache-control',
  'vercel-cdn-cache-control',
  'cdn-cache-control',
] as const

/** A token (RFC 9110 section 5.6.2). */
const tokenPattern = /^[!#$%&'*+.^`|~\w-]+$/
/** A member of a structured dictionary: its key, and a value of a directive (RFC 9651 sections 3.1.2, 3.2 and 3.3). */
const member =
  /^([a-z*][a-z0-9_.*-]*)(?:=(-?\d{1,15}|-?\d{1,12}\.\d{1,3}|"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"|\?[01]|[A-Za-z*][!#$%&'*+.^`|~\w:/-]*|:[A-Za-z0-9+/=]*:))?(?:; *[a-z*][a-z0-9_.*-]*(?:=(?:"[^"\\]*"|[^,;"]*))?)*$/
/** Maximum characters of a field that is parsed. Usual fields are short. */
const maxFieldLength = 4096

/** Reads the directives of an upstream's response that apply to a shared cache. */
export function readCacheControl(headers: Headers): CacheControl {
  const general = parseCacheControl(headers.get('cache-control'))
  const surrogate = parseCacheControl(headers.get('surrogate-control'))
  let targetedDirectives: CacheDirectives | undefined
  let forbidden = general === 'malformed' || surrogate === 'malformed'
  for (const headerName of targets) {
    const headerField = headers.get(headerName)
    targetedDirectives ??= parseTargeted(headerField)
    // A field that is no structured field is also read like Cache-Control, so that its no-store is
    // not missed.
    const looseDirectives = parseCacheControl(headerField)
    forbidden ||= looseDirectives !== 'malformed' && forbidsStoring(looseDirectives)
  }

  // Surrogate-Control replaces Cache-Control too (Edge Architecture Specification, W3C Note, 2001, section 2.2).
  if (surrogate !== 'malformed' && surrogate.size > 0) {
    targetedDirectives ??= surrogate
    forbidden ||= forbidsStoring(surrogate)
  }

  const directives = targetedDirectives ?? (general === 'malformed' ? new Map() : general)

  return {
    directives,
    targeted: targetedDirectives !== undefined,
    forbidden: forbidden || forbidsStoring(directives),
  }
}

function forbidsStoring(directives: CacheDirectives): boolean {
  return directives.has('no-store') || directives.has('private')
}

/**
 * Parses `Cache-Control`. An argument may be quoted, and a quoted text is not a directive. The argument
 * of a directive that occurs twice with different arguments becomes the empty text, which is not a
 * number.
 *
 * @returns `'malformed'` if quotes do not end, since the directives after them are then unclear.
 * @see RFC 9111 section 5.2, 4.2.1
 */
export function parseCacheControl(field: string | null): CacheDirectives | 'malformed' {
  const directives = new Map<string, string | undefined>()
  if (field === null) return directives
  if (field.length > maxFieldLength) return 'malformed'
  const fieldParts = splitOutsideQuotes(field)
  if (fieldParts === undefined) return 'malformed'
  for (const fieldPart of fieldParts) {
    const equalsIndex = fieldPart.indexOf('=')
    const spelledName = (
      equalsIndex === -1 ? fieldPart : fieldPart.slice(0, equalsIndex)
    ).toLowerCase()
    const directiveName = spelledName.trim()
    if (directiveName === '') continue
    const rawArgument = equalsIndex === -1 ? undefined : unquote(fieldPart.slice(equalsIndex + 1))
    // White space around the equals sign is not allowed. The argument of such a directive becomes the empty text.
    const argument =
      rawArgument === undefined ||
      (tokenPattern.test(spelledName) && rawArgument === rawArgument.trim())
        ? rawArgument
        : ''

    directives.set(
      directiveName,
      directives.has(directiveName) && directives.get(directiveName) !== argument ? '' : argument,
    )
  }

  return directives
}

/**
 * Parses a field for shared caches; undefined if it is absent, empty or no structured dictionary, and so must be
 * ignored.
 */
function parseTargeted(field: string | null): CacheDirectives | undefined {
  if (field === null || field.length > maxFieldLength) return undefined
  const fieldParts = splitOutsideQuotes(field)
  if (fieldParts === undefined || field.trim() === '') return undefined
  const directives = new Map<string, string | undefined>()
  for (const fieldPart of fieldParts) {
    const match = member.exec(fieldPart)
    if (match === null) return undefined
    const [, directiveName = '', argument] = match
    // RFC 9213 section 2.1: a directive with a value of the wrong type is ignored. If a name occurs twice, the last one
    // counts.
    if (hasWrongType(directiveName, argument)) directives.delete(directiveName)
    else directives.set(directiveName, argument === '?1' ? undefined : argument)
  }

  return directives.size > 0 ? directives : undefined
}

const numbers: ReadonlySet<string> = new Set([
  'max-age',
  's-maxage',
  'stale-if-error',
  'stale-while-revalidate',
])

function hasWrongType(name: string, value: string | undefined): boolean {
  if (numbers.has(name)) return value === undefined || !/^\d+$/.test(value)
  return value === '?0'
}

/** Splits a field at its commas outside quotes; undefined if quotes do not end. */
function splitOutsideQuotes(field: string): string[] | undefined {
  const fieldParts: string[] = []
  let [start, isQuoted] = [0, false]
  for (let position = 0; position < field.length; position++) {
    const character = field[position]
    if (character === '\\' && isQuoted) position++
    else if (character === '"') isQuoted = !isQuoted
    else if (character === ',' && !isQuoted) {
      fieldParts.push(field.slice(start, position).trim())
      start = position + 1
    }
  }

  fieldParts.push(field.slice(start).trim())

  return isQuoted ? undefined : fieldParts
}

function unquote(text: string): string {
  return /^".*"$/.test(text) ? text.slice(1, -1).replaceAll(/\\(.)/g, '$1') : text
}

/** Maximum seconds of a directive, which is more than 68 years (RFC 9111 section 1.2.2). */
const maxSeconds = 2_147_483_648

/** Parses delta-seconds; undefined if the text is not a whole number. */
export function parseSeconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Math.min(Number(text), maxSeconds) : undefined
}
