/**
 * Cookies as RFC 6265bis defines them: options compiled to settings, a strict reader of the Cookie header, one Set-Cookie for
 * each name, and hardening of cookies that an upstream sets. Values are never decoded: what a browser stores is what is read.
 */
export { cookieNamePrefix, isToken } from './attributes.ts'
export { maxCookieHeaderLength, readCookies, removeCookies } from './parse.ts'
export { expireCookie, maxCookieAge, maxCookieBytes, serializeCookie } from './serialize.ts'
export {
  type HardenOptions,
  hardenSetCookie,
  isExpiring,
  type ParsedSetCookie,
  parseSetCookie,
  replaceSetCookie,
} from './set-cookie.ts'
export {
  type CookieOptions,
  type CookieSettings,
  cookieOptionKeys,
  cookieSettings,
  type ForeignCookie,
  foreignCookieSettings,
} from './settings.ts'
