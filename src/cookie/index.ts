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
