/**
 * Reads scheme and host of a request's raw url by slicing, since `new URL` costs more than
 * everything else a guard does. Every guard calls it. A url that a parser would have to interpret
 * gives an empty host.
 */
import { normaliseAddress } from './address/address.ts'

/** A name or a bracketed address, and a port. One pass: no part can match what the next one does. */
const plainHost = /^(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?$/

/** Where the host begins, or -1 for a url that is neither http nor https. */
export function hostStart(url: string): number {
  return url.startsWith('https://') ? 8 : url.startsWith('http://') ? 7 : -1
}

/** Where the host ends: at the path, the query, the fragment or the end. A backslash ends it too: URL parsers say so. */
export function hostEnd(url: string, startIndex: number): number {
  for (let index = startIndex; index < url.length; index++) {
    const charCode = url.charCodeAt(index)
    if (charCode === 0x2f || charCode === 0x3f || charCode === 0x23 || charCode === 0x5c)
      return index
  }
  return url.length
}

/** Whether a url begins with `https://`. */
export function isHttps(url: string): boolean {
  return url.startsWith('https://')
}

/**
 * Host and port as `new URL(url).host` has them: lower case, without the scheme's own port. Empty, and so like no host
 * anyone configured, for what a URL parser would have to interpret: user names, escapes, non-ASCII, a bad port.
 */
export function readUrlHost(url: string): string {
  const startIndex = hostStart(url)
  if (startIndex === -1) return ''

  const host = url.slice(startIndex, hostEnd(url, startIndex))
  if (!plainHost.test(host)) return ''

  return host.replace(startIndex === 8 ? /:443$/ : /:80$/, '').toLowerCase()
}

/** {@link readUrlHost} without a port; IPv6 addresses keep their brackets. */
export function readUrlHostName(url: string): string {
  const host = readUrlHost(url)
  const colon = host.lastIndexOf(':')
  return colon > host.lastIndexOf(']') ? host.slice(0, colon) : host
}

/** Scheme, host and port as `new URL(url).origin` has them; empty where {@link readUrlHost} is. */
export function readUrlOrigin(url: string): string {
  const host = readUrlHost(url)
  return host && url.slice(0, hostStart(url)) + host
}

/**
 * Whether a host, with or without a port, is this machine: localhost and names under it, 127.0.0.0/8, [::1]. Browsers
 * treat plain http there as trustworthy (Secure Contexts section 3.1).
 */
export function isLoopbackHost(host: string): boolean {
  const name = host.replace(/:\d{0,5}$/, '').toLowerCase()
  if (name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || host === '::1')
    return true
  return name.startsWith('127.') && normaliseAddress(name) !== undefined
}
