/** What a cookie's name, Path and Domain may be: judged once, while building. RFC 6265bis section 4.1. */
import type { Issues } from '../options/index.ts'

/** Bytes of one attribute's value above which a browser ignores the attribute (RFC 6265bis section 5.6, step 6). */
export const maxAttributeLength = 1024

/** Names are ours to choose; a longer one only eats into what the value may hold. */
const maxNameLength = 256

/** RFC 9110 section 5.6.2. One class, one pass. */
const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Names that make a browser demand attributes, whatever their case. RFC 6265bis section 4.1.3 and layered cookies. */
const prefixes = ['__secure-', '__host-', '__http-', '__host-http-'] as const

/** The prefix a name begins with, in lower case, the longest that fits; undefined where there is none. */
export function cookieNamePrefix(name: string): string | undefined {
  const lower = name.slice(0, 16).toLowerCase()
  return prefixes.findLast((prefix) => lower.startsWith(prefix))
}

/** Whether a text is a token, as a cookie's name has to be. */
export function isToken(text: string): boolean {
  return tokenPattern.test(text)
}

/** A name that is a token of sensible length. A fault returns the default. */
export function parseName(issues: Issues, value: unknown, defaultValue: string): string {
  if (typeof value !== 'string' || !isToken(value)) {
    issues.add('name', "must be a token: letters, digits and !#$%&'*+-.^_`|~")
    return defaultValue
  }
  if (value.length > maxNameLength) {
    issues.add('name', `must be at most ${maxNameLength} characters long`)
    return defaultValue
  }
  return value
}

/** A path a browser can match. A fault returns `/`. */
export function parsePath(issues: Issues, value: unknown): string {
  if (value === undefined) return '/'
  if (typeof value !== 'string' || !value.startsWith('/')) {
    issues.add('path', 'must begin with /')
    return '/'
  }
  if (value.length > maxAttributeLength) {
    issues.add('path', `must be at most ${maxAttributeLength} bytes long`)
    return '/'
  }
  // A browser cuts at `;`, trims spaces, and compares with a path that holds neither `?` nor `#`.
  if (!/^[!"$-:<->@-~]+$/.test(value)) {
    issues.add('path', 'must be printable ASCII without spaces, ;, ? and #')
    return '/'
  }
  return value
}

/** A host name in lower case, or undefined where none is given. */
export function parseDomain(issues: Issues, value: unknown): string | undefined {
  if (value === undefined) return undefined
  const problem = typeof value === 'string' ? domainProblem(value) : 'must be a host name'
  if (problem === undefined) return (value as string).toLowerCase()
  issues.add('domain', problem)
  return undefined
}

function domainProblem(domain: string): string | undefined {
  if (domain.startsWith('.')) return 'must not begin with a dot: subdomains are included without it'
  if (domain.includes(':')) return 'must be a host name without a port'
  if (domain.length > 253) return 'must be at most 253 characters long'
  const labels = domain.split('.')
  // A browser takes Domain=localhost, and any other single label, for "this host only": what no Domain says better.
  if (labels.length === 1) return 'must have at least two labels; leave it out for this host only'
  if (!labels.every(isLabel))
    return 'must be a host name of letters, digits and hyphens (xn-- form for others)'
  if (/^\d+$/.test(labels.at(-1) ?? ''))
    return 'must not be an address; leave it out for this host only'
  return undefined
}

/** RFC 1123 section 2.1. */
function isLabel(label: string): boolean {
  return (
    label.length <= 63 &&
    /^[0-9A-Za-z-]+$/.test(label) &&
    !label.startsWith('-') &&
    !label.endsWith('-')
  )
}
