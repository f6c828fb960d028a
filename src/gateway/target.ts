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
export function targetOf(url: URL): Target {
  let end = url.pathname.length
  while (end > 0 && url.pathname.charCodeAt(end - 1) === 47) end--
  return { origin: url.origin, host: url.host, hostname: url.hostname, base: url.pathname.slice(0, end) }
}

/**
 * The upstream's URL for a canonical path. Joined as text: resolved as a reference, `//host` would be another server.
 *
 * @param path - canonical: it begins with one slash and has no dot segments, so it stays under `base`.
 */
export function upstreamUrl(target: Target, path: string, search: string): string {
  return target.origin + target.base + path + search
}

// What a browser would run or read instead of asking a server for it.
const refusedSchemes: ReadonlySet<string> = new Set(['javascript:', 'vbscript:', 'data:', 'blob:', 'file:'])

/**
 * The Location to send to the client: on the upstream's own host it becomes one on the public origin, any other host is
 * passed as it is. The gateway never follows it.
 *
 * @param requested - URL the upstream was asked for, against which it is resolved.
 * @returns undefined for one that must not be sent: control characters, a scheme that runs or reads, no URL at all.
 */
export function publicLocation(
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
  if (url.host !== target.host || (url.protocol !== 'https:' && url.protocol !== 'http:')) return location
  const relative = !/^[a-z][a-z\d+.-]*:|^[/\\]{2}/i.test(location)
  if (relative && target.base === '') return location
  if (relative && !/^[/\\]/.test(location)) return location
  // With its origin even where it had none: what is left of `/v1//host` is a path, not a host.
  return publicOrigin + withoutBase(url.pathname, target.base) + url.search + url.hash
}

/** A Refresh header in two: what comes before its address, and the address; that is empty where there is none. */
export function refreshOf(value: string): readonly [before: string, address: string] {
  const at = value.search(/[;,]/)
  const address = at === -1 ? '' : value.slice(at + 1).trim()
  const bare = address.replace(/^url\s*=/i, '').trim()
  const quote = bare.charAt(0)
  const quoted = quote === '"' || quote === "'"
  return [`${value.slice(0, Math.max(0, at))}; url=`, quoted ? (bare.slice(1).split(quote, 1)[0] ?? '') : bare]
}

/** A path outside `base` stays as it is: the upstream said so, and the public one is as good a guess as any. */
function withoutBase(path: string, base: string): string {
  if (base === '' || !path.startsWith(base)) return path
  const rest = path.slice(base.length)
  if (rest === '') return '/'
  return rest.startsWith('/') ? rest : path
}
