/** A Worker whose sessions are in Redis, without Node: what a test in Node asks of it, over HTTP. */
import { Hono } from 'hono'
import { errorPage } from '../../../src/page/index.ts'
import { redis } from '../../../src/redis/index.ts'
import { session, storedSessions } from '../../../src/session/index.ts'
import { upstashStore } from '../../../src/store/upstash.ts'

interface Env {
  SECRET: string
  REDIS_URL: string
  REDIS_TOKEN: string
}

interface Data {
  userId?: string
  visits?: number
  cart?: string[]
}

// At module scope, as in an application: nothing here may reach for the network, time or randomness.
const sessions = storedSessions<Data>({
  secret: ({ env }) => (env as unknown as Env).SECRET,
  user: (data) => data.userId,
  store: upstashStore({
    redis: redis({
      url: ({ env }) => (env as unknown as Env).REDIS_URL,
      token: ({ env }) => (env as unknown as Env).REDIS_TOKEN,
      timeoutMs: 15_000,
    }),
  }),
})

export default new Hono<{ Bindings: Env }>()
  .use(session(sessions))
  .get('/get', async (c) => c.json((await c.var.session.get()) ?? null))
  .get('/info', async (c) => c.json((await c.var.session.info()) ?? null))
  .get('/static', (c) => c.text('static'))
  .post('/count', async (c) =>
    c.json(await c.var.session.update((data) => ({ ...data, visits: (data?.visits ?? 0) + 1 }))),
  )
  .post('/cart/:thing', async (c) => {
    c.var.session.set('cart', [c.req.param('thing')])
    return c.body(null, 204)
  })
  .post('/login/:user', async (c) => {
    c.var.session.flash('notice', 'Welcome')
    await c.var.session.start({ userId: c.req.param('user') }, { keep: ['cart'] })
    return c.body(null, 204)
  })
  .post('/take', async (c) => c.json((await c.var.session.takeFlash('notice')) ?? null))
  .post('/logout', async (c) => {
    await c.var.session.end()
    return c.body(null, 204)
  })
  .get('/list', async (c) => c.json(await c.var.session.list()))
  .post('/end-others', async (c) => {
    await c.var.session.endAll({ exceptCurrent: true })
    return c.body(null, 204)
  })
  .get('/admin/:user', async (c) =>
    c.json(await sessions.list({ user: c.req.param('user'), env: c.env })),
  )
  .post('/admin/:user/end', async (c) =>
    c.json(await sessions.endAll({ user: c.req.param('user'), env: c.env })),
  )
  .onError(errorPage({ report: () => {} }))
