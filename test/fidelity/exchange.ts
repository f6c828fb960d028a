/** One case of the table over raw sockets: what the upstream received, and what the client did. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { FidelityCase } from './cases.ts'
import { type Message, parseMessages } from './message.ts'

export interface FidelityOrigin {
  readonly port: number
  /** The request for a case that came last, as Latin-1. */
  take(index: number): string | undefined
  /** Ends the connection of a case that was answered; resolves when the other side has closed it as well. */
  finish(index: number): Promise<void>
  stop(): Promise<void>
}

/**
 * Milliseconds after which a connection is ended although the client has seen nothing. Not with the answer: some runtimes
 * measure a body that they have whole, and some keep it until it has ended.
 */
const endAfterMs = 3000

const ok = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok'

/** Answers each case with its bytes, once its request is whole. */
export async function startFidelityOrigin(cases: readonly FidelityCase[]): Promise<FidelityOrigin> {
  const received = new Map<number, string>()
  const sockets = new Set<Socket>()
  const connections = new Map<number, Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let bytes = ''
    let upgraded: FidelityCase | undefined
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    socket.setEncoding('latin1').on('data', (part: string) => {
      bytes += part
      if (upgraded !== undefined) return
      const index = Number(/^[A-Z]+ \/(\d+)/.exec(bytes)?.[1])
      const [request] = parseMessages(bytes, false)
      const each = cases[index]
      if (request === undefined || each === undefined || !request.whole) return
      received.set(index, bytes)
      connections.set(index, socket)
      bytes = ''
      if (each.echo !== undefined) {
        upgraded = each
        // A runtime that makes a handshake of its own sends a key of its own.
        const key = /^sec-websocket-key: *(.*?)\r?$/im.exec(received.get(index) ?? '')?.[1] ?? ''
        const accept = createHash('sha1')
          .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
          .digest('base64')
        socket.write(`${each.answer?.replace('<accept>', accept)}${each.echo}`, 'latin1')
      } else if (each.ends) {
        socket.write(each.answer ?? '', 'latin1')
        const timer = setTimeout(() => socket.end(), endAfterMs)
        socket.once('close', () => clearTimeout(timer))
      } else socket.write(each.answer ?? ok, 'latin1')
      if (!each.ends && /^connection: close$/im.test(received.get(index) ?? '')) socket.end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    take(index): string | undefined {
      const request = received.get(index)
      received.delete(index)
      return request
    },
    async finish(index): Promise<void> {
      const socket = connections.get(index)
      connections.delete(index)
      if (socket === undefined || socket.closed) return
      socket.end()
      const timer = setTimeout(() => socket.destroy(), endAfterMs)
      await once(socket, 'close')
      clearTimeout(timer)
    },
    async stop(): Promise<void> {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** What became of one case. */
export interface Outcome {
  readonly request: Message | undefined
  readonly answers: readonly Message[]
}

/** Milliseconds until a case has failed. Nothing here takes that long, but on a busy machine. */
const patienceMs = 20_000

/** Milliseconds for what may follow a whole answer, on a connection that was not closed as it was asked to be. */
const settleMs = 250

/** Sends a case to a port and reads until the other side closes. */
export async function ask(
  port: number,
  index: number,
  each: FidelityCase,
  origin: FidelityOrigin,
): Promise<Outcome> {
  const { method = 'GET', search = '', headers = [], body = '', echo } = each
  const upgrade = echo !== undefined || headers.some((line) => line.startsWith('Upgrade: '))
  const connection = upgrade ? 'Connection: Upgrade' : 'Connection: close'
  const lines = [`${method} /${index}${search} HTTP/1.1`, 'Host: localhost', connection, ...headers]
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  socket.setEncoding('latin1')
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1')

  let bytes = ''
  await new Promise<void>((done) => {
    let timer = setTimeout(done, patienceMs)
    const finishWithin = (ms: number): void => {
      clearTimeout(timer)
      timer = setTimeout(done, ms)
    }
    socket.on('data', (part: string) => {
      bytes += part
      const last = parseMessages(bytes, method === 'HEAD').at(-1)
      if (last === undefined || /^HTTP\/1\.[01] 1(?!01)/.test(last.start)) return
      if (each.ends) void origin.finish(index)
      if (echo !== undefined && bytes.endsWith(echo)) finishWithin(0)
      // A body without a length ends with its connection, and so does one that breaks off.
      else if (last.whole && last.framing !== 'close') finishWithin(settleMs)
    })
    socket.once('close', () => finishWithin(0))
  })
  socket.destroy()
  if (each.leaves) await origin.finish(index)
  const request = origin.take(index)
  return {
    request: request === undefined ? undefined : parseMessages(request, false)[0],
    answers: parseMessages(bytes, method === 'HEAD'),
  }
}
