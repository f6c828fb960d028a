/** Real servers of Express, Fastify and node:http behind the same stack, and a client that sends bytes as they are. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import express, { type Express } from 'express'
import fastify, { type FastifyInstance } from 'fastify'
import { expressMiddleware, fastifyHook } from '../../../node/index.ts'
import { portcullis, type StackOptions, statelessSessions } from '../../../src/index.ts'

export interface Data {
  user?: string
  visits?: number
}

export const sessions = statelessSessions<Data>({
  secret: 'hV6qK2xTn9Zw4Lc8Rb1Ym5Pd7Gs0JfAe',
  user: (data) => data.user,
})

export interface Client {
  readonly port: number
  send(method: string, path: string, options?: SendOptions): Promise<Answer>
  close(): Promise<void>
}

export interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** One piece is sent with Content-Length, several are chunked. */
  readonly body?: string | Buffer | readonly Buffer[]
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly text: string
}

/** Creates an Express app whose first middleware is the stack. */
export function createExpressApp(options: StackOptions = {}) {
  const guard = expressMiddleware(portcullis({ session: sessions, ...options }))
  const app = express()
  app.use(guard)
  return { app, guard }
}

/** Creates a Fastify app whose first hook is the stack. */
export function createFastifyApp(options: StackOptions = {}) {
  const guard = fastifyHook(portcullis({ session: sessions, ...options }))
  const app = fastify()
  app.addHook('onRequest', guard)
  return { app, guard }
}

/** Starts an app on a free port. */
export async function start(
  app: Express | FastifyInstance | Parameters<typeof createServer>[1],
): Promise<Client> {
  if (typeof app === 'object' && 'inject' in app) {
    await app.listen({ port: 0, host: '127.0.0.1' })
    return createClient(app.server, () => app.close())
  }
  const server = createServer(app as never)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return createClient(server, async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
}

function createClient(server: Server, close: () => Promise<unknown>): Client {
  const { port } = server.address() as AddressInfo
  return {
    port,
    close: async () => void (await close()),
    async send(method, path, { headers = {}, body } = {}) {
      const pieces = Array.isArray(body)
        ? body
        : body === undefined
          ? []
          : [Buffer.from(body as string)]
      const length =
        body !== undefined && !Array.isArray(body)
          ? { 'content-length': `${pieces[0]?.length}` }
          : {}
      const outgoing = request({
        port,
        host: '127.0.0.1',
        method,
        path,
        agent: false,
        headers: { ...headers, ...length },
      })
      const answered = once(outgoing, 'response')
      for (const piece of pieces) {
        outgoing.write(piece)
        await new Promise((wake) => setImmediate(wake))
      }
      outgoing.end()
      const [incoming] = await answered
      const received = await buffer(incoming)
      return {
        status: incoming.statusCode,
        headers: incoming.headers,
        body: received,
        text: `${received}`,
      }
    },
  }
}
