/** A server of somebody's own behind a gateway: it answers as a journey says and remembers what it got. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Service } from './services.ts'

export interface Received {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Upstream extends Service {
  readonly url: string
  readonly received: Received[]
}

/** Starts it on a free port. Without `answer` it says which path was asked. */
export async function startUpstream(
  answer: (request: Received, response: ServerResponse) => void = ({ path }, response) => {
    response.setHeader('content-type', 'text/plain')
    response.end(`upstream ${path}`)
  },
): Promise<Upstream> {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request
    const one = { method, path: url, headers, body: await text(request) }
    received.push(one)
    answer(one, response)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    stop: () => {
      server.closeAllConnections()
      return new Promise((done) => server.close(done))
    },
  }
}
