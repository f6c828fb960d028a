/** The whole stack: hosts, limits, csrf, rate limit, login throttle, stored sessions, roles, devices. */
import { Hono } from 'hono'
import {
  errorPage,
  notFoundPage,
  portcullis,
  requireFresh,
  requireSession,
  storedSessions,
} from '../../src/index.ts'
import { memoryLimiter } from '../../src/limit/index.ts'
import { memoryStore } from '../../src/store/index.ts'

/** What a session holds. */
interface Data {
  user: string
  visits: number
}

const passwords = new Map([
  ['alice', 'wonderland'],
  ['bob', 'builder'],
])

/** The app, without a server. `secret`: at least 32 random characters, from the environment of your platform. */
export function createApp(secret: string) {
  const sessions = storedSessions<Data>({
    secret,
    store: memoryStore(), // one process; upstashStore({ redis }) for more
    user: ({ user }) => user,
  })
  return new Hono()
    .onError(errorPage())
    .notFound(notFoundPage())
    .use(
      portcullis({
        publicOrigin: 'https://app.example.com',
        session: sessions,
        rateLimit: {
          name: 'all',
          limiter: memoryLimiter({ limit: 100, window: 60 }),
          key: () => 'everybody',
        },
        body: { maxBytes: 1_000, contentTypes: ['application/json'] },
      }),
    )
    .post('/login', async (c) => {
      const { user, password } = await c.req.json<{ user: string; password: string }>()
      if (passwords.get(user) !== password)
        return c.json({ error: 'name and password do not belong together' }, 401)
      await c.var.session.start({ user, visits: 0 })
      return c.body(null, 204)
    })
    .get('/me', requireSession(), async (c) => {
      const { user, visits } = await c.var.session.update((data) => {
        if (data === undefined) throw new TypeError('requireSession stands before this')
        return { ...data, visits: data.visits + 1 }
      })
      return c.json({ user, visits })
    })
    .get('/devices', requireSession(), async (c) => {
      const devices = await c.var.session.list()
      return c.json(devices.map(({ current = false, signedIn }) => ({ current, signedIn })))
    })
    .post('/password', requireFresh(600), (c) => c.body(null, 204))
    .post('/logout-everywhere', requireSession(), async (c) => {
      await c.var.session.endAll()
      return c.body(null, 204)
    })
}
