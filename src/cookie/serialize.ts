/** A cookie on its way out: checks of value and size, then three strings put together. */
import { PortcullisError } from '../errors.ts'
import type { OutgoingCookie } from '../types.ts'
import type { CookieSettings } from './settings.ts'

/** Seconds a browser keeps a cookie at most: 400 days. RFC 6265bis section 5.5. */
export const maxCookieAge = 34_560_000

/** Bytes of name and value above which a browser drops the cookie without a word. RFC 6265bis section 5.6, step 5. */
export const maxCookieBytes = 4096

/** cookie-octet, RFC 6265bis section 4.1.1: no controls, spaces, quotes, commas, semicolons, backslashes. One pass. */
const cookieOctets = /^[!#-+\--:<-[\]-~]*$/

/**
 * Writes a cookie.
 *
 * @param value - cookie-octets only: nothing is escaped. Sealed values are.
 * @param maxAge - seconds, clamped to 0..400 days; undefined for a cookie that ends with the browser.
 * @throws {PortcullisError} `ERR_COOKIE_INVALID` for other characters, `ERR_COOKIE_TOO_LARGE` above 4,096 bytes
 */
export function serializeCookie(
  settings: CookieSettings,
  value: string,
  maxAge: number | undefined,
): OutgoingCookie {
  const { name, attributes, suffix } = settings
  if (!cookieOctets.test(value)) {
    throw new PortcullisError(
      'ERR_COOKIE_INVALID',
      `the value of cookie ${name} has characters no cookie may have`,
    )
  }
  // All ASCII from here on, so characters are bytes.
  const size = name.length + value.length
  if (size > maxCookieBytes) {
    throw new PortcullisError(
      'ERR_COOKIE_TOO_LARGE',
      `cookie ${name} takes ${size} bytes, name and value, of the ${maxCookieBytes} that browsers keep; ` +
        'put less into the session, or use stored sessions, whose cookie holds only an id',
    )
  }
  if (maxAge === undefined) return { name, value, header: `${name}=${value}${suffix}`, attributes }
  const seconds = clamp(maxAge)
  const header = `${name}=${value}; Max-Age=${seconds}${suffix}`
  return { name, value, header, attributes: { ...attributes, maxAge: seconds } }
}

/**
 * Ends a cookie: empty, Max-Age=0, and an Expires in the past for clients that know no Max-Age. Name, Path, Domain and
 * Partitioned are what it was set with, or a browser would keep it.
 */
export function expireCookie(settings: CookieSettings): OutgoingCookie {
  const { name, attributes, suffix } = settings
  const header = `${name}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT${suffix}`
  return { name, value: '', header, attributes: { ...attributes, maxAge: 0 } }
}

/** Whole seconds a browser will honour. NaN ends the cookie at once: the safe side. */
function clamp(maxAge: number): number {
  return maxAge > 0 ? Math.min(Math.trunc(maxAge), maxCookieAge) : 0
}
