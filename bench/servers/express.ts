/** express-session with connect-redis: the same pages, on Node, over TCP to the same Redis. */
import { RedisStore } from 'connect-redis'
import express from 'express'
// @ts-expect-error it brings no types
import session from 'express-session'
import { createClient } from 'redis'

interface Held {
  n?: number
  user?: string
  regenerate(done: () => void): void
  destroy(done: () => void): void
}

/** Listens on a port of the kernel's choice. */
export async function startExpress(
  socket: string,
  lean: boolean,
): Promise<{ port: number; stop(): Promise<void> }> {
  const client = createClient({ socket: { path: socket, tls: false } })
  client.on('error', () => {}) // what a command met is thrown where it was asked for
  await client.connect()
  const app = express()
  const held = (request: unknown): Held => (request as { session: Held }).session
  app.use(
    session({
      store: new RedisStore({ client }),
      secret: 'of the benchmark, and of nothing else',
      ...(lean
        ? { resave: false, saveUninitialized: false }
        : { resave: true, saveUninitialized: true }),
    }),
  )
  app.get('/anonymous', (_, response) => void response.send('hello'))
  app.get('/login', (request, response) => {
    held(request).regenerate(() => {
      Object.assign(held(request), { user: 'ada', n: 1 })
      response.send('in')
    })
  })
  app.get('/read', (request, response) => void response.send(`n=${held(request).n}`))
  app.get('/write', (request, response) => {
    held(request).n = (held(request).n ?? 0) + 1
    response.send(`n=${held(request).n}`)
  })
  app.get('/logout', (request, response) => held(request).destroy(() => void response.send('out')))
  const server = app.listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  return {
    port: (server.address() as { port: number }).port,
    async stop() {
      server.closeAllConnections()
      server.close()
      await client.close()
    },
  }
}
