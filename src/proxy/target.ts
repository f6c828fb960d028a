/** Between the addresses visitors see and those of an upstream. */

/** Where an upstream is, taken apart once. */
export interface Target {
  /** Scheme, host and port. */
  readonly origin: string
  readonly host: string
  /** Name without port, as in a cookie's Domain. */
  readonly hostname: string
  /** Prefix of every path, without a slash at its end; empty for none. */
  readonly base: string
}

/** Takes an upstream's URL apart. */
export function createTarget(url: URL): Target {
  let end = url.pathname.length
  while (end > 0 && url.pathname.charCodeAt(end - 1) === 47) end--
  return {
    origin: url.origin,
    host: url.host,
    hostname: url.hostname,
    base: url.pathname.slice(0, end),
  }
}

/** The origins that a request is about. */
interface RequestTargets {
  /** By the index of an upstream; undefined where it has no address of its own. */
  readonly targets: ReadonlyArray<Target | undefined>
  readonly publicOrigin: string
  readonly publicHost: string
}

/** Finds the target of an upstream. One without an address is asked under the origin that the visitor sees. */
export function findTarget(
  { targets, publicOrigin, publicHost }: RequestTargets,
  index: number,
): Target {
  const hostname = publicHost.replace(/:\d+$/, '')
  return targets[index] ?? { origin: publicOrigin, host: publicHost, hostname, base: '' }
}

/**
 * The upstream's URL for a canonical path. Joined as text: resolved as a reference, `//host` would be another server.
 *
 * @param path - canonical: it begins with one slash and has no dot segments, so it stays under `base`.
 */
export function createUpstreamUrl(target: Target, path: string, search: string): string {
  return target.origin + target.base + path + search
}

// Schemes that a browser would run or read instead of asking a server.
const refusedSchemes: ReadonlySet<string> = new Set([
  'javascript:',
  'vbscript:',
  'data:',
  'blob:',
  'file:',
])

/**
 * The Location to send to the client: on the upstream's own host it becomes one on the public origin, any other host is
 * passed as it is. The gateway never follows it.
 *
 * @param requested - URL the upstream was asked for, against which it is resolved.
 * @returns undefined for one that must not be sent: control characters, a scheme that runs or reads, no URL at all.
 */
export function rewriteLocation(
  location: string,
  requested: string,
  target: Target,
  publicOrigin: string,
): string | undefined {
  for (let i = 0; i < location.length; i++) {
    const code = location.charCodeAt(i)
    // Browsers drop tabs and line ends before they read a scheme, and take a backslash for a slash.
    if (code < 0x20 || code === 0x7f) return undefined
  }
  if (!URL.canParse(location, requested)) return undefined
  const url = new URL(location, requested)
  if (refusedSchemes.has(url.protocol)) return undefined
  // By host, not origin: behind a TLS terminator an upstream says http.
  if (url.host !== target.host || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    return location
  const relative = !/^[a-z][a-z\d+.-]*:|^[/\\]{2}/i.test(location)
  if (relative && target.base === '') return location
  if (relative && !/^[/\\]/.test(location)) return location
  // With its origin even where it had none: what is left of `/v1//host` is a path, not a host.
  const rest = url.pathname + url.search + url.hash
  return publicOrigin + removeTargetBase(asSent(location, rest) ?? rest, target.base)
}

/**
 * Returns the part of a location after its host in the bytes that were sent, where it is not ASCII
 * and only its escapes differ from the result of a parser. A header is bytes: workerd hands them
 * over as UTF-8, other runtimes each as a character of its own, so that `é` would become the
 * escapes of two (`%C3%83%C2%A9`).
 */
function asSent(location: string, parsed: string): string | undefined {
  if (!/[\u0080-\uffff]/.test(location)) return undefined
  const rest = location.replace(/^(?:[a-z][a-z\d+.-]*:)?(?:[/\\]{2}[^/\\?#]*)?/i, '')
  const path = rest.startsWith('/') ? rest : `/${rest}`
  if (withEscapes(path) === parsed) return path
  // Dot segments and the like: as it was read, with the bytes that were sent.
  const again = new URL(
    location.replace(/[\u0080-\uffff]+/g, escapeBytes),
    'http://upstream.invalid',
  )
  return again.pathname + again.search + again.hash
}

/** Escapes what a URL parser would escape, reading each character as URL parsers do. */
function withEscapes(text: string): string {
  return text.replace(/[\u0080-\uffff]+/g, escapeCharacters)
}

/** Escapes characters of a header: as bytes where they can be bytes of UTF-8, else as the characters they are. */
function escapeBytes(text: string): string {
  const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0))
  const areBytes = [...text].every((char) => char <= 'ÿ')
  if (!areBytes || !isUtf8(bytes)) return escapeCharacters(text)
  return [...bytes].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
}

function escapeCharacters(text: string): string {
  return encodeURIComponent(text.replace(/[\ud800-\udfff]/gu, '\ufffd'))
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}

/** A Refresh header in two: what comes before its address, and the address; that is empty where there is none. */
export function splitRefresh(value: string): readonly [before: string, address: string] {
  const at = value.search(/[;,]/)
  const address = at === -1 ? '' : value.slice(at + 1).trim()
  const bare = address.replace(/^url\s*=/i, '').trim()
  const quote = bare.charAt(0)
  const quoted = quote === '"' || quote === "'"
  return [
    `${value.slice(0, Math.max(0, at))}; url=`,
    quoted ? (bare.slice(1).split(quote, 1)[0] ?? '') : bare,
  ]
}

/** A path outside `base` stays as it is: the upstream said so, and the public one is as good a guess as any. */
function removeTargetBase(path: string, base: string): string {
  if (base === '' || !path.startsWith(base)) return path
  const rest = path.slice(base.length)
  if (rest === '') return '/'
  return rest.startsWith('/') ? rest : path
}
