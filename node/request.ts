/**
 * Creates a web `Request` from the message that Node received, without changing anything that a
 * check of the gateway examines. `Exchange` and `connect.ts` call it. A request that cannot be
 * represented (two Host headers, CONNECT, no path, an invalid Host) gives a status and a detail
 * instead. Headers with the client's address or scheme are replaced by facts of the connection and
 * of trusted proxies; with a wrong `trustedProxies`, clients could choose their address.
 * `makeRequest` throws for header values that `Headers` rejects.
 */
import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { clientAddress, normaliseAddress } from '../src/request/index.ts'

/** The status and the detail of a request that cannot be passed to a gateway. */
export interface BadRequest {
  readonly status: 400 | 405
  readonly detail: string
}

/** The parts of the Request that are not in the message. */
export interface RequestParts {
  readonly body: ReadableStream<Uint8Array> | undefined
  readonly signal: AbortSignal
  /** The number of your own proxies in front, each of which appends to X-Forwarded-For. */
  readonly trustedProxies: number
  /**
   * Whether the Request can be copied by `new Request(request, ...)`, which reads neither the raw
   * URL nor the raw method.
   */
  readonly copyable?: boolean
}

/**
 * A Request whose URL and method are the bytes of the request line. Node's own Request would
 * resolve `/a/../b` and reject TRACE.
 */
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

/**
 * A host name or address with an optional port: no character that a URL parser would read as its
 * end.
 */
const authority = /^[^\s/\\?#@]+$/

/**
 * Returns the URL of a request: its target as it was sent, after the scheme and the host. An
 * absolute target takes precedence over Host (RFC 9112 section 3.2).
 */
export function readTarget(
  message: IncomingMessage,
  scheme: 'http' | 'https',
): string | BadRequest {
  const { method, rawHeaders } = message
  // Express and Connect remove the path under which a handler is mounted from `url`.
  const { originalUrl } = message as { originalUrl?: unknown }
  const target = typeof originalUrl === 'string' ? originalUrl : (message.url ?? '')
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host')
  if (hosts.length > 1) return { status: 400, detail: 'The request has more than one Host header.' }
  if (method === 'CONNECT') return { status: 405, detail: 'This server does not support CONNECT.' }
  const [prefix, targetHost] = /^https?:\/\/([^/\\?#]*)/i.exec(target) ?? []
  const host = targetHost ?? message.headers.host ?? ''
  if (!authority.test(host))
    return { status: 400, detail: 'The Host header is missing or invalid.' }
  if (prefix !== undefined) return `${scheme}://${host}${target.slice(prefix.length)}`
  // The target `*` concerns the server as a whole and no resource.
  if (!target.startsWith('/')) return { status: 400, detail: 'The request target is not a path.' }
  return `${scheme}://${host}${target}`
}

/**
 * The client's address and scheme, by its connection and by trusted proxies. Headers of anybody
 * else are not used.
 */
export interface Arrival {
  readonly address: string | undefined
  readonly scheme: 'http' | 'https'
}

/** Reads the client's address and scheme. */
export function readArrival(message: IncomingMessage, trustedProxies: number): Arrival {
  const { socket, headers } = message
  const isEncrypted = (socket as Partial<TLSSocket>).encrypted === true
  if (trustedProxies === 0) {
    return {
      address: normaliseAddress(withoutZone(socket.remoteAddress)),
      scheme: isEncrypted ? 'https' : 'http',
    }
  }
  const forwarded = new Headers()
  for (const name of ['x-forwarded-for', 'x-forwarded-proto']) {
    const value = headers[name]
    if (typeof value === 'string') forwarded.set(name, value)
  }
  const schemes = forwarded.get('x-forwarded-proto')?.split(',') ?? []
  const forwardedScheme = schemes[Math.max(0, schemes.length - trustedProxies)]
    ?.trim()
    .toLowerCase()
  return {
    address: clientAddress(forwarded, { hops: trustedProxies }),
    scheme:
      forwardedScheme === 'https' || (forwardedScheme === undefined && isEncrypted)
        ? 'https'
        : 'http',
  }
}

/** Removes the name of the interface, which link-local addresses of IPv6 have. */
function withoutZone(address: string | undefined): string | undefined {
  return address?.split('%', 1)[0]
}

/**
 * The headers that a `platform` of a gateway reads. Values of a client are replaced by what is
 * known.
 */
const clientHeaders: ReadonlySet<string> = new Set([
  'cf-connecting-ip',
  'cf-visitor',
  'x-real-ip',
  'x-vercel-forwarded-for',
  'x-forwarded-for',
  'x-forwarded-proto',
])

/** Creates the Request for a gateway. */
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
    if (!clientHeaders.has(name.toLowerCase())) headers.append(name, rawHeaders[index + 1] ?? '')
  }
  // The gateway finds the same address, whatever its `platform` is.
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

/** Reports whether the constructor of Request accepts a method (Fetch section 2.2.1). */
function canCopyMethod(method: string | undefined): method is string {
  return method !== undefined && !/^(?:CONNECT|TRACE|TRACK)$/i.test(method)
}

/** Reports whether a message has a body (RFC 9112 section 6). */
export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length']
  return (
    headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) !== 0)
  )
}
