/**
 * Validates the address and the token of a Redis. `http-source.ts` calls it. Plain http to another
 * machine, and a token that no header can carry, are reported as issues.
 */
import type { Issues } from '../../options/index.ts'

/**
 * An https address, without a slash at its end. Plain http passes only to this machine, unless `insecure` says that it is
 * meant: the token opens everything in there.
 */
export function parseRedisUrl(optionValue: unknown, insecure: boolean, issues: Issues): string {
  const url =
    typeof optionValue === 'string' && optionValue.trim() === optionValue
      ? parseUrl(optionValue)
      : undefined
  if (!url) issues.add('', 'must be an absolute URL without white space around it')
  else if (url.protocol === 'redis:' || url.protocol === 'rediss:') {
    issues.add('', 'must be the https address of the REST API, not the redis: address')
  } else if (url.protocol !== 'https:' && url.protocol !== 'http:')
    issues.add('', 'must begin with https://')
  else {
    if (url.protocol === 'http:' && !insecure && !isLoopbackName(url.hostname)) {
      issues.add('', 'must begin with https://; for a private network set insecurePlainHttp: true')
    }
    if (url.username || url.password)
      issues.add('', 'must not contain a user name or password: use token')
    if (url.search || url.hash) issues.add('', 'must have no query and no fragment')
  }
  return url ? (url.origin + url.pathname).replace(/\/$/, '') : ''
}

/** Validates the token behind `Bearer`. */
export function parseRedisToken(optionValue: unknown, issues: Issues): string {
  if (
    typeof optionValue === 'string' &&
    optionValue.length <= 4096 &&
    /^[\x21-\x7e]+$/.test(optionValue)
  )
    return optionValue
  issues.add('', 'must be 1 to 4096 visible ASCII characters without white space')
  return ''
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}

/** RFC 6761 section 6.3 and RFC 1122 section 3.2.1.3; URL has brought addresses into one form. */
function isLoopbackName(host: string): boolean {
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host === '[::1]' ||
    /^127(?:\.\d+){3}$/.test(host)
  )
}
