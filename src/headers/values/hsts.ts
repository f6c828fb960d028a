/**
 * Compiles the value of Strict-Transport-Security, which makes browsers use https only. The table
 * in `compile/definitions.ts` calls it while header options are compiled. It throws nothing itself:
 * an invalid age, a malformed text, or a `preload` that the browsers' lists would reject is added
 * to the caller's list of issues. A wrong value cannot be taken back quickly, because browsers
 * store it for `maxAge`.
 */
import { booleanOption, checkKeys, type Issues, parseWholeNumber } from '../../options/index.ts'

/** The parameters of the header. */
export interface StrictTransportSecurity {
  /**
   * For how many seconds browsers use https only, at most ten years; 0 revokes an earlier header.
   *
   * @default 63072000, two years, as browsers' preload lists recommend
   */
  readonly maxAge?: number
  /**
   * Whether the header also applies to subdomains.
   *
   * @default true
   */
  readonly includeSubDomains?: boolean
  /**
   * Consent to be listed in browsers' preload lists, which is hard to revoke.
   *
   * @default false
   */
  readonly preload?: boolean
}

const yearSeconds = 31_536_000
const ageBounds = { min: 0, max: 10 * yearSeconds, unit: 'seconds' }

/**
 * Returns the header's value, which is sent over https only (RFC 6797 section 7.2).
 *
 * @see RFC 6797 section 6.1; preload lists require at least a year and subdomains.
 */
export function compileStrictTransportSecurity(
  issues: Issues,
  optionValue: unknown,
): string | undefined {
  if (optionValue === false || optionValue === null) return undefined

  const hstsIssues = issues.at('strictTransportSecurity')
  const members =
    optionValue === undefined || optionValue === true
      ? {}
      : typeof optionValue === 'string'
        ? parseHstsText(hstsIssues, optionValue)
        : optionValue

  checkKeys(hstsIssues, members, ['maxAge', 'includeSubDomains', 'preload'])
  const options: Partial<Record<keyof StrictTransportSecurity, unknown>> = {
    ...(members as object),
  }
  const maxAge =
    parseWholeNumber(hstsIssues, 'maxAge', options.maxAge, ageBounds) ?? 2 * yearSeconds
  const includeSubDomains = booleanOption(
    hstsIssues,
    'includeSubDomains',
    options.includeSubDomains,
    true,
  )
  const preload = booleanOption(hstsIssues, 'preload', options.preload, false)

  if (preload && (maxAge < yearSeconds || !includeSubDomains)) {
    hstsIssues.add(
      'preload',
      `needs a maxAge of at least ${yearSeconds} seconds and includeSubDomains`,
    )
  }

  return `max-age=${maxAge}${includeSubDomains ? '; includeSubDomains' : ''}${preload ? '; preload' : ''}`
}

/**
 * Parses a text in the form of the header, which Hono accepts. An absent directive is off, as in
 * the header. Directives may be empty, so the text may end with a semicolon; values may be quoted;
 * no directive may occur twice.
 */
function parseHstsText(issues: Issues, text: string): Record<string, unknown> {
  const members: Record<string, unknown> = { includeSubDomains: false }
  const seenNames = new Set<string>()

  for (const part of text.slice(0, 256).split(';')) {
    if (part.trim() === '') continue

    const [rawName = '', value] = part.split('=', 2).map((piece) => piece.trim())
    const name = rawName.toLowerCase()
    if (seenNames.has(name)) issues.add('', `must not contain the directive ${name} twice`)
    seenNames.add(name)

    if (name === 'max-age') members.maxAge = readSeconds(value)
    else if (name === 'includesubdomains' && value === undefined) members.includeSubDomains = true
    else if (name === 'preload' && value === undefined) members.preload = true
    else issues.add('', 'as text may contain only max-age=..., includeSubDomains and preload')
  }

  if (members.maxAge === undefined) issues.add('', 'as text must contain max-age=...')
  return members
}

/** Reads the seconds of max-age: a token or a quoted string of digits (RFC 6797 section 6.1.1). */
function readSeconds(value: string | undefined): number {
  return value !== undefined && /^(?:\d{1,15}|"\d{1,15}")$/.test(value)
    ? Number(value.replaceAll('"', ''))
    : Number.NaN
}
