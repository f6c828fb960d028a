/**
 * The upstream of the socket soak: it answers, streams, breaks off and switches protocols as a
 * path asks.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { badFrames, closeCode, frame } from '../support/bad-frames.ts'

export interface SocketUpstream {
  readonly url: string
  /** Connections that are open now. */
  readonly open: number
  /** What was asked, for each kind. */
  readonly asked: ReadonlyMap<string, number>
  stop(): Promise<void>
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

const block = Buffer.alloc(16_384, 'x')

/** Writes for as long as anybody reads. */
function pour(response: ServerResponse, part: Buffer | string): void {
  const timer = setInterval(() => {
    if (!response.writableNeedDrain) response.write(part)
  }, 5)
  response.once('close', () => clearInterval(timer))
}

const answers: Readonly<Record<string, Answer>> = {
  plain: (_, response) => response.end('plain'),
  echo: (request, response) => {
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
    })
    request.on('end', () => response.end(`${length}`))
  },
  early: (_, response) => response.writeHead(413, { connection: 'close' }).end('too much'),
  never: () => {},
  endless: (_, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream' })
    pour(response, block)
  },
  events: (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    pour(response, 'data: tick\n\n')
  },
  short: (_, response) => {
    response.writeHead(200, { 'content-length': '100000' })
    response.write(block, () => response.destroy())
  },
  broken: (_, response) => {
    response.writeHead(200)
    response.write(block, () => response.destroy())
  },
  reset: (request) => request.socket.resetAndDestroy(),
  noHttp: (request) => request.socket.end('this is no HTTP\r\n\r\n'),
}

/** Switches protocols, and does to the connection what the path says. */
function speak(path: string, socket: Socket, key: string): void {
  const accept = createHash('sha1')
    .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64')
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
  const [, , how = '', which = ''] = path.split('/')
  let bytes = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk])
    // As every library does: what is told to close answers and ends. But one that is stuck does
    // nothing.
    if (how === 'deaf' || socket.writableEnded || closeCode(bytes) === undefined) return
    socket.end(frame(0x88, [0x03, 0xe8], false))
  })
  // A server of Node keeps its half of a connection that the other end has ended.
  socket.on('end', () => socket.end())
  if (how === 'bad') socket.write(badFrames[Number(which)]?.bytes(false) ?? '')
  else if (how === 'reset') setTimeout(() => socket.resetAndDestroy(), 20)
  else if (how === 'end') socket.end()
  else if (how === 'close') socket.write(frame(0x88, [0x03, 0xe8], false))
  else socket.write(frame(0x81, 'hello', false))
}

/** Listens on a free port. */
export async function startSocketUpstream(): Promise<SocketUpstream> {
  const sockets = new Set<Socket>()
  const asked = new Map<string, number>()
  const server = createServer((request, response) => {
    const kind = request.url?.split('/')[1] ?? ''
    asked.set(kind, (asked.get(kind) ?? 0) + 1)
    request.on('error', () => {})
    response.on('error', () => {})
    const answer = answers[kind]
    if (answer === undefined) response.writeHead(404).end()
    else answer(request, response)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
    asked.set('socket', (asked.get('socket') ?? 0) + 1)
    speak(request.url ?? '', socket, request.headers['sec-websocket-key'] ?? '')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    get open(): number {
      return sockets.size
    },
    async stop(): Promise<void> {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
