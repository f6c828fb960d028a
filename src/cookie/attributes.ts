/**
 * Validates the name, Path and Domain of a cookie (RFC 6265bis section 4.1). `settings.ts` calls it for options
 * while building, `set-cookie.ts` uses its limit, and applications may call `isToken` and `cookieNamePrefix`.
 * An invalid value is reported as an issue, and a default takes its place.
 */
import type { Issues } from '../options/index.ts'

/** Maximum bytes of an attribute's value. A browser ignores a longer attribute (RFC 6265bis section 5.6, step 6). */
export const maxAttributeLength = 1024

/** Maximum characters of a name, which leaves enough of a cookie's 4,096 bytes for the value. */
const maxNameLength = 256

/** A token (RFC 9110 section 5.6.2). The pattern is linear: one character class. */
const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/**
 * Prefixes for which browsers require attributes; letter case does not matter (RFC 6265bis section 4.1.3, layered
 * cookies).
 */
const prefixes = ['__secure-', '__host-', '__http-', '__host-http-'] as const

/**
 * Returns the longest prefix of a name that browsers treat specially, in lower case; undefined if the name has none.
 *
 * @example
 * ```ts
 * cookieNamePrefix('__Host-session') // '__host-'
 * ```
 */
export function cookieNamePrefix(cookieName: string): string | undefined {
  const lowerStart = cookieName.slice(0, 16).toLowerCase()
  return prefixes.findLast((prefix) => lowerStart.startsWith(prefix))
}

/**
 * Whether a text is a token, as the name of a cookie has to be.
 *
 * @example
 * ```ts
 * isToken('session') // true
 * isToken('my session') // false
 * ```
 */
export function isToken(text: string): boolean {
  return tokenPattern.test(text)
}

/** Validates a name. An invalid one returns the default. */
export function parseName(issues: Issues, optionValue: unknown, defaultValue: string): string {
  if (typeof optionValue !== 'string' || !isToken(optionValue)) {
    issues.add('name', "must be a token: letters, digits and !#$%&'*+-.^_`|~")
    return defaultValue
  }
  if (optionValue.length > maxNameLength) {
    issues.add('name', `must be at most ${maxNameLength} characters long`)
    return defaultValue
  }
  return optionValue
}

/** Validates a path that a browser can match. An invalid one returns `/`. */
export function parsePath(issues: Issues, optionValue: unknown): string {
  if (optionValue === undefined) return '/'
  if (typeof optionValue !== 'string' || !optionValue.startsWith('/')) {
    issues.add('path', 'must begin with /')
    return '/'
  }
  if (optionValue.length > maxAttributeLength) {
    issues.add('path', `must be at most ${maxAttributeLength} bytes long`)
    return '/'
  }
  // A browser cuts a path at `;`, trims spaces, and compares it with a path that has neither `?` nor `#`.
  if (!/^[!"$-:<->@-~]+$/.test(optionValue)) {
    issues.add('path', 'must be printable ASCII without spaces, ;, ? and #')
    return '/'
  }
  return optionValue
}

/** Validates a host name and returns it in lower case. An absent or invalid one returns undefined. */
export function parseDomain(issues: Issues, optionValue: unknown): string | undefined {
  if (optionValue === undefined) return undefined
  const problem =
    typeof optionValue === 'string' ? findDomainProblem(optionValue) : 'must be a host name'
  if (problem === undefined) return (optionValue as string).toLowerCase()

  issues.add('domain', problem)
  return undefined
}

function findDomainProblem(domain: string): string | undefined {
  if (domain.startsWith('.')) return 'must not begin with a dot: subdomains are included without it'
  if (domain.includes(':')) return 'must be a host name without a port'
  if (domain.length > 253) return 'must be at most 253 characters long'

  const labels = domain.split('.')
  // A browser treats Domain=localhost, and any other single label, as "this host only", which is clearer without a Domain.
  if (labels.length === 1) return 'must have at least two labels; leave it out for this host only'
  if (!labels.every(isLabel))
    return 'must be a host name of letters, digits and hyphens (xn-- form for others)'
  if (/^\d+$/.test(labels.at(-1) ?? ''))
    return 'must not be an IP address; leave it out for this host only'
  return undefined
}

/** Whether a text is a label of a host name (RFC 1123 section 2.1). */
function isLabel(label: string): boolean {
  return (
    label.length <= 63 &&
    /^[0-9A-Za-z-]+$/.test(label) &&
    !label.startsWith('-') &&
    !label.endsWith('-')
  )
}
