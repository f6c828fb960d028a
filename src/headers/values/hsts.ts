/**
 * Compiles Strict-Transport-Security, which makes browsers use https only. The table in
 * `compile/definitions.ts` calls it while building. An invalid age, or a preload that lists would
 * reject, is reported as an issue.
 */
import { booleanOption, checkKeys, type Issues, parseWholeNumber } from '../../options/index.ts'

/** The parameters of the header. */
export interface StrictTransportSecurity {
  /**
   * Seconds, at most ten years; 0 revokes an earlier header.
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
 * Returns the header's value. It is sent over https only (RFC 6797 section 7.2).
 *
 * @see RFC 6797 section 6.1; preload lists require at least a year and subdomains.
 */
export function compileStrictTransportSecurity(
  issues: Issues,
  optionValue: unknown,
): string | undefined {
  if (optionValue === false || optionValue === null) return undefined

  const ownIssues = issues.at('strictTransportSecurity')
  const members =
    optionValue === undefined || optionValue === true
      ? {}
      : typeof optionValue === 'string'
        ? parseHstsText(ownIssues, optionValue)
        : optionValue

  checkKeys(ownIssues, members, ['maxAge', 'includeSubDomains', 'preload'])
  const options: Partial<Record<keyof StrictTransportSecurity, unknown>> = {
    ...(members as object),
  }
  const maxAge = parseWholeNumber(ownIssues, 'maxAge', options.maxAge, ageBounds) ?? 2 * yearSeconds
  const includeSubDomains = booleanOption(
    ownIssues,
    'includeSubDomains',
    options.includeSubDomains,
    true,
  )
  const preload = booleanOption(ownIssues, 'preload', options.preload, false)

  if (preload && (maxAge < yearSeconds || !includeSubDomains)) {
    ownIssues.add(
      'preload',
      `needs a maxAge of at least ${yearSeconds} seconds and includeSubDomains`,
    )
  }

  return `max-age=${maxAge}${includeSubDomains ? '; includeSubDomains' : ''}${preload ? '; preload' : ''}`
}

/**
 * Parses the header's text, which Hono accepts. An absent directive is off, as in the header itself. Directives may be
 * empty, so that the text may end with a semicolon; values may be quoted; no directive may occur twice.
 */
function parseHstsText(issues: Issues, text: string): Record<string, unknown> {
  const members: Record<string, unknown> = { includeSubDomains: false }
  const seenNames = new Set<string>()

  for (const part of text.slice(0, 256).split(';')) {
    if (part.trim() === '') continue

    const [rawName = '', value] = part.split('=', 2).map((piece) => piece.trim())
    const name = rawName.toLowerCase()
    if (seenNames.has(name)) issues.add('', `as text must not contain ${name} twice`)
    seenNames.add(name)

    if (name === 'max-age') members.maxAge = readSeconds(value)
    else if (name === 'includesubdomains' && value === undefined) members.includeSubDomains = true
    else if (name === 'preload' && value === undefined) members.preload = true
    else issues.add('', 'as text may hold max-age=..., includeSubDomains and preload')
  }

  if (members.maxAge === undefined) issues.add('', 'must contain max-age=... if it is text')
  return members
}

/** RFC 6797 section 6.1.1: a token or a quoted string of digits. */
function readSeconds(value: string | undefined): number {
  return value !== undefined && /^(?:\d{1,15}|"\d{1,15}")$/.test(value)
    ? Number(value.replaceAll('"', ''))
    : Number.NaN
}
