/**
 * Creates the client's response from the response of an upstream: without hop-by-hop and private headers, with
 * hardened cookies and public addresses. `forward.ts` calls it for each exchange. An invalid status, an upgrade that
 * the client did not request, and an invalid Location throw `ERR_UPSTREAM_UNREACHABLE`. Cookies that browsers would
 * ignore or that have our names are dropped silently, as is an invalid Refresh. WebSockets and event streams are
 * closed after a time limit.
 */
import { hardenSetCookie } from '../cookie/index.ts'
import { PortcullisError } from '../errors.ts'
import { type ChangeableHeaders, TrackedHeaders, trackHeaders } from '../request/tracked-headers.ts'
import { readCodings } from './codings.ts'
import { dropConnection, type UpstreamResponse } from './fetch/fetch-upstream.ts'
import { isSwitchedResponse } from './fetch/upstream-client.ts'
import { connectionOptions, isStrippedResponseHeader } from './header-filters.ts'
import { isEventStream, limitSocket, limitStream, type RuntimeSocket } from './sockets.ts'
import { rewriteLocation, splitRefresh, type Target } from './target.ts'

/** The rules by which the client's response is created. */
export interface ResponseRules {
  readonly method: string
  /** URL of the upstream request. */
  readonly url: string
  readonly target: Target
  readonly publicOrigin: string
  readonly https: boolean
  /** Names of our own cookies, which an upstream must not set. */
  readonly cookieNames: ReadonlySet<string>
  /** True if the upstream of this route may end sessions. */
  readonly mayEnd: boolean
  /** True if the client requested a WebSocket. */
  readonly upgrade: boolean
  readonly requestId: string
  /** Returns the milliseconds after which a WebSocket or a stream of events is closed. It is called for these only. */
  lifeMs(): number | undefined
}

/** The response for the client, and the header that the upstream sent only to the gateway. */
export interface ClientResponse {
  /** The response, whose headers may be changed. */
  readonly response: Response
  /** The header `Portcullis-Session`; undefined if there was none. */
  readonly sessionHeader: string | undefined
}

/**
 * Creates the response for the client.
 *
 * @throws {PortcullisError} `ERR_UPSTREAM_UNREACHABLE` for a response that must not be forwarded
 */
export function toClientResponse(response: UpstreamResponse, rules: ResponseRules): ClientResponse {
  const { status, body } = response
  if (status === 101) return toUpgradeResponse(response, rules)
  // The fetch of workerd may return a 103 as the response. Other numbers are not valid in a Response.
  if (status < 200 || status > 599) throw unusableResponseError('sent an invalid status')

  const isEmpty = rules.method === 'HEAD' || status === 204 || status === 205 || status === 304
  // The response is created with the upstream's Headers, which are copied only once in this way.
  const responseInit = reasonPhrase.test(response.statusText)
    ? response
    : { status, statusText: '', headers: response.headers }
  const clientResponse = new Response(isEmpty ? null : body, responseInit)
  const headers = trackHeaders(clientResponse, status)
  const sessionHeader = rewriteResponseHeaders(headers, rules)
  const streamLifeMs = !isEmpty && isEventStream(headers) ? rules.lifeMs() : undefined
  if (body === null || streamLifeMs === undefined)
    return { response: clientResponse, sessionHeader }
  // Reading the body in workerd decodes it, and workerd would encode it again in blocks: server-
  // sent events would wait for each other.
  if (isDecodedByReading(headers)) removeCodingHeaders(headers)
  return { response: new Response(limitStream(body, streamLifeMs), clientResponse), sessionHeader }
}

function toUpgradeResponse(response: UpstreamResponse, rules: ResponseRules): ClientResponse {
  const headers = new Headers(response.headers)
  const sessionHeader = rewriteResponseHeaders(new TrackedHeaders(headers), rules)
  if (!rules.upgrade) throw unusableResponseError(unrequestedUpgrade)
  const socketLifeMs = rules.lifeMs()
  if (isSwitchedResponse(response))
    return { response: response.handOver(headers, socketLifeMs), sessionHeader }
  if (!response.webSocket) throw unusableResponseError(unrequestedUpgrade)
  const socket = response.webSocket as RuntimeSocket
  const webSocket =
    socketLifeMs === undefined
      ? socket
      : limitSocket(socket, socketLifeMs, () => dropConnection(socket))

  const upgradeInit = { status: 101, headers, webSocket } as ResponseInit
  return { response: new Response(null, upgradeInit), sessionHeader }
}

function removeCodingHeaders(headers: ChangeableHeaders): void {
  headers.delete('content-encoding')
  headers.delete('content-length')
}

const unrequestedUpgrade = 'switched protocols without a request for it'
/** A valid reason phrase (RFC 9112 section 4). An invalid one is omitted, as HTTP/2 omits all of them. */
const reasonPhrase = /^[\t\x20-\x7e\x80-\xff]*$/
/** Headers besides Location that hold a URL. */
const urlHeaders: ReadonlySet<string> = new Set(['refresh', 'content-location'])

/** Rewrites the headers for the client. Returns the header `Portcullis-Session`, which the client does not get. */
function rewriteResponseHeaders(headers: TrackedHeaders, rules: ResponseRules): string | undefined {
  const sessionHeader = headers.get('portcullis-session') ?? undefined
  const connectionNames = connectionOptions(headers.get('connection'))
  headers.forEach((_value, headerName) => {
    if (isStrippedResponseHeader(headerName) || connectionNames?.has(headerName))
      headers.delete(headerName)
    else if (headerName === 'clear-site-data') restrictClearSiteData(headers, rules)
    else if (urlHeaders.has(headerName)) rewriteUrlHeader(headers, headerName, rules)
  })

  const cookies = headers.getSetCookie()
  if (cookies.length > 0) {
    headers.delete('set-cookie')
    const cookieRules = {
      secure: rules.https,
      upstreamHost: rules.target.hostname,
      base: rules.target.base,
      ownNames: rules.cookieNames,
    }

    for (const cookie of cookies) {
      const hardenedCookie = hardenSetCookie(cookie, cookieRules)
      if (hardenedCookie !== undefined) headers.append('set-cookie', hardenedCookie)
    }
  }

  const location = headers.get('location')
  if (location !== null) {
    const publicLocation = rewriteLocation(location, rules.url, rules.target, rules.publicOrigin)
    if (publicLocation === undefined)
      throw unusableResponseError('sent an invalid redirect location')
    if (publicLocation !== location) headers.set('location', publicLocation)
  }

  headers.set('x-request-id', rules.requestId)
  return sessionHeader
}

/**
 * Rewrites Refresh and Content-Location: an address of the upstream becomes a public one, and a header
 * with an invalid address is removed.
 */
function rewriteUrlHeader(
  headers: ChangeableHeaders,
  headerName: string,
  { url, target, publicOrigin }: ResponseRules,
): void {
  const headerValue = headers.get(headerName) ?? ''
  const [refreshPrefix, address] =
    headerName === 'refresh' ? splitRefresh(headerValue) : ['', headerValue]
  if (address === '') return
  const publicAddress = rewriteLocation(address, url, target, publicOrigin)
  if (publicAddress === undefined) headers.delete(headerName)
  else if (publicAddress !== address) headers.set(headerName, refreshPrefix + publicAddress)
}

/**
 * Types of Clear-Site-Data that an upstream may send if its route cannot end sessions: all except
 * cookies.
 */
const clearableTypes: ReadonlySet<string> = new Set(['"cache"', '"storage"', '"executionContexts"'])

function restrictClearSiteData(
  headers: ChangeableHeaders,
  { mayEnd, cookieNames }: ResponseRules,
): void {
  if (mayEnd || cookieNames.size === 0) return
  const dataTypes = headers.get('clear-site-data')?.split(',') ?? []
  const allowedTypes = dataTypes.flatMap((dataType) =>
    dataType.trim() === '"*"' ? ['"cache"', '"storage"'] : [dataType.trim()],
  )
  const headerValue = allowedTypes.filter((dataType) => clearableTypes.has(dataType)).join(', ')
  if (headerValue === '') headers.delete('clear-site-data')
  else headers.set('clear-site-data', headerValue)
}

function unusableResponseError(problem: string): PortcullisError {
  return new PortcullisError('ERR_UPSTREAM_UNREACHABLE', `The upstream ${problem}`)
}

/**
 * Whether workerd decodes a body when it is read: it does for gzip and for br, each alone, and forwards
 * any other coding unchanged.
 */
function isDecodedByReading(headers: ChangeableHeaders): boolean {
  // This is checked for each response, since a bundle may be loaded before a test sets the runtime.
  if (globalThis.navigator?.userAgent !== 'Cloudflare-Workers') return false
  return /^(?:gzip|br)$/.test(readCodings(headers).join())
}
