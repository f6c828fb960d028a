/** An upstream that switches to WebSockets and keeps every byte: it knows no WebSocket library, so that nothing is tidied. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** One connection, at either side. */
export interface RawSocket {
  readonly socket: Socket
  /** What came behind the handshake. */
  readonly bytes: Buffer
  readonly head: string
  /** Whether the other side has ended or reset the connection. */
  readonly gone: boolean
}

export interface SocketOrigin {
  readonly url: string
  readonly sockets: readonly RawSocket[]
  /** Connections that are open now. */
  readonly open: number
  /** Bytes written behind the handshake, by path. */
  send(path: string, bytes: Buffer | 'reset' | 'end'): void
  stop(): Promise<void>
}

/** Collects what a connection brings behind its head. */
export function collect(socket: Socket): RawSocket {
  const made = { socket, bytes: Buffer.alloc(0), head: '', gone: false }
  let all = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    all = Buffer.concat([all, chunk])
    const end = all.indexOf('\r\n\r\n')
    if (end === -1) return
    made.head = all.toString('latin1', 0, end)
    made.bytes = all.subarray(end + 4)
  })
  const gone = (): void => {
    made.gone = true
  }
  socket.on('end', gone).on('close', gone).on('error', gone)
  return made
}

export async function startSocketOrigin(): Promise<SocketOrigin> {
  const sockets: RawSocket[] = []
  const open = new Set<Socket>()
  const scripts = new Map<string, Buffer | 'reset' | 'end'>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    const made = collect(socket)
    sockets.push(made)
    const greet = (): void => {
      if (made.head === '') return
      socket.off('data', greet)
      const key = /^sec-websocket-key: *(.*?)\r?$/im.exec(made.head)?.[1] ?? ''
      const accept = createHash('sha1')
        .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest('base64')
      const lines = [
        'HTTP/1.1 101 Switching Protocols',
        'Upgrade: websocket',
        'Connection: Upgrade',
      ]
      socket.write(`${[...lines, `Sec-WebSocket-Accept: ${accept}`].join('\r\n')}\r\n\r\n`)
      const script = scripts.get(/^GET (\S+)/.exec(made.head)?.[1] ?? '')
      if (script === 'reset') setTimeout(() => socket.resetAndDestroy(), 50)
      else if (script === 'end') socket.end()
      else if (script !== undefined) socket.write(script)
    }
    socket.on('data', greet)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sockets,
    get open(): number {
      return open.size
    },
    send: (path, bytes) => void scripts.set(path, bytes),
    async stop(): Promise<void> {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Opens a WebSocket by hand; resolves when the answer to the handshake is there. */
export async function openSocket(
  port: number,
  path: string,
  headers: readonly string[] = [],
): Promise<RawSocket> {
  const socket = connect(port, '127.0.0.1')
  const made = collect(socket)
  const lines = [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
  ]
  const key = ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13']
  socket.write(`${[...lines, ...key, ...headers].join('\r\n')}\r\n\r\n`)
  while (made.head === '' && !made.gone)
    await Promise.race([once(socket, 'data'), once(socket, 'close')])
  return made
}
