/**
 * Creates the headers of the request to an upstream: the client's headers without those that only a gateway may set,
 * and the gateway's own. `upstream-request.ts` calls it for each attempt. The request checks of the gateway use its
 * filter, and the loop checks of the gateway and `proxy()` use `readHops`. It does not throw for valid fields. Clients
 * can send `Portcullis-Hops` too, which can only make their own request fail.
 */
import { removeCookies } from '../cookie/index.ts'
import { nonceSource } from '../headers/index.ts'
import type { ReadableHeaders } from '../request/index.ts'
import { connectionOptions, isStrippedRequestHeader } from './header-filters.ts'

/** The fields that the gateway adds to a request. */
export interface ForwardedFields {
  readonly requestId: string
  /** The client's IP address; undefined if the platform does not report it. */
  readonly address: string | undefined
  /** Host and scheme of the public origin. */
  readonly host: string
  readonly https: boolean
  /** Names of our own cookies, which upstreams do not receive. */
  readonly cookieNames: ReadonlySet<string>
  /** Number of gateways that the request has passed, with this one. */
  readonly hops: number
  readonly hasBody: boolean
  readonly upgrade: boolean
  /** The nonce with which the upstream may use the session protocol. */
  readonly nonce: string | undefined
  /** The nonce of the page's policy, for scripts. */
  readonly pageNonce?: string | undefined
  readonly assertion: string | undefined
  /** The encoded list of the user's sessions, if the route grants `list`. */
  readonly sessions: string | undefined
  /** The encoded messages for this request, if the route grants `flash`. */
  readonly flash?: string | undefined
}

/** Maximum number of gateways that a request may pass. More than that means that it goes round in a loop. */
export const maxHops = 3

/**
 * Reads the number of gateways that a request has passed before. A false number of a client only stops its own request.
 */
export function readHops(headers: ReadableHeaders): number {
  const hopCount = headers.get('portcullis-hops')
  return hopCount !== null && /^\d$/.test(hopCount) ? Number(hopCount) : 0
}

/**
 * Creates the filter of a client's headers, which also strips those that its Connection header lists (RFC 9110 section
 * 7.6.1).
 */
export function createHeaderFilter(
  clientHeaders: ReadableHeaders,
): (headerName: string) => boolean {
  const connectionNames = connectionOptions(clientHeaders.get('connection'))
  return connectionNames === undefined
    ? isStrippedRequestHeader
    : (headerName) => isStrippedRequestHeader(headerName) || connectionNames.has(headerName)
}

/** Lists the names of the client's headers that are stripped. `dropsHeader` recognizes further ones for an upstream. */
export function listStrippedNames(
  clientHeaders: ReadableHeaders,
  dropsHeader: (headerName: string) => boolean = isStrippedRequestHeader,
): string[] {
  const ownFilter = createHeaderFilter(clientHeaders)
  const stripsHeader =
    dropsHeader === isStrippedRequestHeader
      ? ownFilter
      : (headerName: string): boolean => ownFilter(headerName) || dropsHeader(headerName)
  const strippedNames: string[] = []
  clientHeaders.forEach((_value, headerName) => {
    if (stripsHeader(headerName)) strippedNames.push(headerName)
  })

  return strippedNames
}

/**
 * Creates the headers of the request to the upstream, without the `strippedNames`.
 *
 * @param knownHeaders - the client's headers as they were read before, from which reading costs less.
 */
export function createUpstreamHeaders(
  clientHeaders: Headers,
  forwarded: ForwardedFields,
  strippedNames: readonly string[] = listStrippedNames(clientHeaders),
  knownHeaders: ReadableHeaders = clientHeaders,
): Headers {
  let headers = new Headers(clientHeaders)
  for (const strippedName of strippedNames) {
    // workerd accepts names with other characters from the network, and cannot delete them.
    if (isAscii(strippedName)) headers.delete(strippedName)
    else headers = new Headers([...headers].filter(([otherName]) => otherName !== strippedName))
  }

  const cookie = strippedNames.includes('cookie') ? null : knownHeaders.get('cookie')
  if (cookie !== null) withholdCookies(headers, cookie, forwarded.cookieNames)
  if (!forwarded.hasBody && knownHeaders.has('content-length')) headers.delete('content-length')
  const protocol = forwarded.https ? 'https' : 'http'
  if (forwarded.address !== undefined) headers.set('x-forwarded-for', forwarded.address)
  headers.set('x-forwarded-host', forwarded.host)
  headers.set('x-forwarded-proto', protocol)
  headers.set(
    'forwarded',
    `for=${forwardedNode(forwarded.address)};host="${forwarded.host}";proto=${protocol}`,
  )
  headers.set('x-request-id', forwarded.requestId)
  headers.set('portcullis-hops', `${forwarded.hops}`)
  if (forwarded.upgrade) headers.set('upgrade', 'websocket')
  if (forwarded.nonce !== undefined) headers.set('portcullis-session-nonce', forwarded.nonce)
  // Next reads the nonce from this header and adds it to its scripts. Other upstreams can do the same.
  if (forwarded.pageNonce !== undefined)
    headers.set('content-security-policy', `script-src ${nonceSource(forwarded.pageNonce)}`)

  if (forwarded.assertion !== undefined) headers.set('portcullis-assertion', forwarded.assertion)
  if (forwarded.sessions !== undefined) headers.set('portcullis-sessions', forwarded.sessions)
  if (forwarded.flash !== undefined) headers.set('portcullis-flash', forwarded.flash)
  return headers
}

function withholdCookies(headers: Headers, cookie: string, cookieNames: ReadonlySet<string>): void {
  if (cookieNames.size === 0) return

  const otherCookies = removeCookies(cookie, cookieNames)
  if (otherCookies === null) headers.delete('cookie')
  else if (otherCookies !== cookie) headers.set('cookie', otherCookies)
}

function isAscii(headerName: string): boolean {
  for (let position = 0; position < headerName.length; position++)
    if (headerName.charCodeAt(position) > 0x7e) return false
  return true
}

/**
 * Formats an address for `Forwarded` (RFC 7239 section 6): IPv6 in brackets and quotes, `unknown` for an unknown
 * address.
 */
function forwardedNode(address: string | undefined): string {
  if (address === undefined) return 'unknown'
  return address.includes(':') ? `"[${address}]"` : address
}
