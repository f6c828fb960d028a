/** Strict-Transport-Security: browsers come back over https only. */
import { booleanOption, checkKeys, type Issues, wholeNumber } from '../../options/index.ts'

/** The members of the header. Absent = default. */
export interface StrictTransportSecurity {
  /** Seconds. Default two years (63,072,000), as browsers' preload lists recommend; at most ten years; 0 takes it back. */
  readonly maxAge?: number
  /** Default true. */
  readonly includeSubDomains?: boolean
  /** Consent to be put on browsers' preload lists, which is hard to take back. Default false. */
  readonly preload?: boolean
}

const year = 31_536_000
const age = { min: 0, max: 10 * year, unit: 'seconds' }

/**
 * The header's value. It is sent over https only (RFC 6797 section 7.2).
 *
 * @see RFC 6797 section 6.1; preload asks for at least a year and for subdomains.
 */
export function compileStrictTransportSecurity(issues: Issues, value: unknown): string | undefined {
  if (value === false || value === null) return undefined

  const own = issues.at('strictTransportSecurity')
  const members =
    value === undefined || value === true
      ? {}
      : typeof value === 'string'
        ? parseHstsText(own, value)
        : value

  checkKeys(own, members, ['maxAge', 'includeSubDomains', 'preload'])
  const options: Partial<Record<keyof StrictTransportSecurity, unknown>> = {
    ...(members as object),
  }
  const maxAge = wholeNumber(own, 'maxAge', options.maxAge, 2 * year, age)
  const includeSubDomains = booleanOption(own, 'includeSubDomains', options.includeSubDomains, true)
  const preload = booleanOption(own, 'preload', options.preload, false)

  if (preload && (maxAge < year || !includeSubDomains)) {
    own.add('preload', `needs a maxAge of at least ${year} seconds and includeSubDomains`)
  }

  return `max-age=${maxAge}${includeSubDomains ? '; includeSubDomains' : ''}${preload ? '; preload' : ''}`
}

/**
 * The value as Hono takes it: text. What it does not say is off, as in the header itself. Directives may be empty, so that a
 * semicolon may end it, a value may be quoted, and none may stand twice.
 */
function parseHstsText(issues: Issues, text: string): Record<string, unknown> {
  const members: Record<string, unknown> = { includeSubDomains: false }
  const seen = new Set<string>()

  for (const part of text.slice(0, 256).split(';')) {
    if (part.trim() === '') continue

    const [spelled = '', value] = part.split('=', 2).map((piece) => piece.trim())
    const name = spelled.toLowerCase()
    if (seen.has(name)) issues.add('', `as text must not hold ${name} twice`)
    seen.add(name)

    if (name === 'max-age') members.maxAge = readSeconds(value)
    else if (name === 'includesubdomains' && value === undefined) members.includeSubDomains = true
    else if (name === 'preload' && value === undefined) members.preload = true
    else issues.add('', 'as text may hold max-age=..., includeSubDomains and preload')
  }

  if (members.maxAge === undefined) issues.add('', 'as text must hold max-age=...')
  return members
}

/** RFC 6797 section 6.1.1: a token or a quoted string of digits. */
function readSeconds(value: string | undefined): number {
  return value !== undefined && /^(?:\d{1,15}|"\d{1,15}")$/.test(value)
    ? Number(value.replaceAll('"', ''))
    : Number.NaN
}
