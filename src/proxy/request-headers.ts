/**
 * Builds the headers for the upstream: the client's headers without those that only a gateway may
 * send, then the gateway's own. `upstream-request.ts` calls it for each attempt, and checks use
 * its filters. It is pure.
 */
import { removeCookies } from '../cookie/index.ts'
import { nonceSource } from '../headers/index.ts'
import type { ReadableHeaders } from '../request/index.ts'
import { connectionOptions, isStrippedRequestHeader } from './header-filters.ts'

/** The fields that the gateway adds to a request. */
export interface ForwardedFields {
  readonly requestId: string
  /** The client's address, or undefined where the platform does not tell. */
  readonly address: string | undefined
  /** Host and scheme of the public origin. */
  readonly host: string
  readonly https: boolean
  /** Our own cookies, which no upstream sees. */
  readonly cookieNames: ReadonlySet<string>
  /** How many gateways the request passes with this one. */
  readonly hops: number
  readonly hasBody: boolean
  readonly upgrade: boolean
  readonly nonce: string | undefined
  /** The nonce that the policy of a page will hold. */
  readonly pageNonce?: string | undefined
  readonly assertion: string | undefined
  /** The user's sessions, if the route grants `list`. */
  readonly sessions: string | undefined
  /** Messages that wait for this request, where the route takes them. */
  readonly flash?: string | undefined
}

/** Beyond it a request goes round in circles. */
export const maxHops = 3

/** How many gateways a request has passed before. A client may lie, and only stops its own request. */
export function readHops(headers: ReadableHeaders): number {
  const forwarded = headers.get('portcullis-hops')
  return forwarded !== null && /^\d$/.test(forwarded) ? Number(forwarded) : 0
}

/** Tells which of a client's headers stop here, also those that its Connection header lists (RFC 9110 section 7.6.1). */
export function createHeaderFilter(
  clientHeaders: ReadableHeaders,
): (headerName: string) => boolean {
  const connectionNames = connectionOptions(clientHeaders.get('connection'))
  return connectionNames === undefined
    ? isStrippedRequestHeader
    : (headerName) => isStrippedRequestHeader(headerName) || connectionNames.has(headerName)
}

/** Lists the client's headers that are stripped; `dropsHeader` names further ones for an upstream. */
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
 * Builds the headers of the request to the upstream, without the `strippedNames`.
 *
 * @param knownHeaders - the client's headers as they were read before: a question to them costs less.
 */
export function createUpstreamHeaders(
  clientHeaders: Headers,
  forwarded: ForwardedFields,
  strippedNames: readonly string[] = listStrippedNames(clientHeaders),
  knownHeaders: ReadableHeaders = clientHeaders,
): Headers {
  let headers = new Headers(clientHeaders)
  for (const strippedName of strippedNames) {
    // workerd takes names that are no tokens off the wire, and then deletes none of them.
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
  // As Next reads it, which puts the nonce on its own scripts; any other upstream can as well.
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

/** RFC 7239 section 6: IPv6 in brackets and quotes, `unknown` for what is not known. */
function forwardedNode(address: string | undefined): string {
  if (address === undefined) return 'unknown'
  return address.includes(':') ? `"[${address}]"` : address
}
