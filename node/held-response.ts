/** Holds the head of a response back until the middleware around it has added its headers. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'

type WriteArguments = Parameters<ServerResponse['write']>
type EndArguments = Parameters<ServerResponse['end']>

/**
 * A response whose head is held back. It replaces the methods that send a head; methods that others put around these, before or
 * after, work as they did.
 */
export class HeldResponse {
  /** Resolves when the framework sends the head, or the response is closed or given up. */
  readonly begun: Promise<void>
  readonly #response: ServerResponse
  readonly #original: Pick<ServerResponse, 'writeHead' | 'write' | 'end' | 'flushHeaders'>
  readonly #waiting: Array<() => unknown> = []
  #state: 'open' | 'held' | 'sent' | 'replaced' = 'open'
  #isExplicit = false
  #isImplicit = false
  #isEnded = false
  #begin = (): void => {}

  constructor(response: ServerResponse) {
    this.#response = response
    this.#original = {
      writeHead: response.writeHead.bind(response),
      write: response.write.bind(response),
      end: response.end.bind(response),
      flushHeaders: response.flushHeaders.bind(response),
    }
    this.begun = new Promise((resolve) => {
      this.#begin = resolve
    })
    response.once('close', this.#begin)
    this.#install()
  }

  /** Ends the wait for a head that will not come. */
  giveUp(): void {
    this.#begin()
  }

  /** The headers of the framework. */
  readHeaders(): Headers {
    return readHeaders(this.#response)
  }

  /** Sends the head with these headers in place of the framework's own, and what was written meanwhile. */
  release(headers: Headers): void {
    const response = this.#response
    if (this.#state === 'sent' || response.destroyed) return
    applyHeaders(response, headers)
    this.#state = 'sent'
    if (this.#isExplicit) this.#original.writeHead(response.statusCode)

    let result: unknown
    for (const send of this.#waiting.splice(0)) result = send()
    // A stream that was told to wait goes on, unless Node will say when.
    if (result === true) response.emit('drain')
  }

  /** Sends another response. What the framework writes is dropped. Returns false if a head was sent already. */
  replace(status: number, headers: Headers, body: Buffer): boolean {
    const response = this.#response
    if (this.#state === 'sent' || response.destroyed) return false
    this.#waiting.length = 0
    response.statusMessage = ''
    applyHeaders(response, headers)
    // Node calls `writeHead` of the response itself.
    this.#state = 'sent'
    this.#original.writeHead(status)
    this.#original.end(body)
    this.#state = 'replaced'
    // A stream that waits to be written would wait for ever.
    if (!this.#isEnded) response.emit('drain')
    return true
  }

  #install(): void {
    const response = this.#response
    Object.assign(response, {
      writeHead: (status: number, ...rest: unknown[]) => this.#writeHead(status, rest),
      write: (...values: unknown[]) => this.#write(values as WriteArguments),
      end: (...values: unknown[]) => this.#end(values as EndArguments),
      flushHeaders: () => this.#flushHeaders(),
    })

    const inherited = (name: string): unknown =>
      Reflect.get(Object.getPrototypeOf(response), name, response)
    Object.defineProperties(response, {
      headersSent: {
        configurable: true,
        get: () => this.#state !== 'open' || inherited('headersSent'),
      },
      writableEnded: {
        configurable: true,
        get: () => this.#isEnded || inherited('writableEnded'),
      },
    })
  }

  #writeHead(status: number, rest: unknown[]): ServerResponse {
    const response = this.#response
    if (this.#state === 'held' || this.#state === 'replaced') throw createSentError()
    // What switches protocols is no page.
    if (this.#state === 'sent' || status === 101) {
      this.#state = 'sent'
      this.#begin()
      return this.#original.writeHead(status, ...(rest as []))
    }

    const reason = typeof rest[0] === 'string' ? rest[0] : undefined
    response.statusCode = status
    if (reason !== undefined) response.statusMessage = reason
    setFields(response, (reason === undefined ? (rest[0] ?? rest[1]) : rest[1]) as Fields)
    this.#isExplicit = !this.#isImplicit
    this.#state = 'held'
    this.#begin()
    return response
  }

  /** As Node does for a handler that writes no head: packages such as `on-headers` wait for this call. */
  #writeImplicitHead(): void {
    if (this.#state !== 'open') return
    this.#isImplicit = true
    this.#response.writeHead(this.#response.statusCode)
    this.#isImplicit = false
  }

  #write(values: WriteArguments): boolean {
    this.#writeImplicitHead()
    if (this.#state === 'sent') return this.#original.write(...values)
    if (this.#state === 'held') this.#waiting.push(() => this.#original.write(...values))
    return this.#state === 'replaced'
  }

  #end(values: EndArguments): ServerResponse {
    if (this.#isEnded && this.#state !== 'sent') return this.#response
    this.#isEnded = true
    this.#writeImplicitHead()
    if (this.#state === 'sent') return this.#original.end(...values)
    if (this.#state === 'held') this.#waiting.push(() => this.#original.end(...values))
    return this.#response
  }

  #flushHeaders(): void {
    this.#writeImplicitHead()
    if (this.#state === 'sent') this.#original.flushHeaders()
    else if (this.#state === 'held') this.#waiting.push(this.#original.flushHeaders)
  }
}

type Fields = OutgoingHttpHeaders | readonly unknown[] | undefined

/** Headers as `writeHead` takes them: an object, a flat list, or a list of pairs. */
function setFields(response: ServerResponse, fields: Fields): void {
  if (fields === undefined || fields === null) return
  if (!Array.isArray(fields)) {
    for (const [name, value] of Object.entries(fields as OutgoingHttpHeaders))
      if (value !== undefined) response.setHeader(name, value)
    return
  }

  const flat = fields.flat() as string[]
  const names = new Set<string>()
  for (let index = 0; index < flat.length; index += 2) {
    const name = flat[index] ?? ''
    // The list replaces what was set before; names that it repeats have several lines.
    if (!names.has(name.toLowerCase())) response.removeHeader(name)
    names.add(name.toLowerCase())
    response.appendHeader(name, flat[index + 1] ?? '')
  }
}

function readHeaders(response: ServerResponse): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(response.getHeaders()))
    for (const line of Array.isArray(value) ? value : [value]) headers.append(name, `${line}`)

  return headers
}

/** Changes what differs; the other headers keep their lines and their spelling. */
function applyHeaders(response: ServerResponse, headers: Headers): void {
  const before = readHeaders(response)
  for (const name of [...before.keys()]) if (!headers.has(name)) response.removeHeader(name)
  headers.forEach((value, name) => {
    if (name !== 'set-cookie' && before.get(name) !== value) response.setHeader(name, value)
  })

  const cookies = headers.getSetCookie()
  if (cookies.join('\n') !== before.getSetCookie().join('\n'))
    response.setHeader('Set-Cookie', cookies)
}

/** As Node's own, which handlers test by its code. */
function createSentError(): Error {
  return Object.assign(new Error('Cannot write headers after they are sent to the client'), {
    code: 'ERR_HTTP_HEADERS_SENT',
  })
}
