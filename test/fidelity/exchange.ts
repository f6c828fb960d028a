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
  stop(): Promise<void>
}

const ok = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok'

/** Answers each case with its bytes, once its request is whole. */
export async function startFidelityOrigin(cases: readonly FidelityCase[]): Promise<FidelityOrigin> {
  const received = new Map<number, string>()
  const sockets = new Set<Socket>()
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
        // Not with the answer: some runtimes measure a body that they have whole.
        setTimeout(() => socket.end(), 150)
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

/** Milliseconds in which a server closes a connection that it was asked to close. */
const patienceMs = 1500

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
    const timer = setTimeout(done, patienceMs)
    const finish = (): void => {
      clearTimeout(timer)
      done()
    }
    socket.on('data', (part: string) => {
      bytes += part
      const last = parseMessages(bytes, method === 'HEAD').at(-1)
      const final = last !== undefined && !/^HTTP\/1\.[01] 1(?!01)/.test(last.start)
      if (echo !== undefined && bytes.endsWith(echo)) finish()
      else if (upgrade && final && last.whole && last.framing === 'length') finish()
    })
    socket.once('close', finish)
  })
  socket.destroy()
  const request = origin.take(index)
  return {
    request: request === undefined ? undefined : parseMessages(request, false)[0],
    answers: parseMessages(bytes, method === 'HEAD'),
  }
}
