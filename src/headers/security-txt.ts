/**
 * Builds the file security.txt, which names the contact for reports of vulnerabilities (RFC 9116),
 * and responds to requests for it. `securityTxt()` calls it while it is built. Invalid fields are
 * added to the caller's list of issues, and so is a date that is past or more than a year ahead. A
 * file whose date passes later is no longer served: the request then goes to the next handler.
 */
import { checkKeys, type Issues, optionalFunction } from '../options/index.ts'
import type { Clock } from '../types.ts'

/** The fields of the file. Lists are in the order of preference. */
export interface SecurityTxtOptions {
  /** The contact for reports: `mailto:`, `tel:` or `https:` URLs. Required. */
  readonly contact: string | readonly string[]
  /**
   * The date until which the file is valid, such as `2027-06-30T00:00:00Z`, at most a year ahead.
   * Afterwards the file is not served, because an abandoned file sends reports to people who have
   * left. Required.
   */
  readonly expires: string | Date
  /** The URL of your encryption key (RFC 9116 section 2.5.4). */
  readonly encryption?: string | readonly string[]
  /** The URL of a page that thanks reporters (RFC 9116 section 2.5.1). */
  readonly acknowledgments?: string | readonly string[]
  /** The URL of your disclosure policy (RFC 9116 section 2.5.7). */
  readonly policy?: string | readonly string[]
  /** The URL of open positions in security (RFC 9116 section 2.5.6). */
  readonly hiring?: string | readonly string[]
  /** The URL of this file, for a signed file. */
  readonly canonical?: string | readonly string[]
  /** Language tags, such as `['en', 'fr']`. */
  readonly preferredLanguages?: readonly string[]
  /**
   * The clock, in milliseconds since the epoch.
   *
   * @default Date.now
   */
  readonly clock?: Clock
}

/**
 * Responds to a request for the file, or for its old path, while the file is valid. Otherwise it
 * returns undefined.
 */
export type SecurityTxt = (method: string, path: string) => Response | undefined

const filePath = '/.well-known/security.txt'
const yearMs = 366 * 86_400_000
/**
 * A Worker's clock stands at zero while its modules load. The date is then checked only at each
 * request.
 */
const clockStarts = Date.UTC(2020, 0)
const linkNames = [
  'contact',
  'encryption',
  'acknowledgments',
  'policy',
  'hiring',
  'canonical',
] as const
const optionNames = [...linkNames, 'expires', 'preferredLanguages', 'clock']

/** Validates the fields and returns a function that serves the file. */
export function createSecurityTxt(issues: Issues, value: SecurityTxtOptions): SecurityTxt {
  checkKeys(issues, value, optionNames)
  const options: Partial<Record<string, unknown>> = { ...value }
  const clock = optionalFunction(issues, 'clock', value?.clock) ?? Date.now

  const lines = linkNames.flatMap((name) => writeLinks(issues, name, options[name]))
  if (!lines[0]?.startsWith('Contact')) issues.add('contact', 'is required')

  const expires = parseExpires(issues, options.expires, clock)
  if (expires !== undefined) lines.push(`Expires: ${new Date(expires).toISOString()}`)
  const languages = parseLanguages(issues, options.preferredLanguages)
  if (languages) lines.push(`Preferred-Languages: ${languages}`)

  const text = `${lines.join('\n')}\n`
  return (method, path) => {
    if (method !== 'GET' && method !== 'HEAD') return undefined
    if (path === '/security.txt')
      return new Response(null, { status: 301, headers: { location: filePath } })
    if (path !== filePath || expires === undefined || !isCurrent(expires, clock())) return undefined

    return new Response(method === 'HEAD' ? null : text, {
      headers: { 'content-type': 'text/plain; charset=utf-8' },
    })
  }
}

/** Returns the lines of one field, which may have several values. */
function writeLinks(issues: Issues, name: string, optionValue: unknown): string[] {
  const list: unknown[] = Array.isArray(optionValue)
    ? optionValue
    : optionValue === undefined
      ? []
      : [optionValue]
  if (list.every((listItem) => isLink(listItem, name)))
    return list.map((listItem) => `${fieldName(name)}: ${listItem}`)

  issues.add(
    name,
    `must be one or more ${name === 'contact' ? 'mailto:, tel: or ' : ''}https: URLs`,
  )
  return []
}

/**
 * Parses the date of expiry to ms since the epoch. Returns undefined for a date that is missing or
 * out of range.
 */
function parseExpires(issues: Issues, optionValue: unknown, clock: Clock): number | undefined {
  const expires = new Date(optionValue as string | Date).getTime()
  if (Number.isNaN(expires) || optionValue === undefined) {
    issues.add('expires', "is required and must be a date, such as '2027-06-30T00:00:00Z'")
    return undefined
  }

  if (clock() > clockStarts && !isCurrent(expires, clock())) {
    issues.add('expires', 'must be in the future and at most a year ahead')
    return undefined
  }

  return expires
}

function isCurrent(expires: number, now: number): boolean {
  return expires > now && expires - now <= yearMs
}

function isLink(listItem: unknown, name: string): boolean {
  if (typeof listItem !== 'string' || !/^[!-~]{1,1000}$/.test(listItem) || !URL.canParse(listItem))
    return false
  return (
    listItem.startsWith('https://') || (name === 'contact' && /^(?:mailto|tel):./.test(listItem))
  )
}

function fieldName(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}

function parseLanguages(issues: Issues, optionValue: unknown): string {
  if (optionValue === undefined) return ''
  if (
    Array.isArray(optionValue) &&
    optionValue.length > 0 &&
    optionValue.every((tag) => /^[A-Za-z]{2,8}(?:-[A-Za-z\d]{1,8}){0,4}$/.test(`${tag}`))
  ) {
    return optionValue.join(', ')
  }

  issues.add('preferredLanguages', "must be a list of language tags, such as ['en', 'fr']")
  return ''
}
