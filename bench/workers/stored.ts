/** Sessions in Redis: an anonymous page, login, a page that reads, one that writes, logout. */
import { type Session as HonoSession, useSession, useSessionStorage } from '@hono/session'
import { Redis } from '@upstash/redis/cloudflare'
import { Hono } from 'hono'
import { type Session, sessionMiddleware } from 'hono-sessions'
import { upstashLimiter } from '../../src/limit/upstash.ts'
import { redis } from '../../src/redis/redis.ts'
import { storedSessions } from '../../src/session/stored/sessions.ts'
import { portcullis } from '../../src/stack/portcullis.ts'
import { upstashStore } from '../../src/store/upstash.ts'
import { secret } from './data.ts'

interface Data {
  user: string
  n: number
  [key: string]: unknown
}
interface Place {
  env: { URL: string; TOKEN: string }
}

export function ours(limited: boolean): Hono {
  const client = redis({ url: (c: Place) => c.env.URL, token: (c: Place) => c.env.TOKEN })
  const session = storedSessions<Data>({
    secret,
    user: (data) => data.user,
    store: upstashStore({ redis: client }),
  })
  const limiter = upstashLimiter({ redis: client, secret, limit: 1_000_000, window: 60 })
  const rateLimit = { limiter, key: (): string => 'everybody', name: 'all' }
  return new Hono()
    .use(portcullis({ session, ...(limited && { rateLimit }) }) as never)
    .get('/anonymous', (c) => c.text('hello'))
    .get('/login', async (c) => {
      await (c.get('session' as never) as ReturnType<typeof session.open>).start({
        user: 'ada',
        n: 1,
      })
      return c.text('in')
    })
    .get('/read', async (c) => {
      const data = await (c.get('session' as never) as ReturnType<typeof session.open>).get()
      return c.text(`n=${String((data as Data | undefined)?.n)}`)
    })
    .get('/write', async (c) => {
      const handle = c.get('session' as never) as ReturnType<typeof session.open>
      const data = (await handle.update((old: Data | undefined) => ({
        ...(old as Data),
        n: (old as Data).n + 1,
      }))) as Data
      return c.text(`n=${data.n}`)
    })
    .get('/logout', async (c) => {
      await (c.get('session' as never) as ReturnType<typeof session.open>).end()
      return c.text('out')
    }) as unknown as Hono
}

const clientOf = (env: Place['env']): Redis => new Redis({ url: env.URL, token: env.TOKEN })

/** hono-sessions with the store its documentation asks for: get, set, del. */
export function honoSessions(): {
  fetch(request: Request, env: Place['env']): Response | Promise<Response>
} {
  let app: Hono | undefined
  const made = (env: Place['env']): Hono => {
    const client = clientOf(env)
    const store = {
      getSessionById: async (id?: string) => (await client.get(`s:${id}`)) ?? null,
      createSession: async (id: string, data: object) =>
        void (await client.set(`s:${id}`, data, { ex: 3600 })),
      persistSessionData: async (id: string, data: object) =>
        void (await client.set(`s:${id}`, data, { ex: 3600 })),
      deleteSession: async (id: string) => void (await client.del(`s:${id}`)),
    }
    const of = (c: { get(name: never): unknown }): Session<Data> =>
      c.get('session' as never) as Session<Data>
    return new Hono()
      .use(
        '*',
        sessionMiddleware({
          store: store as never,
          encryptionKey: secret,
          expireAfterSeconds: 3600,
        }) as never,
      )
      .get('/anonymous', (c) => c.text('hello'))
      .get('/login', (c) => {
        c.set('session_key_rotation' as never, true as never)
        of(c).set('user', 'ada')
        of(c).set('n', 1)
        return c.text('in')
      })
      .get('/read', (c) => c.text(`n=${of(c).get('n')}`))
      .get('/write', (c) => {
        of(c).set('n', (of(c).get('n') as number) + 1)
        return c.text(`n=${of(c).get('n')}`)
      })
      .get('/logout', (c) => {
        of(c).deleteSession()
        return c.text('out')
      }) as unknown as Hono
  }
  return {
    fetch(request, env) {
      app ??= made(env)
      return app.fetch(request, env)
    },
  }
}

/** @hono/session with its storage on the same client. */
export function honoSession(): Hono {
  const storage = useSessionStorage((c) => {
    const client = clientOf(c.env as unknown as Place['env'])
    return {
      get: (sid: string) => client.get<Data>(`s:${sid}`),
      set: (sid: string, value: Data) => void client.set(`s:${sid}`, value, { ex: 3600 }),
      delete: (sid: string) => void client.del(`s:${sid}`),
    }
  })
  const of = (c: { get(name: never): unknown }): HonoSession<Data> =>
    c.get('session' as never) as HonoSession<Data>
  return new Hono()
    .use(storage as never)
    .use(useSession<Data>({ secret, duration: { absolute: 3600 } }) as never)
    .get('/anonymous', (c) => c.text('hello'))
    .get('/login', async (c) => {
      await of(c).update({ user: 'ada', n: 1 })
      return c.text('in')
    })
    .get('/read', async (c) => c.text(`n=${(await of(c).get())?.n}`))
    .get('/write', async (c) => {
      await of(c).update((old) => ({ ...(old as Data), n: (old as Data).n + 1 }))
      return c.text(`n=${of(c).data?.n}`)
    })
    .get('/logout', async (c) => {
      await of(c).get()
      of(c).delete()
      return c.text('out')
    }) as unknown as Hono
}
