/** An origin on loopback that writes down what reached it, byte for byte where HTTP allows, and answers as it is told. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

/** One request as it arrived. */
export interface Received {
  readonly method: string
  /** The raw request target: nothing decoded or resolved. */
  readonly url: string
  /** In the order they came, names as they were spelled, repeated ones apart. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  readonly body: Uint8Array
  /** `body` as UTF-8. */
  readonly text: string
  /** The sender went away before the body was complete. */
  readonly aborted: boolean
  /** It asked for a WebSocket. */
  readonly upgrade: boolean
  /** The value of the first header of this name, whatever its case. */
  header(name: string): string | undefined
  /** Every value of this name, in order. */
  all(name: string): string[]
}

/** What to send: default 200, no header of its own, an empty body. Headers as pairs, to repeat a name. */
export interface Answer {
  status?: number
  headers?: Readonly<Record<string, string>> | ReadonlyArray<readonly [name: string, value: string]>
  body?: string | Uint8Array
}

/** Returns an answer, or answers (or hangs, or destroys the socket) by itself with `response`. */
export type Answering = (
  received: Received,
  response: ServerResponse,
  // biome-ignore lint/suspicious/noConfusingVoidType: a function that answers by itself returns nothing.
) => Answer | undefined | void | Promise<Answer | undefined | void>

export type Conversing = (socket: WebSocket, received: Received) => void

export interface Origin {
  readonly port: number
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly url: string
  /** Every request so far, in the order they were complete. */
  readonly received: readonly Received[]
  /** What was not HTTP enough to become a request: codes of Node's parser. */
  readonly malformed: readonly string[]
  /** The last request; throws when there is none. */
  last(): Received
  /** How to answer from now on: always the same, or by looking at the request. */
  answer(answer: Answer | Answering): void
  /** What a WebSocket does once it is open. Default: it sends back what it gets. */
  converse(conversing: Conversing): void
  /** Resolves when `count` requests are complete or aborted; rejects after `timeoutMs` (default 5 s). */
  waitFor(count: number, timeoutMs?: number): Promise<readonly Received[]>
  /** Forgets what came and answers 200 with `origin` again. */
  reset(): void
  stop(): Promise<void>
}

const plain: Answer = { headers: { 'content-type': 'text/plain' }, body: 'origin' }
const echo: Conversing = (socket) =>
  socket.on('message', (data, binary) => socket.send(data, { binary }))

/** Listens on a free port of 127.0.0.1. */
export async function startOrigin(initial: Answer | Answering = plain): Promise<Origin> {
  const received: Received[] = []
  const malformed: string[] = []
  let answer = initial
  let converse = echo
  const changed = new EventTarget()
  const note = (request: Received): Received => {
    received.push(request)
    changed.dispatchEvent(new Event('received'))
    return request
  }

  const server = createServer(
    { requireHostHeader: false, maxHeaderSize: 128 * 1024 },
    async (request, response) => {
      const entry = note(await read(request))
      if (entry.aborted) return
      const found = typeof answer === 'function' ? await answer(entry, response) : answer
      if (!found) return
      const headers = Array.isArray(found.headers)
        ? found.headers
        : Object.entries(found.headers ?? {})
      response.writeHead(found.status ?? 200, headers.flat()).end(found.body)
    },
  )
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    malformed.push(error.code ?? error.message)
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
  })
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    const entry = note(record(request, new Uint8Array(), { aborted: false, upgrade: true }))
    socket.on('error', () => {}) // the other side may go without a close frame
    sockets.handleUpgrade(request, socket, head, (open) => converse(open, entry))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    port,
    url: `http://127.0.0.1:${port}`,
    received,
    malformed,
    last(): Received {
      const found = received.at(-1)
      if (!found) throw new Error('nothing reached the origin')
      return found
    },
    answer(next): void {
      answer = next
    },
    converse(next): void {
      converse = next
    },
    async waitFor(count, timeoutMs = 15_000): Promise<readonly Received[]> {
      const signal = AbortSignal.timeout(timeoutMs)
      while (received.length < count) {
        if (signal.aborted)
          throw new Error(`${received.length} of ${count} requests reached the origin`)
        await new Promise<void>((done) => {
          changed.addEventListener('received', () => done(), { once: true })
          signal.addEventListener('abort', () => done(), { once: true })
        })
      }
      return received
    },
    reset(): void {
      received.length = 0
      malformed.length = 0
      answer = plain
      converse = echo
    },
    async stop(): Promise<void> {
      for (const socket of sockets.clients) socket.terminate()
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** Reads to the end of the body, or to where the sender left. */
async function read(request: IncomingMessage): Promise<Received> {
  const parts: Buffer[] = []
  try {
    for await (const part of request) parts.push(part as Buffer)
  } catch {} // `complete` says it
  return record(request, Buffer.concat(parts), { aborted: !request.complete, upgrade: false })
}

function record(
  request: IncomingMessage,
  body: Uint8Array,
  how: { aborted: boolean; upgrade: boolean },
): Received {
  const headers: Array<[string, string]> = []
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    headers.push([request.rawHeaders[i] ?? '', request.rawHeaders[i + 1] ?? ''])
  }
  const all = (name: string): string[] =>
    headers.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
  return {
    method: request.method ?? '',
    url: request.url ?? '',
    headers,
    body,
    text: Buffer.from(body).toString('utf8'),
    ...how,
    header: (name) => all(name)[0],
    all,
  }
}
