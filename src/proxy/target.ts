/**
 * Translates between the addresses visitors see and those of an upstream. Forwarding, settings and
 * probes call it. It is pure, and expects canonical paths; an address of another host is passed as
 * it is.
 */

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
export function createTarget(parsedUrl: URL): Target {
  let end = parsedUrl.pathname.length
  while (end > 0 && parsedUrl.pathname.charCodeAt(end - 1) === 47) end--
  return {
    origin: parsedUrl.origin,
    host: parsedUrl.host,
    hostname: parsedUrl.hostname,
    base: parsedUrl.pathname.slice(0, end),
  }
}

/** The origins that a request is about. */
interface RequestTargets {
  /** By the index of an upstream; undefined where it has no address of its own. */
  readonly targets: ReadonlyArray<Target | undefined>
  readonly publicOrigin: string
  readonly publicHost: string
}

/** Finds the target of an upstream. Requests to one without an address have the public origin. */
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
 * @param requestedUrl - URL the upstream was asked for, against which it is resolved.
 * @returns undefined for one that must not be sent: control characters, a scheme that runs or reads, no URL at all.
 */
export function rewriteLocation(
  location: string,
  requestedUrl: string,
  target: Target,
  publicOrigin: string,
): string | undefined {
  for (let position = 0; position < location.length; position++) {
    const charCode = location.charCodeAt(position)
    // Browsers drop tabs and line ends before they read a scheme, and take a backslash for a slash.
    if (charCode < 0x20 || charCode === 0x7f) return undefined
  }

  if (!URL.canParse(location, requestedUrl)) return undefined
  const parsedUrl = new URL(location, requestedUrl)
  if (refusedSchemes.has(parsedUrl.protocol)) return undefined
  // Compare hosts, not origins: behind a TLS terminator an upstream says http.
  if (
    parsedUrl.host !== target.host ||
    (parsedUrl.protocol !== 'https:' && parsedUrl.protocol !== 'http:')
  )
    return location

  const relative = !/^[a-z][a-z\d+.-]*:|^[/\\]{2}/i.test(location)
  if (relative && target.base === '') return location
  if (relative && !/^[/\\]/.test(location)) return location
  // With its origin even where it had none: what is left of `/v1//host` is a path, not a host.
  const rewrittenRest = parsedUrl.pathname + parsedUrl.search + parsedUrl.hash

  return (
    publicOrigin + removeTargetBase(asSent(location, rewrittenRest) ?? rewrittenRest, target.base)
  )
}

/**
 * Returns the part of a location after its host in the bytes that were sent, where it is not ASCII
 * and only its escapes differ from the result of a parser. A header is bytes: workerd hands them
 * over as UTF-8, other runtimes each as a character of its own, so that `é` would become the
 * escapes of two (`%C3%83%C2%A9`).
 */
function asSent(location: string, parsedRest: string): string | undefined {
  if (!/[\u0080-\uffff]/.test(location)) return undefined
  const sentRest = location.replace(/^(?:[a-z][a-z\d+.-]*:)?(?:[/\\]{2}[^/\\?#]*)?/i, '')
  const sentPath = sentRest.startsWith('/') ? sentRest : `/${sentRest}`
  if (withEscapes(sentPath) === parsedRest) return sentPath
  // Dot segments and the like: as it was read, with the bytes that were sent.
  const parsedAgain = new URL(
    location.replace(/[\u0080-\uffff]+/g, escapeBytes),
    'http://upstream.invalid',
  )

  return parsedAgain.pathname + parsedAgain.search + parsedAgain.hash
}

/** Escapes what a URL parser would escape, reading each character as URL parsers do. */
function withEscapes(location: string): string {
  return location.replace(/[\u0080-\uffff]+/g, escapeCharacters)
}

/** Escapes characters of a header: as bytes where they can be bytes of UTF-8, else as the characters they are. */
function escapeBytes(binaryText: string): string {
  const charBytes = Uint8Array.from(binaryText, (character) => character.charCodeAt(0))
  const areBytes = [...binaryText].every((character) => character <= 'ÿ')
  if (!areBytes || !isUtf8(charBytes)) return escapeCharacters(binaryText)
  return [...charBytes]
    .map((charByte) => `%${charByte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('')
}

function escapeCharacters(unicodeText: string): string {
  return encodeURIComponent(unicodeText.replace(/[\ud800-\udfff]/gu, '\ufffd'))
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}

/**
 * Splits a Refresh header into the part before its address, and the address, which is empty if
 * there is none.
 */
export function splitRefresh(value: string): readonly [before: string, address: string] {
  const separator = value.search(/[;,]/)
  const address = separator === -1 ? '' : value.slice(separator + 1).trim()
  const bareAddress = address.replace(/^url\s*=/i, '').trim()
  const firstChar = bareAddress.charAt(0)
  const isQuoted = firstChar === '"' || firstChar === "'"

  return [
    `${value.slice(0, Math.max(0, separator))}; url=`,
    isQuoted ? (bareAddress.slice(1).split(firstChar, 1)[0] ?? '') : bareAddress,
  ]
}

/** A path outside `basePath` stays unchanged: no public path corresponds to it. */
function removeTargetBase(path: string, basePath: string): string {
  if (basePath === '' || !path.startsWith(basePath)) return path
  const pathRest = path.slice(basePath.length)
  if (pathRest === '') return '/'
  return pathRest.startsWith('/') ? pathRest : path
}
