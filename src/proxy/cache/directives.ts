/**
 * Parses the directives by which an upstream rules over caches: `Cache-Control`, and the fields
 * that are meant for one kind of cache. `freshness.ts` and `rules.ts` call it. A malformed field
 * counts as one that forbids storing.
 */

/**
 * Directives by name, in lower case. An argument is its text without quotes, and undefined for a
 * directive without one.
 */
export type CacheDirectives = ReadonlyMap<string, string | undefined>

/** The cache directives of a response that count. */
export interface CacheControl {
  readonly directives: CacheDirectives
  /** Whether a field for shared caches has taken the place of `Cache-Control` and `Expires`. RFC 9213 section 2.2. */
  readonly targeted: boolean
  /** Whether some field, of whatever kind, forbids every copy. */
  readonly forbidden: boolean
}

/**
 * Fields for shared caches, the most particular first. The two of vendors are in force on their platforms, where this gateway
 * runs, and speak of a cache like this one elsewhere.
 */
const targets = [
  'cloudflare-cdn-cache-control',
  'vercel-cdn-cache-control',
  'cdn-cache-control',
] as const

/** RFC 9110 section 5.6.2. */
const tokenPattern = /^[!#$%&'*+.^`|~\w-]+$/
/** A structured field's key, and the values that a directive can have. RFC 9651 sections 3.1.2, 3.2 and 3.3. */
const member =
  /^([a-z*][a-z0-9_.*-]*)(?:=(-?\d{1,15}|-?\d{1,12}\.\d{1,3}|"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"|\?[01]|[A-Za-z*][!#$%&'*+.^`|~\w:/-]*|:[A-Za-z0-9+/=]*:))?(?:; *[a-z*][a-z0-9_.*-]*(?:=(?:"[^"\\]*"|[^,;"]*))?)*$/
/** Characters of a field that are parsed at most; real ones are short. */
const longestField = 4096

/** Reads the cache directives of an upstream's response, as a shared cache does. */
export function readCacheControl(headers: Headers): CacheControl {
  const general = parseCacheControl(headers.get('cache-control'))
  const surrogate = parseCacheControl(headers.get('surrogate-control'))
  let targetedDirectives: CacheDirectives | undefined
  let forbidden = general === 'malformed' || surrogate === 'malformed'
  for (const headerName of targets) {
    const headerField = headers.get(headerName)
    targetedDirectives ??= parseTargeted(headerField)
    // Also in a spelling that is not a structured field: no-store never means that a copy should be
    // stored.
    const spelledName = parseCacheControl(headerField)
    forbidden ||= spelledName !== 'malformed' && forbidsStoring(spelledName)
  }

  // Edge Architecture Specification (W3C Note, 2001), section 2.2: it too takes the place of the general field.
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
 * Parses `Cache-Control`. An argument may be quoted, and a quoted text is not a directive. A
 * directive that occurs twice with different arguments is ambiguous: its argument becomes the empty
 * text, which is not a number.
 *
 * @returns `'malformed'` where quotes do not end: what was meant to stand behind them cannot be told.
 * @see RFC 9111 section 5.2, 4.2.1
 */
export function parseCacheControl(field: string | null): CacheDirectives | 'malformed' {
  const directives = new Map<string, string | undefined>()
  if (field === null) return directives
  if (field.length > longestField) return 'malformed'
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
    // White space beside the equals sign is not allowed; such an argument is malformed.
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

/** Reads a targeted field; undefined where it is absent, empty or no structured dictionary: then it does not count. */
function parseTargeted(field: string | null): CacheDirectives | undefined {
  if (field === null || field.length > longestField) return undefined
  const fieldParts = splitOutsideQuotes(field)
  if (fieldParts === undefined || field.trim() === '') return undefined
  const directives = new Map<string, string | undefined>()
  for (const fieldPart of fieldParts) {
    const match = member.exec(fieldPart)
    if (match === null) return undefined
    const [, directiveName = '', argument] = match
    // RFC 9213 section 2.1: a directive whose value is of the wrong type is ignored. Of two of one name the last counts.
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

/** A field at its commas; undefined where quotes do not end. */
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

/** The most that counts, which is more than 68 years. RFC 9111 section 1.2.2. */
const mostSeconds = 2_147_483_648

/** Parses delta-seconds; undefined if the text is not a whole number. */
export function parseSeconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Math.min(Number(text), mostSeconds) : undefined
}
