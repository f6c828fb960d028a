/**
 * Holds back the head of a Node response until the Hono middleware around it has added its headers.
 * `connect.ts` creates one for each request of Express and Fastify. It replaces `writeHead`,
 * `write`, `end` and `flushHeaders` of the response. A second `writeHead` throws an error with the
 * code `ERR_HTTP_HEADERS_SENT`, as Node does. Bytes that the framework writes meanwhile are queued
 * in memory, and dropped if the middleware replaces the response.
 */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'

type WriteArguments = Parameters<ServerResponse['write']>
type EndArguments = Parameters<ServerResponse['end']>

/**
 * A response whose head is held back. It replaces the methods that send a head. Wrappers that other
 * packages put around these methods, before or after, still work.
 */
export class HeldResponse {
  /** Resolves when the framework sends the head, or when the response is closed or given up. */
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

  /** Stops waiting for a head that will not come. */
  giveUp(): void {
    this.#begin()
  }

  /** Returns the headers that the framework has set. */
  readHeaders(): Headers {
    return readHeaders(this.#response)
  }

  /** Sends the head with these headers in place of the framework's, and then the queued bytes. */
  release(headers: Headers): void {
    const response = this.#response
    if (this.#state === 'sent' || response.destroyed) return
    applyHeaders(response, headers)
    this.#state = 'sent'
    if (this.#isExplicit) this.#original.writeHead(response.statusCode)

    let result: unknown
    for (const send of this.#waiting.splice(0)) result = send()
    // A stream that waits for `drain` continues, unless Node will emit it itself.
    if (result === true) response.emit('drain')
  }

  /**
   * Sends another response, and drops what the framework has written and writes. Returns false if a
   * head was already sent.
   */
  replace(status: number, headers: Headers, body: Buffer): boolean {
    const response = this.#response
    if (this.#state === 'sent' || response.destroyed) return false
    this.#waiting.length = 0
    response.statusMessage = ''
    applyHeaders(response, headers)
    // Node itself calls `writeHead` of the response, which must then send.
    this.#state = 'sent'
    this.#original.writeHead(status)
    this.#original.end(body)
    this.#state = 'replaced'
    // A stream that waits for `drain` would wait forever.
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

    const readInherited = (name: string): unknown =>
      Reflect.get(Object.getPrototypeOf(response), name, response)
    Object.defineProperties(response, {
      headersSent: {
        configurable: true,
        get: () => this.#state !== 'open' || readInherited('headersSent'),
      },
      writableEnded: {
        configurable: true,
        get: () => this.#isEnded || readInherited('writableEnded'),
      },
    })
  }

  #writeHead(status: number, rest: unknown[]): ServerResponse {
    const response = this.#response
    if (this.#state === 'held' || this.#state === 'replaced') throw createSentError()
    // A response that switches protocols is sent immediately.
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

  /**
   * Calls `writeHead` as Node does for a handler that does not; packages such as `on-headers` rely
   * on it.
   */
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

/**
 * Sets headers in the forms that `writeHead` accepts: an object, a flat list, or a list of pairs.
 */
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
    // The list replaces headers that were set before. A name that occurs several times has several
    // lines.
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

/** Changes the headers that differ. The others keep their lines and their spelling. */
function applyHeaders(response: ServerResponse, headers: Headers): void {
  const currentHeaders = readHeaders(response)
  for (const name of [...currentHeaders.keys()]) if (!headers.has(name)) response.removeHeader(name)
  headers.forEach((value, name) => {
    if (name !== 'set-cookie' && currentHeaders.get(name) !== value) response.setHeader(name, value)
  })

  const cookies = headers.getSetCookie()
  if (cookies.join('\n') !== currentHeaders.getSetCookie().join('\n'))
    response.setHeader('Set-Cookie', cookies)
}

/** Creates the same error as Node, whose code handlers may compare. */
function createSentError(): Error {
  return Object.assign(new Error('Cannot write headers after they are sent to the client'), {
    code: 'ERR_HTTP_HEADERS_SENT',
  })
}
