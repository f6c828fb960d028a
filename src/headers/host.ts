/**
 * Reads the scheme and the host of a request's URL, on which Strict-Transport-Security depends. The
 * layer of `secureHeaders()`, the header writer, `compileHeaders()` and `compiledHeaders()` call
 * it. It throws nothing: a URL that does not begin with `https:` counts as plain http, which has no
 * HSTS. IP addresses and localhost never get HSTS.
 */

import { hostEnd } from '../request/origin.ts'
import type { ChangeableHeaders } from '../request/tracked-headers.ts'

/** The facts about a request that a header writer needs. */
export interface RequestOrigin {
  /** Whether the client connected over https. */
  readonly https: boolean
  /** The host of the request's URL, with or without port. */
  readonly host: string
  /** The nonce that the page contains, if it was created before the response. */
  readonly nonce?: string | undefined
  /**
   * The headers of the response, if the caller already has them. Otherwise they are read from the
   * response.
   */
  readonly headers?: ChangeableHeaders | undefined
}

const plainOrigin: RequestOrigin = { https: false, host: '' }
/**
 * The beginning of the last https URL up to its host. URLs with the same host then need no parsing.
 * The initial value matches no URL.
 */
let lastPrefix = ' '
let lastOrigin = plainOrigin

/** Reads the scheme and host of an absolute URL by slicing, which is faster than `new URL`. */
export function readRequestOrigin(url: string): RequestOrigin {
  if (url.startsWith(lastPrefix)) return lastOrigin
  // Over plain http no header depends on the host.
  if (!url.startsWith('https:')) return plainOrigin

  const endIndex = hostEnd(url, 8)
  const origin = { https: true, host: url.slice(url.lastIndexOf('@', endIndex) + 1 || 8, endIndex) }

  // The prefix includes the character after the host. Otherwise a longer host could begin with it.
  if (endIndex < url.length) [lastPrefix, lastOrigin] = [url.slice(0, endIndex + 1), origin]
  return origin
}

/**
 * Matches an IPv6 address, an empty host, or a host whose last label is `localhost` or a number
 * (URL, "ends in a number checker").
 */
const unpinnableHost = /^(?:\[|\.?(?::|$)|(?:[^:]*\.)?(?:localhost|\d+|0x[\da-f]*)\.?(?::|$))/i

/**
 * Reports whether a host may be pinned to https. HSTS is not defined for IP addresses (RFC 6797
 * section 8.1.1), and on localhost it would affect every other project of a developer.
 */
export function canUseHsts(host: string): boolean {
  return !unpinnableHost.test(host)
}
