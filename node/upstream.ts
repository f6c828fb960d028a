/**
 * Sends requests to upstreams over `node:http` instead of `fetch`, so that the request line and
 * headers are sent, and the response is returned, exactly as they are. The exchanges of `serve()`
 * and `toNodeHandler()` call it for the gateway. It rejects with Node's error where the upstream
 * cannot be reached or closes the connection, and with the signal's reason after an abort. A
 * request body that breaks off destroys the request, so that no upstream takes a part of it for the
 * whole.
 */
import {
  Agent,
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http'
import { request as httpsRequest, Agent as TlsAgent } from 'node:https'
import { type Duplex, Readable } from 'node:stream'
import type { SwitchedResponse } from '../src/gateway/index.ts'
import { readMessageBody } from './body.ts'

/** Options of connections to upstreams. */
export interface UpstreamOptions {
  /**
   * The ms for which an idle connection is kept. It should be shorter than upstreams keep theirs,
   * which is 5 s in Node. Default 4,000.
   */
  readonly keepAliveMs?: number
  /** The most bytes of the head of a response. Default 262,144, at most 1,048,576. */
  readonly maxHeaderBytes?: number
}

/** Events of a request to an upstream, in addition to its response. */
export interface ExchangeEvents {
  /** Called for each interim response (RFC 9110 section 15.2) except 100 and 101. */
  onInformation(status: number, reason: string, rawHeaders: readonly string[]): void
  /** Called when the response has ended, with its trailers (RFC 9110 section 6.5). */
  onTrailers(rawTrailers: readonly string[]): void
  /** Called with the connection of an upgrade that was accepted. */
  onUpgrade(socket: Duplex): void
}

/** An HTTP client with its own connections. */
export interface NodeUpstream {
  fetch(url: string, init: RequestInit, events: ExchangeEvents): Promise<Response>
  /** Closes idle connections, and the others when they end. */
  close(): void
}

/** A response with status 101 that holds the upstream's connection. */
export class UpgradedResponse extends Response implements SwitchedResponse {
  readonly socket: Duplex
  readonly head: Buffer
  readonly lifeMs: number | undefined

  constructor(headers: Headers, socket: Duplex, head: Buffer, lifeMs?: number) {
    super(null, { headers })
    this.socket = socket
    this.head = head
    this.lifeMs = lifeMs
  }

  override get status(): number {
    return 101
  }

  override get ok(): boolean {
    return false
  }

  handOver(headers: Headers, lifeMs: number | undefined): UpgradedResponse {
    return new UpgradedResponse(headers, this.socket, this.head, lifeMs)
  }
}

/** Creates a client; `keepAliveMs` and `maxHeaderBytes` are validated by {@link serve}. */
export function createUpstream({
  keepAliveMs,
  maxHeaderBytes,
}: Required<UpstreamOptions>): NodeUpstream {
  // The timeout applies to idle connections only: a stream may be silent for any time.
  const pool = { keepAlive: true, timeout: keepAliveMs, maxFreeSockets: 256 }
  const agents = { 'http:': new Agent(pool), 'https:': new TlsAgent(pool) }
  return {
    fetch: (url, init, events) =>
      new Promise((resolve, reject) => {
        const { signal } = init
        if (signal?.aborted) throw signal.reason
        const exchange = { resolve, reject, events, method: init.method ?? 'GET' }
        const request = open(url, init, agents, maxHeaderBytes)
        const abortRequest = (): void => void request.destroy(signal?.reason as Error)
        signal?.addEventListener('abort', abortRequest, { once: true })
        request.once('close', () => signal?.removeEventListener('abort', abortRequest))
        listen(request, exchange)
        send(request, init.body)
      }),
    close(): void {
      for (const agent of Object.values(agents)) agent.destroy()
    },
  }
}

/** The scheme and host of a URL. The rest is sent as it is written. */
const origin = /^https?:\/\/[^/?#]*/

function open(
  url: string,
  { method = 'GET', headers, body }: RequestInit,
  agents: { 'http:': Agent; 'https:': TlsAgent },
  maxHeaderSize: number,
): ClientRequest {
  const { protocol, hostname, port, host } = new URL(url)
  const fields = headers as Headers
  const isUpgrade = fields.get('upgrade') !== null
  const options: RequestOptions = {
    method,
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? undefined : Number(port),
    path: url.replace(origin, '') || '/',
    setHost: false,
    maxHeaderSize,
    agent: isUpgrade ? false : agents[protocol as 'http:' | 'https:'],
  }
  const request = protocol === 'https:' ? httpsRequest(options) : httpRequest(options)
  request.maxHeadersCount = 0
  // Otherwise Node would announce a chunked body for a POST without one.
  request.useChunkedEncodingByDefault = false
  request.setHeader('host', host)
  fields.forEach((value, name) => {
    if (name !== 'host') request.setHeader(name, value)
  })
  if (isUpgrade) request.setHeader('connection', 'Upgrade')
  if (typeof body === 'string' || body instanceof Uint8Array)
    request.setHeader('content-length', Buffer.byteLength(body))
  else if (body && !fields.has('content-length')) request.setHeader('transfer-encoding', 'chunked')
  return request
}

interface Exchange {
  readonly resolve: (response: Response) => void
  readonly reject: (error: unknown) => void
  readonly events: ExchangeEvents
  readonly method: string
}

function listen(request: ClientRequest, { resolve, reject, events, method }: Exchange): void {
  request.on('information', ({ statusCode, statusMessage, rawHeaders }) => {
    if (statusCode > 101) events.onInformation(statusCode, statusMessage, rawHeaders)
  })
  request.once('response', (message) => {
    try {
      resolve(makeResponse(message, method, events))
    } catch (error) {
      message.destroy()
      reject(error)
    }
  })
  request.once('upgrade', (message, socket, head) => {
    if (request.getHeader('upgrade') === undefined) {
      socket.destroy()
      return reject(
        new Error('The upstream switched protocols, although the request had no Upgrade header'),
      )
    }
    // Whoever receives the connection adds its own listener. Until then an error must not end the
    // process.
    socket.on('error', () => {})
    events.onUpgrade(socket)
    resolve(new UpgradedResponse(readHeaders(message.rawHeaders), socket, head))
  })
  request.on('error', reject)
  request.once('close', () =>
    reject(new Error('The upstream closed the connection without a response')),
  )
}

const bodiless: ReadonlySet<number> = new Set([204, 205, 304])

function makeResponse(message: IncomingMessage, method: string, events: ExchangeEvents): Response {
  const status = message.statusCode ?? 0
  const init = {
    status,
    statusText: message.statusMessage ?? '',
    headers: readHeaders(message.rawHeaders),
  }
  if (method === 'HEAD' || bodiless.has(status)) {
    const response = new Response(null, init)
    message.resume()
    return response
  }
  message.once('end', () => events.onTrailers(message.rawTrailers))
  const { stream } = readMessageBody(message, { onCancel: () => message.destroy() })
  return new Response(stream, init)
}

function readHeaders(raw: readonly string[]): Headers {
  const headers = new Headers()
  for (let index = 0; index < raw.length; index += 2)
    headers.append(raw[index] ?? '', raw[index + 1] ?? '')
  return headers
}

/**
 * Sends a body. If it breaks off, the request is destroyed, so that the upstream does not take a
 * part for the whole.
 */
function send(request: ClientRequest, body: RequestInit['body']): void {
  // It is sent as bytes, because Node writes the head as UTF-8 where a string follows.
  if (typeof body === 'string' || body instanceof Uint8Array) request.end(Buffer.from(body))
  else if (body instanceof ReadableStream) {
    const source = Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0])
    source.once('error', (error) => request.destroy(error))
    request.once('close', () => source.destroy())
    source.pipe(request)
  } else request.end()
}
