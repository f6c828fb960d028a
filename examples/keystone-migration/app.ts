/** The app that takes over: the users of Keystone's cookie become users of ours. */
import { Hono } from 'hono'
import { errorPage, ironCookie, requireSession, session, storedSessions } from '../../src/index.ts'
import { memoryStore } from '../../src/store/index.ts'

/** What Keystone's `withAuth` keeps in a session, and what the new app wants to keep. */
interface Data {
  itemId: string
  listKey: string
}

/** Where secrets come from is each platform's business: `(c) => c.env.NAME` on Workers. */
export interface Secrets {
  /** New: at least 32 random characters. `npm run secret` prints one. */
  readonly sessionSecret: string
  /** The `secret` of the old configuration; it only opens, and goes away with the option `legacy`. */
  readonly keystoneSecret: string
}

/** The app, without a server. */
export function createApp({ sessionSecret, keystoneSecret }: Secrets) {
  const sessions = storedSessions<Data>({
    secret: sessionSecret,
    store: memoryStore(), // one process; upstashStore({ redis }) for more
    maxAge: 60 * 60 * 8, // Keystone's default and ours
    user: ({ itemId }) => itemId,
    legacy: [
      ironCookie<Data>({
        library: 'keystone',
        name: 'keystonejs-session',
        password: keystoneSecret,
        // The seal is Keystone's, the shape is whatever its versions wrote: take what is known and refuse the rest.
        data: ({ itemId, listKey = 'User' }) =>
          typeof itemId === 'string' && typeof listKey === 'string'
            ? { itemId, listKey }
            : undefined,
      }),
    ],
  })

  return new Hono()
    .onError(errorPage())
    .use(session(sessions))
    .get('/me', requireSession(), async (c) => c.json(await c.var.session.get()))
    .post('/logout', async (c) => {
      await c.var.session.end()
      return c.body(null, 204)
    })
}
