/** One request of a client on its way through a gateway, and the response to it. */
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

/** A handler of requests: a gateway, or anything with the same methods. */
export interface Served {
  /** Answers one request. `context.upstream` is the client that changes nothing. */
  fetch(request: Request, env?: never, context?: GatewayContext): Response | Promise<Response>
}

/** The parts that every exchange of a server shares. */
export interface ExchangeHost {
  readonly gateway: Served
  readonly options: CompiledOptions
  readonly upstream: NodeUpstream
  /** Aborted when the server stops. */
  readonly stopping: AbortSignal
  /** Work that goes on after the answer. */
  readonly work: Set<Promise<unknown>>
}

/** One request and what is known of it. */
export class Exchange implements ExchangeEvents {
  readonly message: IncomingMessage
  readonly response: ServerResponse
  readonly #host: ExchangeHost
  readonly #gone = new AbortController()
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

  /** Ends what runs for a client that is gone. */
  leave(): void {
    const gone = new Error('The client left')
    this.#body?.fail(gone)
    this.#gone.abort(gone)
  }

  /** Makes the rest of the body an error. False where there is no answer to be had any more. */
  breakBody(error: Error): boolean {
    if (this.#body === undefined || this.response.headersSent) return false
    this.#body.fail(error)
    return true
  }

  /** Asks the gateway. `expects` is whether the client waits for 100 before it sends its body. */
  async ask(expects: boolean): Promise<Response | BadRequest> {
    const { message } = this
    const { gateway, options, upstream, work } = this.#host
    const arrival = readArrival(message, options.trustedProxies)
    const url = readTarget(message, arrival.scheme)
    if (typeof url !== 'string') return url
    const { signal } = this.#gone
    if (hasBody(message)) this.#body = this.#readBody(expects)
    const request = makeRequest(message, url, arrival, {
      body: this.#body?.stream,
      signal,
      trustedProxies: options.trustedProxies,
    })
    const context: GatewayContext = {
      waitUntil(promise): void {
        const done = promise.catch(options.onFault).finally(() => work.delete(done))
        work.add(done)
      },
      upstream: {
        fetch: async (to, init) => {
          const answer = await upstream.fetch(to, init, this)
          this.#fromUpstream = true
          return answer
        },
      },
    }
    const response = await gateway.fetch(request, options.env as never, context)
    // A connection that the gateway did not hand over belongs to nobody.
    if (response.status !== 101) this.#upgraded?.destroy()
    return response
  }

  #readBody(expects: boolean): MessageBody {
    const { message, response } = this
    return readMessageBody(message, {
      onFirstRead: () => {
        // Nobody is asked for a body that a check has refused (RFC 9110 section 10.1.1).
        if (expects && !response.headersSent) response.writeContinue()
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
      if (!this.breakBody(new Error('The body came too slowly'))) response.destroy()
    })
    response.once('close', stop)
  }

  /** Writes a response; one whose body breaks off ends with the connection, never as if it were whole. */
  async answer(response: Response): Promise<void> {
    const { response: out, message } = this
    const { options, stopping } = this.#host
    if (out.destroyed || out.headersSent) return void response.body?.cancel().catch(() => {})
    const { status, body } = response
    // The unread rest of a request would be taken for the next request: close the connection.
    if (stopping.aborted || (this.#body !== undefined && !message.complete))
      out.shouldKeepAlive = false
    // An upstream that says no date has no clock (RFC 9110 section 6.6.1), and no reason is one that was sent.
    if (this.#fromUpstream) out.sendDate = false
    const reason = response.statusText || (this.#fromUpstream ? '' : (STATUS_CODES[status] ?? ''))
    const bodiless = message.method === 'HEAD' || status === 204 || status === 304
    out.writeHead(status, reason, fieldsOf(response.headers, !bodiless && body === null))
    if (body === null || bodiless) {
      body?.cancel().catch(() => {})
      return void out.end()
    }
    // The head goes out now. Not by `flushHeaders`, which writes it as UTF-8, so that bytes beyond ASCII become two.
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

  /** Answers without the gateway. */
  reject(problem: BadRequest): void {
    rejectMessage(this.message, this.response, problem)
  }

  /** Drops an upstream's connection that no client took. */
  drop(response: UpgradedResponse): void {
    response.socket.destroy()
  }

  onInformation(status: number, reason: string, rawHeaders: readonly string[]): void {
    const { response, message } = this
    // Only while this response is next on its connection, and to clients that know of interim answers.
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
