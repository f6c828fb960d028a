/** Bindings: a project that declares its Env has typos found at the spot, without an annotation. */
import type { Context } from 'hono'
import { type FromEnv, statelessSessions } from 'portcullis'
import { redis } from 'portcullis/redis'

declare global {
  namespace Cloudflare {
    interface Env {
      SESSION_SECRET: string
      ORIGIN: string
      REDIS_URL: string
      REDIS_TOKEN: string
      LIMIT: number
    }
  }
}

statelessSessions<{ n: number }>({ secret: (c) => c.env.SESSION_SECRET })
statelessSessions<{ n: number }>({
  secret: (c: Context<{ Bindings: Cloudflare.Env }>) => c.env.SESSION_SECRET,
})
statelessSessions<{ n: number }>({
  secret: ({ env }: { env: Cloudflare.Env }) => [env.SESSION_SECRET],
})
// A function may find nothing while a framework builds; a plain value may not.
declare const perhaps: string | undefined
statelessSessions<{ n: number }>({ secret: () => perhaps })
// @ts-expect-error
statelessSessions<{ n: number }>({ secret: perhaps })
// @ts-expect-error
statelessSessions<{ n: number }>({ secret: (c) => c.env.SESSION_SECRT })
// @ts-expect-error
statelessSessions<{ n: number }>({ secret: (c) => c.env.LIMIT })
redis({ url: (c) => c.env.REDIS_URL, token: (c) => c.env.REDIS_TOKEN })
// @ts-expect-error
redis({ url: (c) => c.env.REDIS_URI, token: (c) => c.env.REDIS_TOKEN })

// Another Env than the project's, by name.
const own: FromEnv<string, { OTHER: string }> = (c) => c.env.OTHER
export const found: string | undefined =
  typeof own === 'function' ? own({ env: { OTHER: '' } }) : own
