/** The Set-Cookie header: one cookie per name on our answers, and what an upstream may set through us. */
import type { OutgoingCookie } from '../types.ts'
import { maxAttributeLength } from './attributes.ts'
import { parseCookieDate } from './date.ts'
import { maxCookieBytes } from './serialize.ts'

/** A Set-Cookie as a browser reads it. */
export interface ParsedSetCookie {
  /** As it was sent, prefix included. */
  readonly name: string
  /** As it was sent: quotes and percent signs are part of it. */
  readonly value: string
  /** Names in lower case, values as written; the last of a name counts (RFC 6265bis section 5.7). */
  readonly attributes: ReadonlyArray<readonly [name: string, value: string]>
}

/** How a gateway hardens what its upstreams set. */
export interface HardenOptions {
  /** Whether the client speaks https, so that Secure can be added. */
  readonly secure: boolean
  /** Host name of the upstream; a port is ignored. A Domain of this name means nothing to the browser. */
  readonly upstreamHost: string
  /** Prefix of every path on the upstream (`/v1`), which visitors do not see; a Path under it is given without. Default none. */
  readonly base?: string
  /** Our cookies, as sent: an upstream never sets them. */
  readonly ownNames: ReadonlySet<string>
}

/** %x00-08 / %x0A-1F / %x7F: RFC 6265bis section 5.6 step 1. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const controlCharacters = /[\0-\x08\x0a-\x1f\x7f]/

/**
 * Sets one cookie; an earlier one of the same name goes, all others stay in their order: a response must not carry two
 * (RFC 6265bis section 4.1.1). The headers must be mutable.
 */
export function replaceSetCookie(headers: Headers, cookie: OutgoingCookie): void {
  if (headers.has('set-cookie')) {
    const others = headers.getSetCookie()
    const kept = others.filter((text) => readCookieName(text) !== cookie.name)
    if (kept.length < others.length) {
      headers.delete('set-cookie')
      for (const text of kept) headers.append('set-cookie', text)
    }
  }
  headers.append('set-cookie', cookie.header)
  if (cookie.alongside) headers.set(...cookie.alongside)
}

/**
 * Reads a Set-Cookie as a browser would. undefined for what a browser ignores: control characters, neither name nor value,
 * more than 4,096 bytes of both. Prefixes and attributes are not judged.
 *
 * @see RFC 6265bis section 5.6
 */
export function parseSetCookie(text: string): ParsedSetCookie | undefined {
  if (controlCharacters.test(text)) return undefined
  const [pair = '', ...rest] = text.split(';')
  const at = pair.indexOf('=')
  // Without `=` the whole is the value of a nameless cookie; the browser sends it back as the bare value.
  const name = at === -1 ? '' : trim(pair.slice(0, at))
  const value = trim(pair.slice(at + 1))
  if (name.length + value.length === 0 || name.length + value.length > maxCookieBytes)
    return undefined
  return {
    name,
    value,
    attributes: rest.map(parseAttribute).filter(([, set]) => set.length <= maxAttributeLength),
  }
}

/**
 * Whether a Set-Cookie deletes its cookie: Max-Age of 0 or less, or, without Max-Age, an Expires that has passed. An attribute
 * whose value is none counts for nothing, and the last one that has one counts.
 *
 * @see RFC 6265 sections 5.2.1, 5.2.2 and 5.3
 */
export function isExpiring(cookie: ParsedSetCookie, now: number): boolean {
  const { attributes } = cookie
  const maxAge = attributes.findLast(([name, value]) => name === 'max-age' && /^-?\d+$/.test(value))
  if (maxAge !== undefined) return Number(maxAge[1]) <= 0
  const dates = attributes
    .filter(([name]) => name === 'expires')
    .map(([, value]) => parseCookieDate(value))
  const expires = dates.findLast((date) => date !== undefined)
  return expires !== undefined && expires <= now
}

/**
 * Hardens a Set-Cookie of an upstream: Secure and SameSite=Lax where they are absent, no Domain that names the upstream, a
 * Path without its base; the rest byte for byte. undefined where it must not be passed on: what a browser would ignore anyway, and whatever the
 * browser or a server behind us could take for one of our cookies:
 *
 * - our names in any case, and with characters around or inside that are no token (some servers trim them);
 * - a nameless cookie whose value begins with our name: `=__Host-session=x` is sent back as `__Host-session=x`;
 * - a value with `, __Host-session=` in it: intermediaries that fold Set-Cookie headers split there.
 */
export function hardenSetCookie(text: string, options: HardenOptions): string | undefined {
  const cookie = parseSetCookie(text)
  if (cookie === undefined || looksLikeOwnCookie(text, cookie, options.ownNames)) return undefined
  const host = options.upstreamHost.replace(/:\d{1,5}$/, '').toLowerCase()
  const namesUpstream = ([name, value]: readonly [string, string]): boolean =>
    name === 'domain' && value.replace(/^\./, '').toLowerCase() === host
  // All of them, since without the last one an earlier Domain would begin to count.
  const foreign = cookie.attributes.some(namesUpstream)
  const has = (wanted: string): boolean => cookie.attributes.some(([name]) => name === wanted)
  const { base = '' } = options
  const below =
    base !== '' &&
    cookie.attributes.some(([name, value]) => name === 'path' && removeBasePath(value, base))
  const kept =
    foreign || below
      ? text
          .split(';')
          .filter((part, i) => i === 0 || !foreign || parseAttribute(part)[0] !== 'domain')
          .map((part, i) => (i > 0 && below ? publicPath(part, base) : part))
          .join(';')
      : text
  return `${kept}${options.secure && !has('secure') ? '; Secure' : ''}${has('samesite') ? '' : '; SameSite=Lax'}`
}

/** The path as visitors see it; undefined for one that is not under the base. */
function removeBasePath(path: string, base: string): string | undefined {
  if (!path.startsWith(base)) return undefined
  const rest = path.slice(base.length)
  return rest === '' ? '/' : rest.startsWith('/') ? rest : undefined
}

function publicPath(part: string, base: string): string {
  const [name, value] = parseAttribute(part)
  const path = name === 'path' ? removeBasePath(value, base) : undefined
  return path === undefined ? part : ` Path=${path}`
}

function looksLikeOwnCookie(
  text: string,
  { name, value }: ParsedSetCookie,
  ownNames: ReadonlySet<string>,
): boolean {
  const shown = foldName(name === '' ? value : name)
  const parts = text.includes(',') ? text.split(',').slice(1) : []
  for (const own of ownNames) {
    const lower = own.toLowerCase()
    if (name === '' ? shown.startsWith(lower) : shown === lower) return true
    if (parts.some((part) => readCookieName(part).toLowerCase() === lower)) return true
  }
  return false
}

/** Lower case, without what no token may hold. */
function foldName(name: string): string {
  return name.toLowerCase().replaceAll(/[^!#$%&'*+\-.^_`|~0-9a-z]/g, '')
}

function readCookieName(text: string): string {
  const pair = text.indexOf(';')
  const at = text.indexOf('=')
  return at === -1 || (pair !== -1 && pair < at) ? '' : trim(text.slice(0, at))
}

function parseAttribute(part: string): readonly [string, string] {
  const at = part.indexOf('=')
  return at === -1
    ? [trim(part).toLowerCase(), '']
    : [trim(part.slice(0, at)).toLowerCase(), trim(part.slice(at + 1))]
}

/** Space and tab only: String.trim would also take what a browser keeps, such as U+00A0. */
function trim(text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && (text[start] === ' ' || text[start] === '\t')) start++
  while (end > start && (text[end - 1] === ' ' || text[end - 1] === '\t')) end--
  return text.slice(start, end)
}
