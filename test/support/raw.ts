/** Sends bytes as they are over TCP and reads HTTP/1.1 answers: `fetch` would tidy the path, the headers and the framing. */
import { connect } from 'node:net'

export interface RawResponse {
  readonly status: number
  /** Reason phrase, often empty. */
  readonly reason: string
  /** In the order they came, names as they were spelled. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  /** Decoded of chunks; everything after the head for a 101. */
  readonly body: Uint8Array
  /** `body` as UTF-8. */
  readonly text: string
  /** The value of the first header of this name, whatever its case. */
  header(name: string): string | undefined
  /** Every value of this name, in order. */
  all(name: string): string[]
}

export interface RawOptions {
  /** How many final answers to wait for (default 1). Interim ones (100, 103) are returned besides and not counted. */
  responses?: number
  /** Milliseconds until the wait is given up (default 5 s). */
  timeoutMs?: number
  host?: string
}

export interface RawRequest {
  method?: string
  /** The request target, untouched. Default `/`. */
  path?: string
  /** Default `localhost`; false leaves the header out. */
  host?: string | false
  /** Written as they are, in this order, after Host. */
  headers?: ReadonlyArray<readonly [name: string, value: string]>
  /** Adds Content-Length unless `headers` say how the body is framed. */
  body?: string
}

/** The bytes of a request: nothing in it is encoded, resolved or checked. */
export function rawRequest({
  method = 'GET',
  path = '/',
  host = 'localhost',
  headers = [],
  body,
}: RawRequest): string {
  const lines = [`${method} ${path} HTTP/1.1`]
  if (host !== false) lines.push(`Host: ${host}`)
  for (const [name, value] of headers) lines.push(`${name}: ${value}`)
  const framed = headers.some(([name]) => /^(?:content-length|transfer-encoding)$/i.test(name))
  if (body !== undefined && !framed)
    lines.push(`Content-Length: ${new TextEncoder().encode(body).length}`)
  return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`
}

/** Sends one request built by {@link rawRequest} and returns its final answer. */
export async function rawFetch(
  port: number,
  request: RawRequest,
  options: RawOptions = {},
): Promise<RawResponse> {
  const last = (await raw(port, rawRequest(request), options)).at(-1)
  if (!last) throw new Error('the connection was closed without an answer')
  return last
}

/** Long enough for a busy machine, and shorter than the runner's patience: the message says what came until then. */
const patienceMs = 15_000

/**
 * Sends `bytes` (a string as Latin-1, so that any byte can be written) on a new connection. Resolves when `responses`
 * answers are complete or the other side closed, with what came: none when it only closed. Rejects on a refused
 * connection, and when the wait is over, saying what came until then.
 */
export function raw(
  port: number,
  bytes: string | Uint8Array,
  options: RawOptions = {},
): Promise<RawResponse[]> {
  const { responses = 1, timeoutMs = patienceMs, host = '127.0.0.1' } = options
  const sent = typeof bytes === 'string' ? latin1(bytes) : bytes
  const heads = [
    ...Buffer.from(sent)
      .toString('latin1')
      .matchAll(/^([A-Z]+) \S.* HTTP\/1\.1\r$/gm),
  ]
  const isHead = (index: number): boolean => heads[index]?.[1] === 'HEAD'
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0)
    const socket = connect({ port, host })
    const timer = setTimeout(() => {
      const got = received.subarray(0, 500).toString('latin1')
      finish(() =>
        reject(
          new Error(
            `no ${responses} complete answers after ${timeoutMs} ms; got: ${got || 'nothing'}`,
          ),
        ),
      )
    }, timeoutMs)
    const finish = (settle: () => void): void => {
      clearTimeout(timer)
      socket.destroy()
      settle()
    }
    const look = (closed: boolean): void => {
      try {
        const answers = parse(received, isHead, closed)
        const final = answers.filter(({ status }) => status === 101 || status >= 200).length
        if (closed || final >= responses) finish(() => resolve(answers))
      } catch (error) {
        finish(() => reject(error))
      }
    }
    socket.once('connect', () => socket.write(sent))
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      look(false)
    })
    socket.once('end', () => look(true))
    // A reset after an answer (it refused the rest of the body) must not hide that answer.
    socket.once('error', (error) =>
      received.length > 0 ? look(true) : finish(() => reject(error)),
    )
  })
}

/** Every answer in `bytes` that is complete; what is cut off by the end of the connection counts as far as it came. */
function parse(bytes: Buffer, isHead: (index: number) => boolean, closed: boolean): RawResponse[] {
  const answers: RawResponse[] = []
  let at = 0
  let index = 0
  while (at < bytes.length) {
    const end = bytes.indexOf('\r\n\r\n', at)
    if (end === -1) break
    const [line = '', ...rest] = bytes.toString('latin1', at, end).split('\r\n')
    const [, status = '', reason = ''] = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(line) ?? []
    if (!status)
      throw new Error(`not an HTTP/1.1 status line: ${JSON.stringify(line.slice(0, 200))}`)
    const headers = rest.map((text): [string, string] => {
      const colon = text.indexOf(':')
      return [text.slice(0, colon), text.slice(colon + 1).trim()]
    })
    const found = body(bytes, end + 4, Number(status), headers, isHead(index), closed)
    if (!found) break
    answers.push(response(Number(status), reason, headers, found.body))
    if (Number(status) >= 200) index++
    at = found.end
  }
  return answers
}

/** RFC 9112 section 6.3, as far as the tests need it. */
function body(
  bytes: Buffer,
  start: number,
  status: number,
  headers: Array<[string, string]>,
  head: boolean,
  closed: boolean,
): { body: Buffer; end: number } | undefined {
  const value = (name: string): string | undefined =>
    headers.find(([key]) => key.toLowerCase() === name)?.[1]
  if (status === 101) return { body: bytes.subarray(start), end: bytes.length }
  if (head || status < 200 || status === 204 || status === 304)
    return { body: Buffer.alloc(0), end: start }
  if (/\bchunked$/i.test(value('transfer-encoding') ?? '')) return chunks(bytes, start, closed)
  const length = value('content-length')
  const end = length === undefined ? Number.POSITIVE_INFINITY : start + Number(length)
  if (end > bytes.length && !closed) return undefined
  return { body: bytes.subarray(start, end), end: Math.min(end, bytes.length) }
}

function chunks(
  bytes: Buffer,
  start: number,
  closed: boolean,
): { body: Buffer; end: number } | undefined {
  const parts: Buffer[] = []
  let at = start
  for (;;) {
    const line = bytes.indexOf('\r\n', at)
    const size = line === -1 ? Number.NaN : Number.parseInt(bytes.toString('latin1', at, line), 16)
    const end = line + 2 + size
    if (Number.isNaN(size) || end + 2 > bytes.length) {
      return closed ? { body: Buffer.concat(parts), end: bytes.length } : undefined
    }
    if (size === 0) return { body: Buffer.concat(parts), end: end + 2 }
    parts.push(bytes.subarray(line + 2, end))
    at = end + 2
  }
}

function response(
  status: number,
  reason: string,
  headers: Array<[string, string]>,
  body: Buffer,
): RawResponse {
  const all = (name: string): string[] =>
    headers.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
  return {
    status,
    reason,
    headers,
    body,
    text: body.toString('utf8'),
    header: (name) => all(name)[0],
    all,
  }
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}
