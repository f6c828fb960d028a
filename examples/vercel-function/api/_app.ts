/** A Hono app with sessions, as a Vercel function. */
import { Hono } from 'hono'
import {
  errorPage,
  notFoundPage,
  portcullis,
  requireSession,
  statelessSessions,
} from '../../../src/index.ts'

/** What the app takes from the environment. */
export interface Env {
  readonly PUBLIC_ORIGIN: string
  readonly SESSION_SECRET: string
}

export const sessions = statelessSessions<{ user: string }>({
  secret: ({ env }: { env: Env }) => env.SESSION_SECRET,
  user: ({ user }) => user,
})

export const app = new Hono<{ Bindings: Env }>()
  .onError(errorPage())
  .notFound(notFoundPage())
  .use(
    portcullis({
      publicOrigin: ({ env }: { env: Env }) => env.PUBLIC_ORIGIN,
      https: { platform: 'vercel' },
      session: sessions,
    }),
  )
  // A real login asks for more than a name.
  .post('/api/login', async (c) => {
    const { user } = await c.req.json<{ user: unknown }>()
    if (typeof user !== 'string') return c.body(null, 400)
    await c.var.session.start({ user })
    return c.body(null, 204)
  })
  .get('/api/me', requireSession(), async (c) => c.json(await c.var.session.get()))
  .post('/api/logout', async (c) => {
    await c.var.session.end()
    return c.body(null, 204)
  })
