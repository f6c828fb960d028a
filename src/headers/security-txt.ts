/** security.txt: whom to tell about a hole (RFC 9116). */
import { checkKeys, type Issues, optionalFunction } from '../options/index.ts'
import type { Clock } from '../types.ts'

/** The fields of the file. A list is given in the order of preference. */
export interface SecurityTxtOptions {
  /** Where to write: `mailto:`, `tel:` or `https:` addresses. Required. */
  readonly contact: string | readonly string[]
  /**
   * Until when this may be believed: a date such as `2027-06-30T00:00:00Z`, less than a year ahead. From then on the file
   * is not served: one that nobody looks after sends reports to people who have left. Required.
   */
  readonly expires: string | Date
  /** Where your key is (RFC 9116 section 2.5.4). */
  readonly encryption?: string | readonly string[]
  /** Where you thank who reported (RFC 9116 section 2.5.1). */
  readonly acknowledgments?: string | readonly string[]
  /** Where it says what reporters may expect (RFC 9116 section 2.5.7). */
  readonly policy?: string | readonly string[]
  /** Where open positions in security are (RFC 9116 section 2.5.6). */
  readonly hiring?: string | readonly string[]
  /** Where this file is; worth having when it is signed. */
  readonly canonical?: string | readonly string[]
  /** Language tags, such as `['en', 'fr']`. */
  readonly preferredLanguages?: readonly string[]
  /** Default `Date.now`. */
  readonly clock?: Clock
}

/** Answers a request for the file or its old address while the file may be believed; nothing else. */
export type SecurityTxt = (method: string, path: string) => Response | undefined

const place = '/.well-known/security.txt'
const year = 366 * 86_400_000
/** A Worker's clock stands at zero while it is built; the check then waits for a request. */
const running = Date.UTC(2020, 0)
const links = ['contact', 'encryption', 'acknowledgments', 'policy', 'hiring', 'canonical'] as const
const names = [...links, 'expires', 'preferredLanguages', 'clock']

/** Judges the fields and lays out the file. */
export function createSecurityTxt(issues: Issues, value: SecurityTxtOptions): SecurityTxt {
  checkKeys(issues, value, names)
  const options: Partial<Record<string, unknown>> = { ...value }
  const clock = optionalFunction(issues, 'clock', value?.clock) ?? Date.now
  const lines: string[] = []

  for (const name of links) {
    const list: unknown[] = Array.isArray(options[name])
      ? options[name]
      : options[name] === undefined
        ? []
        : [options[name]]

    if (list.every((item) => isLink(item, name)))
      for (const item of list) lines.push(`${fieldName(name)}: ${item}`)
    else
      issues.add(name, `must be ${name === 'contact' ? 'mailto:, tel: or ' : ''}https: addresses`)
  }

  if (!lines[0]?.startsWith('Contact')) issues.add('contact', 'is required')
  const expires = new Date(options.expires as string | Date).getTime()

  if (Number.isNaN(expires) || options.expires === undefined)
    issues.add('expires', 'is required, as a date')
  else if (clock() > running && !isCurrent(expires, clock()))
    issues.add('expires', 'must be less than a year ahead, and not past')
  else lines.push(`Expires: ${new Date(expires).toISOString()}`)

  const languages = parseLanguages(issues, options.preferredLanguages)
  if (languages) lines.push(`Preferred-Languages: ${languages}`)

  const text = `${lines.join('\n')}\n`
  return (method, path) => {
    if (method !== 'GET' && method !== 'HEAD') return undefined
    if (path === '/security.txt')
      return new Response(null, { status: 301, headers: { location: place } })
    if (path !== place || !isCurrent(expires, clock())) return undefined

    return new Response(method === 'HEAD' ? null : text, {
      headers: { 'content-type': 'text/plain; charset=utf-8' },
    })
  }
}

function isCurrent(expires: number, now: number): boolean {
  return expires > now && expires - now <= year
}

function isLink(item: unknown, name: string): boolean {
  if (typeof item !== 'string' || !/^[!-~]{1,1000}$/.test(item) || !URL.canParse(item)) return false
  return item.startsWith('https://') || (name === 'contact' && /^(?:mailto|tel):./.test(item))
}

function fieldName(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}

function parseLanguages(issues: Issues, value: unknown): string {
  if (value === undefined) return ''
  if (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((tag) => /^[A-Za-z]{2,8}(?:-[A-Za-z\d]{1,8}){0,4}$/.test(`${tag}`))
  ) {
    return value.join(', ')
  }

  issues.add('preferredLanguages', 'must be a list of language tags')
  return ''
}
