/**
 * Translates between the addresses that visitors see and those of an upstream: URLs of requests to it, and Location and
 * Refresh of its responses. Forwarding, the settings of the gateway, health checks and `proxy()` call it. Its functions
 * are pure. `createUpstreamUrl` expects a canonical path and checks nothing. An address of another host is returned
 * unchanged, and an address that must not be forwarded gives undefined.
 */

/** The parts of an upstream's address. */
export interface Target {
  /** Scheme, host and port. */
  readonly origin: string
  readonly host: string
  /** The host without its port, as in the Domain of a cookie. */
  readonly hostname: string
  /** Prefix of every path, without a slash at its end; empty if there is none. */
  readonly base: string
}

/** Reads the parts of an upstream's URL. */
export function createTarget(parsedUrl: URL): Target {
  let baseLength = parsedUrl.pathname.length
  while (baseLength > 0 && parsedUrl.pathname.charCodeAt(baseLength - 1) === 47) baseLength--
  return {
    origin: parsedUrl.origin,
    host: parsedUrl.host,
    hostname: parsedUrl.hostname,
    base: parsedUrl.pathname.slice(0, baseLength),
  }
}

/** The addresses from which the target of a request is found. */
interface RequestTargets {
  /** Targets by the index of an upstream; undefined for an upstream without an address of its own. */
  readonly targets: ReadonlyArray<Target | undefined>
  readonly publicOrigin: string
  readonly publicHost: string
}

/** Finds the target of an upstream. Requests to an upstream without an address have the public origin. */
export function findTarget(
  { targets, publicOrigin, publicHost }: RequestTargets,
  index: number,
): Target {
  const hostname = publicHost.replace(/:\d+$/, '')
  return targets[index] ?? { origin: publicOrigin, host: publicHost, hostname, base: '' }
}

/**
 * Creates the URL of a request to the upstream. The parts are joined as text: if they were resolved as a reference,
 * `//host` would be another server.
 *
 * @param path - a canonical path. It begins with one slash and has no dot segments, so it stays under `base`.
 */
export function createUpstreamUrl(target: Target, path: string, search: string): string {
  return target.origin + target.base + path + search
}

// Schemes for which a browser would run or read the URL and send no request.
const refusedSchemes: ReadonlySet<string> = new Set([
  'javascript:',
  'vbscript:',
  'data:',
  'blob:',
  'file:',
])

/**
 * Rewrites a Location for the client: an address on the upstream's own host becomes one on the public origin. An
 * address on another host is returned unchanged. The gateway never follows a Location.
 *
 * @param requestedUrl - the URL of the request to the upstream, against which the Location is resolved.
 * @returns undefined for a Location that must not be sent: with control characters, with a scheme such as
 *   `javascript:`, or no URL.
 */
export function rewriteLocation(
  location: string,
  requestedUrl: string,
  target: Target,
  publicOrigin: string,
): string | undefined {
  for (let position = 0; position < location.length; position++) {
    const charCode = location.charCodeAt(position)
    // Browsers remove tabs and line breaks before they read a scheme, so control characters are rejected.
    if (charCode < 0x20 || charCode === 0x7f) return undefined
  }

  if (!URL.canParse(location, requestedUrl)) return undefined
  const parsedUrl = new URL(location, requestedUrl)
  if (refusedSchemes.has(parsedUrl.protocol)) return undefined
  // Hosts are compared and not origins, since an upstream behind a TLS terminator uses http in its addresses.
  if (
    parsedUrl.host !== target.host ||
    (parsedUrl.protocol !== 'https:' && parsedUrl.protocol !== 'http:')
  )
    return location

  const isRelative = !/^[a-z][a-z\d+.-]*:|^[/\\]{2}/i.test(location)
  if (isRelative && target.base === '') return location
  if (isRelative && !/^[/\\]/.test(location)) return location
  // The origin is always added: without it, the rest of `/v1//host` would be read as a host.
  const parsedRest = parsedUrl.pathname + parsedUrl.search + parsedUrl.hash

  return publicOrigin + removeTargetBase(asSent(location, parsedRest) ?? parsedRest, target.base)
}

/**
 * Returns the part of a location after its host with the bytes that were sent; undefined if it is ASCII.
 * A header consists of bytes. workerd decodes them as UTF-8, and other runtimes read each byte as a
 * character, so that a URL parser would escape `é` as two characters (`%C3%83%C2%A9`).
 */
function asSent(location: string, parsedRest: string): string | undefined {
  if (!/[\u0080-\uffff]/.test(location)) return undefined
  const sentRest = location.replace(/^(?:[a-z][a-z\d+.-]*:)?(?:[/\\]{2}[^/\\?#]*)?/i, '')
  const sentPath = sentRest.startsWith('/') ? sentRest : `/${sentRest}`
  if (withEscapes(sentPath) === parsedRest) return sentPath
  // The parser has changed more than escapes, such as dot segments: parse again with the bytes that were sent.
  const parsedAgain = new URL(
    location.replace(/[\u0080-\uffff]+/g, escapeBytes),
    'http://upstream.invalid',
  )

  return parsedAgain.pathname + parsedAgain.search + parsedAgain.hash
}

/** Escapes characters that are not ASCII, as a URL parser does. */
function withEscapes(location: string): string {
  return location.replace(/[\u0080-\uffff]+/g, escapeCharacters)
}

/** Escapes characters of a header: as bytes if they are bytes of valid UTF-8, otherwise as characters. */
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

/**
 * Removes the base from a path. A path outside the base is returned unchanged, since no public path corresponds to it.
 */
function removeTargetBase(path: string, basePath: string): string {
  if (basePath === '' || !path.startsWith(basePath)) return path
  const pathRest = path.slice(basePath.length)
  if (pathRest === '') return '/'
  return pathRest.startsWith('/') ? pathRest : path
}
