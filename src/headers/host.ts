/** Scheme and host of a request, as far as headers depend on them. */
import { hostEnd } from '../request/origin.ts'

/** What a header writer needs to know of the request. */
export interface RequestOrigin {
  /** Whether the client came over https. */
  readonly https: boolean
  /** The host that the client asked for, with or without port. */
  readonly host: string
  /** The nonce that pages of this answer hold, where one was asked for before the answer. */
  readonly nonce?: string | undefined
}

const plain: RequestOrigin = { https: false, host: '' }
/** What the last https url began with, up to the sign after its host: most applications have one host. No url begins so. */
let lastStart = ' '
let last = plain

/** Scheme and host of an absolute url, without building a URL: workerd hands over the raw request line. */
export function readRequestOrigin(url: string): RequestOrigin {
  if (url.startsWith(lastStart)) return last
  // On plain http nothing depends on the host.
  if (!url.startsWith('https:')) return plain

  const end = hostEnd(url, 8)
  const about = { https: true, host: url.slice(url.lastIndexOf('@', end) + 1 || 8, end) }

  // Without such a sign a longer host could begin the same.
  if (end < url.length) [lastStart, last] = [url.slice(0, end + 1), about]
  return about
}

/** An IPv6 address, nothing at all, or a last label that is `localhost` or a number (URL, "ends in a number checker"). */
const unpinnable = /^(?:\[|\.?(?::|$)|(?:[^:]*\.)?(?:localhost|\d+|0x[\da-f]*)\.?(?::|$))/i

/**
 * Whether a host is a name that may be pinned to https: no IP address, which HSTS cannot be set for (RFC 6797 section
 * 8.1.1), and not localhost, where a pin would reach every other project of a developer.
 */
export function canUseHsts(host: string): boolean {
  return !unpinnable.test(host)
}
