/** What workerd's Cache API talks to, in memory: `put` is PUT with a whole HTTP answer in its body, `match` a GET that wants only what is kept. */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface CacheService {
  readonly port: number
  /** Whole answers as they were put, by host and target. */
  readonly kept: ReadonlyMap<string, Buffer>
  stop(): Promise<void>
}

export async function startCacheService(): Promise<CacheService> {
  const kept = new Map<string, Buffer>()
  const keyOf = (request: IncomingMessage): string => `${request.headers.host}${request.url}`
  const server = createServer(async (request, response) => {
    if (request.method === 'PUT') {
      kept.set(keyOf(request), Buffer.concat(await request.toArray()))
      return response.writeHead(204).end()
    }
    const found = kept.get(keyOf(request))
    if (request.method !== 'GET' || found === undefined) {
      return response.writeHead(504, { 'cf-cache-status': 'MISS' }).end()
    }
    const end = found.indexOf('\r\n\r\n')
    const [line = '', ...fields] = found.subarray(0, end).toString('latin1').split('\r\n')
    const headers = fields.map((field) => {
      const at = field.indexOf(':')
      return [field.slice(0, at), field.slice(at + 1).trim()] as const
    })
    const passed = headers.filter(
      ([name]) => !/^(?:content-length|transfer-encoding|connection)$/i.test(name),
    )
    response.writeHead(Number(line.split(' ')[1]), [...passed, ['cf-cache-status', 'HIT']].flat())
    const body = found.subarray(end + 4)
    const chunked = headers.some(
      ([name, value]) => /^transfer-encoding$/i.test(name) && /chunked/i.test(value),
    )
    return response.end(chunked ? unchunked(body) : body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    kept,
    async stop(): Promise<void> {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function unchunked(body: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; ; ) {
    const end = body.indexOf('\r\n', at)
    const size = Number.parseInt(body.subarray(at, end).toString('latin1'), 16)
    if (!(size > 0)) return Buffer.concat(parts)
    parts.push(body.subarray(end + 2, end + 2 + size))
    at = end + 2 + size + 2
  }
}
