/**
 * Handles one request of a client: it passes the request to the gateway, writes the gateway's
 * response, and ends both where the client leaves. `serve()`, `toNodeHandler()`, upgrades and the
 * stop of a server use it. `ask` rejects with the error of the gateway, and gives a status and a
 * detail for a request that cannot be passed on. A response whose body breaks off closes the
 * connection, so that the client never takes a part for the whole.
 */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { GatewayContext } from '../src/gateway/index.ts'
import { type MessageBody, readMessageBody, writeBody } from './body.ts'
import { fieldsOf, passingFields } from './fields.ts'
import { limitRate } from './limit-rate.ts'
import type { CompiledOptions } from './options.ts'
import { rejectMessage } from './reject.ts'
import { type BadRequest, hasBody, makeRequest, readArrival, readTarget } from './request.ts'
import type { ExchangeEvents, NodeUpstream, UpgradedResponse } from './upstream.ts'

/** A handler of requests: a gateway, or any object with `fetch`. */
export interface Served {
  /**
   * Responds to a request. `context.upstream` is the client that sends requests to upstreams
   * unchanged.
   */
  fetch(request: Request, env?: never, context?: GatewayContext): Response | Promise<Response>
}

/** The parts that all requests of a server share. */
export interface ExchangeHost {
  readonly gateway: Served
  readonly options: CompiledOptions
  readonly upstream: NodeUpstream
  /** Aborted when the server stops. */
  readonly stopping: AbortSignal
  /** Work that continues after responses. */
  readonly work: Set<Promise<unknown>>
}

/** One request and its state. */
export class Exchange implements ExchangeEvents {
  readonly message: IncomingMessage
  readonly response: ServerResponse
  readonly #host: ExchangeHost
  readonly #clientLeft = new AbortController()
  #body: MessageBody | undefined
  #trailers: readonly string[] = []
  #fromUpstream = false
  #upgraded: Duplex | undefined

  constructor(host: ExchangeHost, message: IncomingMessage, response: ServerResponse) {
    this.#host = host
    this.message = message
    this.response = response
    response.once('close', () => {
      if (!response.writableFinished) this.leave()
    })
  }

  /** Ends the work for a client that has closed the connection. */
  leave(): void {
    const error = new Error('The client closed the connection')
    this.#body?.fail(error)
    this.#clientLeft.abort(error)
  }

  /**
   * Ends the request's body with an error. Returns false where the gateway can no longer respond.
   */
  breakBody(error: Error): boolean {
    if (this.#body === undefined || this.response.headersSent) return false
    this.#body.fail(error)
    return true
  }

  /**
   * Calls the gateway. `expectsContinue` says whether the client waits for 100 before it sends its
   * body.
   */
  async ask(expectsContinue: boolean): Promise<Response | BadRequest> {
    const { message } = this
    const { gateway, options, upstream, work } = this.#host
    const arrival = readArrival(message, options.trustedProxies)
    const url = readTarget(message, arrival.scheme)
    if (typeof url !== 'string') return url
    const { signal } = this.#clientLeft
    if (hasBody(message)) this.#body = this.#readBody(expectsContinue)
    const request = makeRequest(message, url, arrival, {
      body: this.#body?.stream,
      signal,
      trustedProxies: options.trustedProxies,
    })
    const context: GatewayContext = {
      waitUntil(promise): void {
        const pending = promise.catch(options.onFault).finally(() => work.delete(pending))
        work.add(pending)
      },
      upstream: {
        fetch: async (url, init) => {
          const upstreamResponse = await upstream.fetch(url, init, this)
          this.#fromUpstream = true
          return upstreamResponse
        },
      },
    }
    const response = await gateway.fetch(request, options.env as never, context)
    // A switched connection that the gateway did not pass on must be closed.
    if (response.status !== 101) this.#upgraded?.destroy()
    return response
  }

  #readBody(expectsContinue: boolean): MessageBody {
    const { message, response } = this
    return readMessageBody(message, {
      onFirstRead: () => {
        // A client is only asked for its body if no check has rejected the request (RFC 9110
        // section 10.1.1).
        if (expectsContinue && !response.headersSent) response.writeContinue()
        this.#limitRate()
      },
      onCancel: () => {},
    })
  }

  #limitRate(): void {
    const { message, response } = this
    const { minBodyBytesPerSecond: bytesPerSecond, bodyGraceMs: graceMs } = this.#host.options
    if (bytesPerSecond === 0) return
    const stop = limitRate(message, { bytesPerSecond, graceMs }, () => {
      if (!this.breakBody(new Error('The body arrived too slowly'))) response.destroy()
    })
    response.once('close', stop)
  }

  /**
   * Writes a response. If its body breaks off, the connection is closed, so that the response does
   * not look complete.
   */
  async answer(response: Response): Promise<void> {
    const { response: out, message } = this
    const { options, stopping } = this.#host
    if (out.destroyed || out.headersSent) return void response.body?.cancel().catch(() => {})
    const { status, body } = response
    // The unread rest of a request would be read as the next one, so the connection is closed.
    if (stopping.aborted || (this.#body !== undefined && !message.complete))
      out.shouldKeepAlive = false
    // An upstream that sends no Date has no clock (RFC 9110 section 6.6.1), and its reason phrase
    // stays as it is.
    if (this.#fromUpstream) out.sendDate = false
    const reason = response.statusText || (this.#fromUpstream ? '' : (STATUS_CODES[status] ?? ''))
    const bodiless = message.method === 'HEAD' || status === 204 || status === 304
    out.writeHead(status, reason, fieldsOf(response.headers, !bodiless && body === null))
    if (body === null || bodiless) {
      body?.cancel().catch(() => {})
      return void out.end()
    }
    // This sends the head immediately. `flushHeaders` would write it as UTF-8, so that each byte
    // beyond ASCII became two.
    out.write(Buffer.alloc(0))
    const isStream = /^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '')
    try {
      const { drainTimeoutMs } = options
      await writeBody(body, out, { drainTimeoutMs, stop: isStream ? stopping : undefined })
      if (this.#trailers.length > 0 && out.chunkedEncoding)
        out.addTrailers(passingFields(this.#trailers))
      out.end()
    } catch {
      out.destroy()
    }
  }

  /** Responds without the gateway. */
  reject(problem: BadRequest): void {
    rejectMessage(this.message, this.response, problem)
  }

  /** Closes an upstream's connection that no client uses. */
  drop(response: UpgradedResponse): void {
    response.socket.destroy()
  }

  onInformation(status: number, reason: string, rawHeaders: readonly string[]): void {
    const { response, message } = this
    // An interim response is only sent while this response is next on its connection, and to
    // clients of HTTP/1.1.
    if (response.headersSent || response.socket === null || message.httpVersion !== '1.1') return
    const lines = passingFields(rawHeaders).map(([name, value]) => `${name}: ${value}\r\n`)
    response.socket.write(`HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n`, 'latin1')
  }

  onTrailers(rawTrailers: readonly string[]): void {
    this.#trailers = rawTrailers
  }

  onUpgrade(socket: Duplex): void {
    this.#upgraded = socket
  }
}
