export { isToken, prefixOf } from './attributes.ts'
export { longestCookieHeader, readCookies, removeCookies } from './parse.ts'
export { expireCookie, largestCookie, longestMaxAge, serializeCookie } from './serialize.ts'
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
