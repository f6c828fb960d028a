/**
 * Validates the URL and the token of Upstash's REST API. `http-source.ts` calls it, while `redis()`
 * is built or at the first call for values of the environment. It throws nothing itself: a URL of
 * another scheme, plain http to another machine, and a token that cannot be sent in a header are
 * added to the caller's list of issues.
 */
import type { Issues } from '../../options/index.ts'

/**
 * Validates the URL, and returns it without a slash at its end. Plain http is only allowed to this
 * machine, or with `insecure`, because the token gives access to all data.
 */
export function parseRedisUrl(optionValue: unknown, insecure: boolean, issues: Issues): string {
  const url =
    typeof optionValue === 'string' && optionValue.trim() === optionValue
      ? parseUrl(optionValue)
      : undefined
  if (!url) issues.add('', 'must be an absolute URL without white space around it')
  else if (url.protocol === 'redis:' || url.protocol === 'rediss:') {
    issues.add(
      '',
      'must be the https URL of the REST API, not a redis: URL; for that use redis({ send })',
    )
  } else if (url.protocol !== 'https:' && url.protocol !== 'http:')
    issues.add('', 'must begin with https://')
  else {
    if (url.protocol === 'http:' && !insecure && !isLoopbackName(url.hostname)) {
      issues.add('', 'must begin with https://; for a private network set insecurePlainHttp: true')
    }
    if (url.username || url.password)
      issues.add('', 'must not contain a user name or password; use the option token instead')
    if (url.search || url.hash) issues.add('', 'must not have a query or a fragment')
  }
  return url ? (url.origin + url.pathname).replace(/\/$/, '') : ''
}

/** Validates the token, which is sent after `Bearer`. */
export function parseRedisToken(optionValue: unknown, issues: Issues): string {
  if (
    typeof optionValue === 'string' &&
    optionValue.length <= 4096 &&
    /^[\x21-\x7e]+$/.test(optionValue)
  )
    return optionValue
  issues.add('', 'must be 1 to 4,096 visible ASCII characters without white space')
  return ''
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}

/**
 * Reports whether a host is this machine (RFC 6761 section 6.3, RFC 1122 section 3.2.1.3). The URL
 * class has normalized addresses.
 */
function isLoopbackName(host: string): boolean {
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host === '[::1]' ||
    /^127(?:\.\d+){3}$/.test(host)
  )
}
