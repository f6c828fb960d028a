/**
 * Builds the headers for the upstream: the client's headers without those that only a gateway may
 * send, then the gateway's own.
 */
import { removeCookies } from '../cookie/index.ts'
import { nonceSource } from '../headers/index.ts'
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
  /** The sessions of who is asking, where the route tells them. */
  readonly sessions: string | undefined
  /** Messages that wait for this request, where the route takes them. */
  readonly flash?: string | undefined
}

/** Beyond it a request goes round in circles. */
export const maxHops = 3

/** How many gateways a request has passed before. A client may lie, and only stops its own request. */
export function readHops(headers: Headers): number {
  const said = headers.get('portcullis-hops')
  return said !== null && /^\d$/.test(said) ? Number(said) : 0
}

/** Tells which of a client's headers stop here, also those that its Connection header lists (RFC 9110 section 7.6.1). */
export function createHeaderFilter(client: Headers): (name: string) => boolean {
  const listed = connectionOptions(client.get('connection'))
  return listed === undefined
    ? isStrippedRequestHeader
    : (name) => isStrippedRequestHeader(name) || listed.has(name)
}

/** Names of a client's headers that stop here; `drops` tells which an upstream does not want besides. */
export function stoppedNames(
  client: Headers,
  drops: (name: string) => boolean = isStrippedRequestHeader,
): string[] {
  const own = createHeaderFilter(client)
  const stops =
    drops === isStrippedRequestHeader ? own : (name: string): boolean => own(name) || drops(name)
  const stopped: string[] = []
  client.forEach((_value, name) => {
    if (stops(name)) stopped.push(name)
  })
  return stopped
}

/** Headers of the request to the upstream; `stopped` are the names that do not go on. */
export function createUpstreamHeaders(
  client: Headers,
  said: ForwardedFields,
  stopped: readonly string[] = stoppedNames(client),
): Headers {
  let headers = new Headers(client)
  for (const name of stopped) {
    // workerd takes names that are no tokens off the wire, and then deletes none of them.
    if (isAscii(name)) headers.delete(name)
    else headers = new Headers([...headers].filter(([other]) => other !== name))
  }
  const cookie = headers.get('cookie')
  if (cookie !== null && said.cookieNames.size > 0) {
    const others = removeCookies(cookie, said.cookieNames)
    if (others === null) headers.delete('cookie')
    else if (others !== cookie) headers.set('cookie', others)
  }
  if (!said.hasBody) headers.delete('content-length')
  const proto = said.https ? 'https' : 'http'
  if (said.address !== undefined) headers.set('x-forwarded-for', said.address)
  headers.set('x-forwarded-host', said.host)
  headers.set('x-forwarded-proto', proto)
  headers.set('forwarded', `for=${forwardedNode(said.address)};host="${said.host}";proto=${proto}`)
  headers.set('x-request-id', said.requestId)
  headers.set('portcullis-hops', `${said.hops}`)
  if (said.upgrade) headers.set('upgrade', 'websocket')
  if (said.nonce !== undefined) headers.set('portcullis-session-nonce', said.nonce)
  // As Next reads it, which puts the nonce on its own scripts; any other upstream can as well.
  if (said.pageNonce !== undefined)
    headers.set('content-security-policy', `script-src ${nonceSource(said.pageNonce)}`)
  if (said.assertion !== undefined) headers.set('portcullis-assertion', said.assertion)
  if (said.sessions !== undefined) headers.set('portcullis-sessions', said.sessions)
  if (said.flash !== undefined) headers.set('portcullis-flash', said.flash)
  return headers
}

function isAscii(name: string): boolean {
  for (let at = 0; at < name.length; at++) if (name.charCodeAt(at) > 0x7e) return false
  return true
}

/** RFC 7239 section 6: IPv6 in brackets and quotes, `unknown` for what is not known. */
function forwardedNode(address: string | undefined): string {
  if (address === undefined) return 'unknown'
  return address.includes(':') ? `"[${address}]"` : address
}
