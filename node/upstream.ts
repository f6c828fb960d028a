/** Reaches upstreams over `node:http`: what a request says is what is sent, and an answer is what came. */
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

/** How upstreams are reached. */
export interface UpstreamOptions {
  /** Milliseconds that an idle connection is kept: less than upstreams keep theirs, which is 5 s in Node. Default 4,000. */
  readonly keepAliveMs?: number
  /** Bytes of the head of an answer. Default 262,144, at most 1,048,576. */
  readonly maxHeaderBytes?: number
}

/** Events of a request to an upstream, besides its response. */
export interface ExchangeEvents {
  /** Called for each interim answer (RFC 9110 section 15.2) but 100 and 101. */
  onInformation(status: number, reason: string, rawHeaders: readonly string[]): void
  /** Called when the answer has ended, with the fields behind it (RFC 9110 section 6.5). */
  onTrailers(rawTrailers: readonly string[]): void
  /** Called with the connection of an upgrade that was accepted. */
  onUpgrade(socket: Duplex): void
}

/** A client with connections of its own. */
export interface NodeUpstream {
  fetch(url: string, init: RequestInit, events: ExchangeEvents): Promise<Response>
  /** Closes what is idle, and everything else as it ends. */
  close(): void
}

/** A 101 with the upstream's connection in it. */
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
  // Time counts for idle connections only: a stream may be silent for as long as it likes.
  const pool = { keepAlive: true, timeout: keepAliveMs, maxFreeSockets: 256 }
  const agents = { 'http:': new Agent(pool), 'https:': new TlsAgent(pool) }
  return {
    fetch: (url, init, events) =>
      new Promise((resolve, reject) => {
        const { signal } = init
        if (signal?.aborted) throw signal.reason
        const exchange = { resolve, reject, events, method: init.method ?? 'GET' }
        const request = open(url, init, agents, maxHeaderBytes)
        const leave = (): void => void request.destroy(signal?.reason as Error)
        signal?.addEventListener('abort', leave, { once: true })
        request.once('close', () => signal?.removeEventListener('abort', leave))
        listen(request, exchange)
        send(request, init.body)
      }),
    close(): void {
      for (const agent of Object.values(agents)) agent.destroy()
    },
  }
}

/** Where the path of a URL begins, which goes out as it is written. */
const origin = /^https?:\/\/[^/?#]*/

function open(
  url: string,
  { method = 'GET', headers, body }: RequestInit,
  agents: { 'http:': Agent; 'https:': TlsAgent },
  maxHeaderSize: number,
): ClientRequest {
  const { protocol, hostname, port, host } = new URL(url)
  const fields = headers as Headers
  const upgrade = fields.get('upgrade') !== null
  const options: RequestOptions = {
    method,
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? undefined : Number(port),
    path: url.replace(origin, '') || '/',
    setHost: false,
    maxHeaderSize,
    agent: upgrade ? false : agents[protocol as 'http:' | 'https:'],
  }
  const request = protocol === 'https:' ? httpsRequest(options) : httpRequest(options)
  request.maxHeadersCount = 0
  // Node would announce chunks for a POST without a body.
  request.useChunkedEncodingByDefault = false
  request.setHeader('host', host)
  fields.forEach((value, name) => {
    if (name !== 'host') request.setHeader(name, value)
  })
  if (upgrade) request.setHeader('connection', 'Upgrade')
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
      return reject(new Error('The upstream switched protocols without being asked'))
    }
    // The new owner of the connection adds its own listener; until then an error must not crash the
    // process.
    socket.on('error', () => {})
    events.onUpgrade(socket)
    resolve(new UpgradedResponse(readHeaders(message.rawHeaders), socket, head))
  })
  request.on('error', reject)
  request.once('close', () => reject(new Error('The connection was closed without an answer')))
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

/** Sends a body. One that breaks off takes the request with it: no upstream sees a part of it as a whole. */
function send(request: ClientRequest, body: RequestInit['body']): void {
  // As bytes: Node writes the head as UTF-8 where a string follows it.
  if (typeof body === 'string' || body instanceof Uint8Array) request.end(Buffer.from(body))
  else if (body instanceof ReadableStream) {
    const source = Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0])
    source.once('error', (error) => request.destroy(error))
    request.once('close', () => source.destroy())
    source.pipe(request)
  } else request.end()
}
