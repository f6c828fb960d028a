/**
 * Reads scheme and host of a request's URL, on which Strict-Transport-Security depends. The header
 * writers call it for each response. IP addresses and localhost never get HSTS.
 */

import { hostEnd } from '../request/origin.ts'
import type { ChangeableHeaders } from '../request/tracked-headers.ts'

/** The parts of a request that a header writer needs. */
export interface RequestOrigin {
  /** Whether the client connected over https. */
  readonly https: boolean
  /** The host that the client asked for, with or without port. */
  readonly host: string
  /** The nonce that the page contains, if it was created before the response. */
  readonly nonce?: string | undefined
  /** The headers of the response, where the caller knows them; otherwise they are asked. */
  readonly headers?: ChangeableHeaders | undefined
}

const plainOrigin: RequestOrigin = { https: false, host: '' }
/** Scheme and host of the last https URL, to skip parsing while the host stays the same. The initial value matches no URL. */
let lastPrefix = ' '
let lastOrigin = plainOrigin

/** Reads scheme and host of an absolute URL by slicing, which is cheaper than `new URL`. */
export function readRequestOrigin(url: string): RequestOrigin {
  if (url.startsWith(lastPrefix)) return lastOrigin
  // Over plain http no header depends on the host.
  if (!url.startsWith('https:')) return plainOrigin

  const endIndex = hostEnd(url, 8)
  const origin = { https: true, host: url.slice(url.lastIndexOf('@', endIndex) + 1 || 8, endIndex) }

  // Without the character after the host, a longer host could have the same prefix.
  if (endIndex < url.length) [lastPrefix, lastOrigin] = [url.slice(0, endIndex + 1), origin]
  return origin
}

/** An IPv6 address, an empty host, or a last label that is `localhost` or a number (URL, "ends in a number checker"). */
const unpinnableHost = /^(?:\[|\.?(?::|$)|(?:[^:]*\.)?(?:localhost|\d+|0x[\da-f]*)\.?(?::|$))/i

/**
 * Whether a host may be pinned to https. HSTS is not defined for IP addresses (RFC 6797 section 8.1.1); on localhost it
 * would affect every other project of a developer.
 */
export function canUseHsts(host: string): boolean {
  return !unpinnableHost.test(host)
}
