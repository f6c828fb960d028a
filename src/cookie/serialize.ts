/**
 * Serializes a cookie as the text of a Set-Cookie header, after it has checked value and size. Sessions, the
 * login, the login throttle, device-bound sessions and applications call it; `set-cookie.ts` uses its limit. It
 * throws `ERR_COOKIE_INVALID` for characters that a cookie must not contain and `ERR_COOKIE_TOO_LARGE` if name
 * and value are over 4,096 bytes. An age over 400 days is lowered to that without an error.
 */
import { PortcullisError } from '../errors.ts'
import type { OutgoingCookie } from '../types.ts'
import type { CookieSettings } from './settings.ts'

/** Maximum seconds for which a browser keeps a cookie: 400 days (RFC 6265bis section 5.5). */
export const maxCookieAge = 34_560_000

/** Maximum bytes of name and value. A browser drops a larger cookie silently (RFC 6265bis section 5.6, step 5). */
export const maxCookieBytes = 4096

/** cookie-octet, RFC 6265bis section 4.1.1: no controls, spaces, quotes, commas, semicolons, backslashes. Linear. */
const cookieOctets = /^[!#-+\--:<-[\]-~]*$/

/**
 * Serializes a cookie.
 *
 * @param value - cookie-octets only, because nothing is escaped. Sealed values consist of them.
 * @param maxAge - seconds, clamped to 0..400 days; undefined for a cookie that ends with the browser.
 * @example
 * ```ts
 * const settings = cookieSettings({ name: 'theme', httpOnly: false }, issues)
 * headers.append('set-cookie', serializeCookie(settings, 'dark', 86_400).header)
 * ```
 * @throws {PortcullisError} `ERR_COOKIE_INVALID` for other characters, `ERR_COOKIE_TOO_LARGE` over 4,096 bytes
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
      `the value of cookie ${name} has characters that a cookie must not contain`,
    )
  }

  // Name and value are ASCII, so the number of characters is the number of bytes.
  const size = name.length + value.length
  if (size > maxCookieBytes) {
    throw new PortcullisError(
      'ERR_COOKIE_TOO_LARGE',
      `cookie ${name} has ${size} bytes in name and value, ` +
        `more than the ${maxCookieBytes} that browsers keep; put less into the session, ` +
        'or use stored sessions, whose cookie holds only an id',
    )
  }

  if (maxAge === undefined) return { name, value, header: `${name}=${value}${suffix}`, attributes }
  const seconds = clamp(maxAge)
  const cookieHeader = `${name}=${value}; Max-Age=${seconds}${suffix}`
  return { name, value, header: cookieHeader, attributes: { ...attributes, maxAge: seconds } }
}

/**
 * Serializes a cookie that removes another one: it is empty, with Max-Age=0, and an Expires in the past for clients
 * that do not know Max-Age. Name, Path, Domain and Partitioned must be those with which the cookie was set, or the
 * browser keeps it.
 *
 * @example
 * ```ts
 * headers.append('set-cookie', expireCookie(settings).header)
 * ```
 */
export function expireCookie(settings: CookieSettings): OutgoingCookie {
  const { name, attributes, suffix } = settings
  const cookieHeader = `${name}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT${suffix}`
  return { name, value: '', header: cookieHeader, attributes: { ...attributes, maxAge: 0 } }
}

/** Limits an age to whole seconds that a browser accepts. NaN becomes 0, so that the cookie expires immediately. */
function clamp(maxAge: number): number {
  return maxAge > 0 ? Math.min(Math.trunc(maxAge), maxCookieAge) : 0
}
