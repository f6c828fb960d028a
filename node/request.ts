/** Makes a Request of what Node received, and changes nothing that a check of the gateway looks at. */
import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { clientAddress, normaliseAddress } from '../src/request/index.ts'

/** Why a request cannot be shown to a gateway. */
export interface BadRequest {
  readonly status: 400 | 405
  readonly detail: string
}

/** The parts of a Request that are not in the message. */
export interface RequestParts {
  readonly body: ReadableStream<Uint8Array> | undefined
  readonly signal: AbortSignal
  /** Number of your own proxies in front, each of which appends to X-Forwarded-For. */
  readonly trustedProxies: number
  /** Whether somebody may copy it by `new Request(request, ...)`, which reads neither the raw url nor the raw method. */
  readonly copyable?: boolean
}

/** A Request whose url and method are the bytes of the request line: Node's own would resolve `/a/../b` and know no TRACE. */
class RawRequest extends Request {
  readonly #url: string
  readonly #method: string

  constructor(
    url: string,
    method: string,
    { base = 'http://localhost/', ...init }: RequestInit & { duplex?: 'half'; base?: string },
  ) {
    super(base, init)
    this.#url = url
    this.#method = method
  }

  override get url(): string {
    return this.#url
  }

  override get method(): string {
    return this.#method
  }
}

/** A name or an address and a port, as far as it matters here: nothing that a URL parser would take for its end. */
const authority = /^[^\s/\\?#@]+$/

/**
 * The URL of a request: its target as it was sent, behind the scheme and the host. RFC 9112 section 3.2: an absolute target
 * stands for itself, whatever Host says.
 */
export function readTarget(
  message: IncomingMessage,
  scheme: 'http' | 'https',
): string | BadRequest {
  const { method, rawHeaders } = message
  // Express and Connect cut the path under which a handler is mounted.
  const { originalUrl } = message as { originalUrl?: unknown }
  const target = typeof originalUrl === 'string' ? originalUrl : (message.url ?? '')
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host')
  if (hosts.length > 1) return { status: 400, detail: 'More than one Host header.' }
  if (method === 'CONNECT') return { status: 405, detail: 'This server does not support CONNECT.' }
  const [before, named] = /^https?:\/\/([^/\\?#]*)/i.exec(target) ?? []
  const host = named ?? message.headers.host ?? ''
  if (!authority.test(host))
    return { status: 400, detail: 'The Host header is missing or invalid.' }
  if (before !== undefined) return `${scheme}://${host}${target.slice(before.length)}`
  // `*` is about the server as a whole, which is the upstream's matter or nobody's.
  if (!target.startsWith('/')) return { status: 400, detail: 'The request target is not a path.' }
  return `${scheme}://${host}${target}`
}

/** How a client came, by its connection and by the proxies that are trusted: never by what anybody else wrote. */
export interface Arrival {
  readonly address: string | undefined
  readonly scheme: 'http' | 'https'
}

/** Reads how a client came. */
export function readArrival(message: IncomingMessage, trustedProxies: number): Arrival {
  const { socket, headers } = message
  const encrypted = (socket as Partial<TLSSocket>).encrypted === true
  if (trustedProxies === 0) {
    return {
      address: normaliseAddress(withoutZone(socket.remoteAddress)),
      scheme: encrypted ? 'https' : 'http',
    }
  }
  const forwarded = new Headers()
  for (const name of ['x-forwarded-for', 'x-forwarded-proto']) {
    const value = headers[name]
    if (typeof value === 'string') forwarded.set(name, value)
  }
  const schemes = forwarded.get('x-forwarded-proto')?.split(',') ?? []
  const said = schemes[Math.max(0, schemes.length - trustedProxies)]?.trim().toLowerCase()
  return {
    address: clientAddress(forwarded, { hops: trustedProxies }),
    scheme: said === 'https' || (said === undefined && encrypted) ? 'https' : 'http',
  }
}

/** Link-local addresses of IPv6 come with the name of an interface. */
function withoutZone(address: string | undefined): string | undefined {
  return address?.split('%', 1)[0]
}

/** Headers that a `platform` of a gateway reads; whatever a client wrote there is replaced by what is known. */
const ofArrival: ReadonlySet<string> = new Set([
  'cf-connecting-ip',
  'cf-visitor',
  'x-real-ip',
  'x-vercel-forwarded-for',
  'x-forwarded-for',
  'x-forwarded-proto',
])

/** Makes the Request that a gateway is asked with. */
export function makeRequest(
  message: IncomingMessage,
  url: string,
  arrival: Arrival,
  parts: RequestParts,
): Request {
  const headers = new Headers()
  const { rawHeaders } = message
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (!ofArrival.has(name.toLowerCase())) headers.append(name, rawHeaders[index + 1] ?? '')
  }
  // Whatever platform the gateway is told, it finds the same answer.
  if (arrival.address !== undefined) {
    for (const name of ['x-forwarded-for', 'cf-connecting-ip', 'x-real-ip'])
      headers.set(name, arrival.address)
  }
  headers.set('x-forwarded-proto', arrival.scheme)
  const { body, signal, copyable } = parts
  const init: RequestInit & { duplex?: 'half'; base?: string } = { headers, signal }
  if (copyable && URL.canParse(url)) init.base = url
  if (copyable && canCopyMethod(message.method)) init.method = message.method
  if (body !== undefined)
    Object.assign(init, { method: init.method ?? 'POST', body, duplex: 'half' })
  return new RawRequest(url, message.method ?? 'GET', init)
}

/** Fetch section 2.2.1: these methods throw. */
function canCopyMethod(method: string | undefined): method is string {
  return method !== undefined && !/^(?:CONNECT|TRACE|TRACK)$/i.test(method)
}

/** Whether a message has a body (RFC 9112 section 6). */
export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length']
  return (
    headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) !== 0)
  )
}
