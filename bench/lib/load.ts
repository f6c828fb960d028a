/** Requests over kept-open sockets, as fast as they are answered: a client that costs little beside what it measures. */
import { connect, type Socket } from 'node:net'

export interface Load {
  readonly port: number
  /** A whole request, head and body; or one for each turn. */
  readonly request: string | ((turn: number) => string)
  readonly connections: number
  readonly ms: number
  /** Statuses that are right; anything else ends the run. Default 200. */
  readonly statuses?: readonly number[]
}

export interface Loaded {
  readonly requests: number
  readonly ms: number
  readonly byStatus: ReadonlyMap<number, number>
}

/** An HTTP/1.1 request as text. */
export function requestText(
  path: string,
  headers: Readonly<Record<string, string>> = {},
  { method = 'GET', body = '' }: { method?: string; body?: string } = {},
): string {
  const all = {
    host: 'bench.test',
    ...headers,
    ...(body && { 'content-length': `${Buffer.byteLength(body)}` }),
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}

/** Keeps `connections` requests on their way for `ms`, then waits for the last answers. */
export async function drive({
  port,
  request,
  connections,
  ms,
  statuses = [200],
}: Load): Promise<Loaded> {
  const byStatus = new Map<number, number>()
  const started = performance.now()
  let [requests, turn] = [0, 0]
  const text = typeof request === 'string' ? (): string => request : request
  const one = (): Promise<void> =>
    new Promise((done, fail) => {
      const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true })
      let rest = ''
      const end = (error?: Error): void => {
        socket.destroy()
        if (error) fail(error)
        else done()
      }
      const send = (): void => {
        socket.write(text(turn++), 'latin1')
      }
      socket.setEncoding('latin1')
      socket.on('connect', send)
      socket.on('error', end)
      socket.on('close', () => end(new Error('the server closed a connection')))
      socket.on('data', (chunk: string) => {
        rest = rest === '' ? chunk : rest + chunk
        const length = lengthOf(rest)
        if (length === -1) return
        const status = Number(rest.slice(9, 12))
        if (!statuses.includes(status)) return end(new Error(`answered ${rest.slice(0, 400)}`))
        rest = rest.slice(length)
        requests++
        byStatus.set(status, (byStatus.get(status) ?? 0) + 1)
        if (performance.now() - started < ms) send()
        else end()
      })
    })
  await Promise.all(Array.from({ length: connections }, one))
  return { requests, ms: performance.now() - started, byStatus }
}

/** Characters of the first whole answer in a text, -1 where it is not whole yet. */
function lengthOf(text: string): number {
  const head = text.indexOf('\r\n\r\n')
  if (head === -1) return -1
  const found = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head))
  if (found) {
    const length = head + 4 + Number(found[1])
    return text.length >= length ? length : -1
  }
  if (/^HTTP\/1\.1 (?:204|304)/.test(text)) return head + 4
  const last = text.indexOf('0\r\n\r\n', head + 2)
  return last === -1 ? -1 : last + 5
}
