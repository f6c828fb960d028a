/** Sessions of this project: one strategy, used by the guard, by Server Components and by Server Functions. */
import { cookies } from 'next/headers'
import { redis } from 'portcullis/redis'
import {
  clientInfo,
  openSession,
  type SessionHandle,
  type SessionOptions,
  statelessSessions,
  storedSessions,
} from 'portcullis/session'
import { upstashStore } from 'portcullis/store/upstash'
import { type VerifiedSession, verifySession } from 'portcullis/vercel'

/** What a session of this project holds. */
export interface Data {
  user: string
  name: string
}

const options: SessionOptions<Data> = {
  // Read at the first request: there are no secrets while Next builds.
  secret: () => process.env.SESSION_SECRET,
  user: ({ user }) => user,
  idleTimeout: Number(process.env.SESSION_IDLE_SECONDS ?? 3600),
}

/** With a Redis, users see their devices and logout is final; without one, sessions live in their cookies. */
export const sessions = process.env.UPSTASH_REDIS_REST_URL
  ? storedSessions<Data>({
      ...options,
      // For the list of devices: browser, system, network and country of each session.
      clientInfo: clientInfo({ platform: 'vercel', country: 'vercel' }),
      store: upstashStore({
        redis: redis({
          url: () => process.env.UPSTASH_REDIS_REST_URL,
          token: () => process.env.UPSTASH_REDIS_REST_TOKEN,
        }),
      }),
    })
  : statelessSessions<Data>(options)

/** Who is signed in, for whatever renders: it reads and never writes. */
export async function whoIsAsking(): Promise<VerifiedSession<Data> | undefined> {
  return verifySession(sessions, { cookies: await cookies() })
}

/** The session with all its verbs, for Server Functions and route handlers: they can set cookies. */
export async function session(): Promise<SessionHandle<Data>> {
  return openSession(sessions, { cookies: await cookies() })
}
