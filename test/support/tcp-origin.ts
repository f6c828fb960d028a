/** A server that knows TCP and no HTTP library: it keeps every byte it got, and answers with bytes it was given. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/** What to send back: bytes as Latin-1, or whatever a function does with the connection. */
export type Script = string | ((socket: Socket, request: string) => void)

export interface TcpOrigin {
  readonly url: string
  /** Every whole request, head and body, as Latin-1. */
  readonly requests: readonly string[]
  /** What came of a request that was never whole. */
  readonly rest: string
  /** Connections that are open now. */
  readonly open: number
  /** How to answer from now on. */
  answer(script: Script): void
  /** Forgets what came and answers `ok` again. */
  reset(): void
  stop(): Promise<void>
}

const ok = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok'

/** Listens on a free port of 127.0.0.1. */
export async function startTcpOrigin(): Promise<TcpOrigin> {
  const requests: string[] = []
  const sockets = new Set<Socket>()
  let rest = ''
  let script: Script = ok
  const server = createServer((socket) => {
    let bytes = ''
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {}) // a gateway that left is what some tests want
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      bytes += chunk
      for (let end = endOf(bytes); end !== undefined; end = endOf(bytes)) {
        const request = bytes.slice(0, end)
        bytes = bytes.slice(end)
        requests.push(request)
        if (typeof script === 'string') socket.write(script, 'latin1')
        else script(socket, request)
      }
      rest = bytes
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get rest(): string {
      return rest
    },
    get open(): number {
      return sockets.size
    },
    answer(next): void {
      script = next
    },
    reset(): void {
      requests.length = 0
      rest = ''
      script = ok
    },
    async stop(): Promise<void> {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Where the first request in `bytes` ends (RFC 9112 section 6.3); undefined where more is to come. */
function endOf(bytes: string): number | undefined {
  const head = bytes.indexOf('\r\n\r\n')
  if (head === -1) return undefined
  const start = head + 4
  const lines = bytes.slice(0, head)
  if (/^transfer-encoding: *chunked$/im.test(lines)) {
    const last = /(?:^|\r\n)0\r\n\r\n/.exec(bytes.slice(start))
    return last ? start + last.index + last[0].length : undefined
  }
  const end = start + Number(/^content-length: *(\d+)$/im.exec(lines)?.[1] ?? 0)
  return end <= bytes.length ? end : undefined
}
