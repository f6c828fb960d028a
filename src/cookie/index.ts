/**
 * Exports cookies as RFC 6265bis defines them: options that are compiled to settings, a strict reader of the
 * Cookie header, serialization of Set-Cookie, and hardening of cookies that an upstream sets. Applications import
 * it from `portcullis/cookie`; sessions, the login, the login throttle, the proxy and the guard for Vercel use it too.
 * Values are never decoded. Its errors are `ERR_COOKIE_INVALID` and `ERR_COOKIE_TOO_LARGE` of `serialize.ts`.
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
