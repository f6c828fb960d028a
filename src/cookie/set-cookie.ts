/**
 * Parses and replaces Set-Cookie headers, and hardens those that an upstream sets. Sessions and the gateway's login
 * throttle call `replaceSetCookie`. The proxy hardens; the throttle's success rules, the guard for Vercel, the cookie
 * jar of `portcullis/testing` and applications parse. Nothing is thrown. A Set-Cookie that browsers would ignore, or
 * that could pass for one of our own cookies, gives undefined, and the caller drops it.
 */
import type { OutgoingCookie } from '../types.ts'
import { maxAttributeLength } from './attributes.ts'
import { parseCookieDate } from './date.ts'
import { maxCookieBytes } from './serialize.ts'

/** A Set-Cookie as a browser reads it. */
export interface ParsedSetCookie {
  /** Name as it was sent, with its prefix. */
  readonly name: string
  /** Value as it was sent, with quotes and percent signs. */
  readonly value: string
  /**
   * Names are in lower case, values as written. If a name occurs twice, the last one counts (RFC 6265bis section 5.7).
   */
  readonly attributes: ReadonlyArray<readonly [name: string, value: string]>
}

/** The methods of Headers that `replaceSetCookie` calls. */
export type SetCookieHeaders = Pick<Headers, 'append' | 'delete' | 'getSetCookie' | 'has' | 'set'>

/** Options of {@link hardenSetCookie}. */
export interface HardenOptions {
  /** True if the client uses https, so that Secure can be added. */
  readonly secure: boolean
  /**
   * Host name of the upstream; a port is ignored. A Domain with this name is removed, since the browser would reject
   * it.
   */
  readonly upstreamHost: string
  /**
   * Prefix of every path on the upstream (`/v1`), which visitors do not see. It is removed from the Path of a cookie.
   *
   * @default ''
   */
  readonly base?: string
  /**
   * Names of our own cookies, with prefix. An upstream must not set them. A name that ends with `-` stands for all that
   * begin so.
   */
  readonly ownNames: ReadonlySet<string>
}

/** Control characters other than tab (RFC 6265bis section 5.6, step 1). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern searches for them.
const controlCharacters = /[\0-\x08\x0a-\x1f\x7f]/

/**
 * Sets a cookie and removes an earlier one of the same name, since a response must not contain two (RFC 6265bis section
 * 4.1.1). Other cookies stay in their order. The headers must be mutable.
 *
 * @example
 * ```ts
 * replaceSetCookie(response.headers, serializeCookie(settings, token, 3600))
 * ```
 */
export function replaceSetCookie(headers: SetCookieHeaders, cookie: OutgoingCookie): void {
  if (headers.has('set-cookie')) {
    const previousTexts = headers.getSetCookie()
    const remaining = previousTexts.filter((text) => readCookieName(text) !== cookie.name)
    if (remaining.length < previousTexts.length) {
      headers.delete('set-cookie')
      for (const text of remaining) headers.append('set-cookie', text)
    }
  }
  headers.append('set-cookie', cookie.header)
  if (cookie.alongside) headers.set(...cookie.alongside)
}

/**
 * Parses a Set-Cookie as a browser does. Returns undefined for one that a browser ignores: with control characters, without
 * name and value, or with more than 4,096 bytes of both. Prefixes and attributes are not validated.
 *
 * @example
 * ```ts
 * parseSetCookie('a=1; Path=/') // { name: 'a', value: '1', attributes: [['path', '/']] }
 * ```
 * @see RFC 6265bis section 5.6
 */
export function parseSetCookie(text: string): ParsedSetCookie | undefined {
  if (controlCharacters.test(text)) return undefined

  const [pair = '', ...attributeParts] = text.split(';')
  const equals = pair.indexOf('=')
  // Without `=` the pair is the value of a cookie without a name, which the browser sends back as the value alone.
  const cookieName = equals === -1 ? '' : trim(pair.slice(0, equals))
  const value = trim(pair.slice(equals + 1))
  const size = cookieName.length + value.length
  if (size === 0 || size > maxCookieBytes) return undefined

  return {
    name: cookieName,
    value,
    attributes: attributeParts
      .map(parseAttribute)
      .filter(([, attribute]) => attribute.length <= maxAttributeLength),
  }
}

/**
 * True if a Set-Cookie deletes its cookie: Max-Age of 0 or less or, without Max-Age, an Expires that has passed. Attributes
 * with invalid values are ignored, and the last valid one counts.
 *
 * @example
 * ```ts
 * const cookie = parseSetCookie(header)
 * if (cookie && isExpiring(cookie, Date.now())) console.log('the upstream signed the user out')
 * ```
 * @see RFC 6265 sections 5.2.1, 5.2.2 and 5.3
 */
export function isExpiring(cookie: ParsedSetCookie, nowMs: number): boolean {
  const { attributes } = cookie
  const maxAge = attributes.findLast(
    ([attributeName, value]) => attributeName === 'max-age' && /^-?\d+$/.test(value),
  )
  if (maxAge !== undefined) return Number(maxAge[1]) <= 0

  const dates = attributes
    .filter(([attributeName]) => attributeName === 'expires')
    .map(([, value]) => parseCookieDate(value))
  const expires = dates.findLast((date) => date !== undefined)
  return expires !== undefined && expires <= nowMs
}

/**
 * Hardens a Set-Cookie of an upstream: it adds Secure and SameSite=Lax if they are absent, removes a Domain that names
 * the upstream, and removes the base from a Path. The rest is unchanged. It returns undefined for a cookie that must
 * not be forwarded: one that a browser would ignore anyway, or one that a browser or an upstream could read as one of
 * our cookies:
 *
 * - a cookie with one of our names in any letter case, also with characters that a token cannot contain, which some
 *   servers trim;
 * - a cookie without a name whose value begins with our name: `=__Host-session=x` is sent back as `__Host-session=x`;
 * - a value that contains `, __Host-session=`: intermediaries that join Set-Cookie headers would split it there.
 *
 * @example
 * ```ts
 * hardenSetCookie('cart=7; Path=/', {
 *   secure: true,
 *   upstreamHost: 'shop.internal',
 *   ownNames: new Set(['__Host-session']),
 * }) // 'cart=7; Path=/; Secure; SameSite=Lax'
 * ```
 */
export function hardenSetCookie(text: string, options: HardenOptions): string | undefined {
  const cookie = parseSetCookie(text)
  if (cookie === undefined || looksLikeOwnCookie(text, cookie, options.ownNames)) return undefined

  const host = options.upstreamHost.replace(/:\d{1,5}$/, '').toLowerCase()
  const namesUpstream = ([attributeName, value]: readonly [string, string]): boolean =>
    attributeName === 'domain' && value.replace(/^\./, '').toLowerCase() === host
  // Every Domain is removed: if only the last one were, an earlier one would count.
  const removesDomain = cookie.attributes.some(namesUpstream)
  const { base = '' } = options
  const removesBase =
    base !== '' &&
    cookie.attributes.some(
      ([attributeName, value]) => attributeName === 'path' && removeBasePath(value, base),
    )
  const publicText =
    removesDomain || removesBase
      ? text
          .split(';')
          .filter(
            (part, index) => index === 0 || !removesDomain || parseAttribute(part)[0] !== 'domain',
          )
          .map((part, index) => (index > 0 && removesBase ? toPublicPath(part, base) : part))
          .join(';')
      : text

  const hasAttribute = (wantedName: string): boolean =>
    cookie.attributes.some(([attributeName]) => attributeName === wantedName)
  const secure = options.secure && !hasAttribute('secure') ? '; Secure' : ''
  const sameSite = hasAttribute('samesite') ? '' : '; SameSite=Lax'

  return `${publicText}${secure}${sameSite}`
}

/** Returns the path as visitors see it, or undefined for a path that is not under the base. */
function removeBasePath(cookiePath: string, base: string): string | undefined {
  if (!cookiePath.startsWith(base)) return undefined
  const publicPath = cookiePath.slice(base.length)
  return publicPath === '' ? '/' : publicPath.startsWith('/') ? publicPath : undefined
}

function toPublicPath(part: string, base: string): string {
  const [attributeName, value] = parseAttribute(part)
  const path = attributeName === 'path' ? removeBasePath(value, base) : undefined
  return path === undefined ? part : ` Path=${path}`
}

function looksLikeOwnCookie(
  text: string,
  { name, value }: ParsedSetCookie,
  ownNames: ReadonlySet<string>,
): boolean {
  const foldedName = foldName(name === '' ? value : name)
  const parts = text.includes(',') ? text.split(',').slice(1) : []
  for (const ownName of ownNames) {
    const lowerName = ownName.toLowerCase()
    // A name that ends with a dash stands for every name that begins with it.
    const isPrefix = name === '' || lowerName.endsWith('-')
    if (isPrefix ? foldedName.startsWith(lowerName) : foldedName === lowerName) return true
    if (parts.some((part) => isOwnName(readCookieName(part).toLowerCase(), lowerName))) return true
  }

  return false
}

function isOwnName(cookieName: string, ownName: string): boolean {
  return ownName.endsWith('-') ? cookieName.startsWith(ownName) : cookieName === ownName
}

/** Returns the name in lower case, without characters that a token cannot contain. */
function foldName(cookieName: string): string {
  return cookieName.toLowerCase().replaceAll(/[^!#$%&'*+\-.^_`|~0-9a-z]/g, '')
}

function readCookieName(text: string): string {
  const pairEnd = text.indexOf(';')
  const equals = text.indexOf('=')
  const hasName = equals !== -1 && (pairEnd === -1 || equals < pairEnd)
  return hasName ? trim(text.slice(0, equals)) : ''
}

function parseAttribute(part: string): readonly [string, string] {
  const equals = part.indexOf('=')
  return equals === -1
    ? [trim(part).toLowerCase(), '']
    : [trim(part.slice(0, equals)).toLowerCase(), trim(part.slice(equals + 1))]
}

/** Trims space and tab only: String.trim would also remove characters that a browser keeps, such as U+00A0. */
function trim(text: string): string {
  let startIndex = 0
  let endIndex = text.length
  while (startIndex < endIndex && (text[startIndex] === ' ' || text[startIndex] === '\t'))
    startIndex++
  while (endIndex > startIndex && (text[endIndex - 1] === ' ' || text[endIndex - 1] === '\t'))
    endIndex--
  return text.slice(startIndex, endIndex)
}
