/**
 * Reads the scheme and host of a request's raw URL by slicing, because `new URL` takes longer than
 * everything else that a guard does. Host checks, CSRF checks, header writers, the sign-in redirect
 * and the path reader call it. It is pure and throws nothing. A URL that a parser would have to
 * interpret (user names, escapes, non-ASCII) gives an empty host, which equals no configured one.
 */
import { normaliseAddress } from './address/address.ts'

/**
 * A name or an address in brackets, with an optional port. It takes linear time, since no part can
 * match what the next one does.
 */
const plainHost = /^(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?$/

/** Returns the index where the host begins, or -1 for a URL that is neither http nor https. */
export function hostStart(url: string): number {
  return url.startsWith('https://') ? 8 : url.startsWith('http://') ? 7 : -1
}

/**
 * Returns the index where the host ends: at the path, the query, the fragment or the end. A
 * backslash ends it, too, as in URL parsers.
 */
export function hostEnd(url: string, startIndex: number): number {
  for (let index = startIndex; index < url.length; index++) {
    const charCode = url.charCodeAt(index)
    if (charCode === 0x2f || charCode === 0x3f || charCode === 0x23 || charCode === 0x5c)
      return index
  }
  return url.length
}

/** Reports whether a URL begins with `https://`. */
export function isHttps(url: string): boolean {
  return url.startsWith('https://')
}

/**
 * Returns host and port as `new URL(url).host` does: in lower case, without the scheme's default
 * port. Returns an empty text for a URL that a parser would have to interpret: user names, escapes,
 * non-ASCII, an invalid port.
 */
export function readUrlHost(url: string): string {
  const startIndex = hostStart(url)
  if (startIndex === -1) return ''

  const host = url.slice(startIndex, hostEnd(url, startIndex))
  if (!plainHost.test(host)) return ''

  return host.replace(startIndex === 8 ? /:443$/ : /:80$/, '').toLowerCase()
}

/** Returns {@link readUrlHost} without the port. IPv6 addresses keep their brackets. */
export function readUrlHostName(url: string): string {
  const host = readUrlHost(url)
  const colon = host.lastIndexOf(':')
  return colon > host.lastIndexOf(']') ? host.slice(0, colon) : host
}

/**
 * Returns scheme, host and port as `new URL(url).origin` does; an empty text where {@link
 * readUrlHost} is empty.
 */
export function readUrlOrigin(url: string): string {
  const host = readUrlHost(url)
  return host && url.slice(0, hostStart(url)) + host
}

/**
 * Reports whether a host, with or without a port, is this machine: localhost and names under it,
 * 127.0.0.0/8, [::1]. Browsers treat plain http there as trustworthy (Secure Contexts section 3.1).
 */
export function isLoopbackHost(host: string): boolean {
  const name = host.replace(/:\d{0,5}$/, '').toLowerCase()
  if (name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || host === '::1')
    return true
  return name.startsWith('127.') && normaliseAddress(name) !== undefined
}
