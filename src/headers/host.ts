/** Scheme and host of a request, as far as headers depend on them. */

/** What a header writer needs to know of the request. */
export interface AboutRequest {
  /** Whether the client came over https. */
  readonly https: boolean
  /** The host that the client asked for, with or without port. */
  readonly host: string
  /** The nonce that pages of this answer hold, where one was asked for before the answer. */
  readonly nonce?: string | undefined
}

const plain: AboutRequest = { https: false, host: '' }
/** What the last https url began with, up to the sign after its host: most applications have one host. No url begins so. */
let lastStart = ' '
let last = plain

/** Scheme and host of an absolute url, without building a URL: workerd hands over the raw request line. */
export function aboutUrl(url: string): AboutRequest {
  if (url.startsWith(lastStart)) return last
  // On plain http nothing depends on the host.
  if (!url.startsWith('https:')) return plain
  let end = 8
  while (end < url.length && !ends(url.charCodeAt(end))) end++
  const about = { https: true, host: url.slice(url.lastIndexOf('@', end) + 1 || 8, end) }
  // Without such a sign a longer host could begin the same.
  if (end < url.length) [lastStart, last] = [url.slice(0, end + 1), about]
  return about
}

/** Slash, backslash, question mark, number sign. */
function ends(code: number): boolean {
  return code === 0x2f || code === 0x5c || code === 0x3f || code === 0x23
}

/**
 * Whether a host is a name that may be pinned to https: no IP address, which HSTS cannot be set for (RFC 6797 section
 * 8.1.1), and not localhost, where a pin would reach every other project of a developer.
 */
export function isPinnable(host: string): boolean {
  if (host.startsWith('[')) return false
  const colon = host.indexOf(':')
  let name = (colon === -1 ? host : host.slice(0, colon)).toLowerCase()
  if (name.endsWith('.')) name = name.slice(0, -1)
  if (name === '' || name === 'localhost' || name.endsWith('.localhost')) return false
  // A name that ends in a number is an IPv4 address in some notation (URL Standard, "ends in a number checker").
  const last = name.charCodeAt(name.lastIndexOf('.') + 1)
  return !(last >= 0x30 && last <= 0x39 && Number.isInteger(Number(name.slice(name.lastIndexOf('.') + 1))))
}
