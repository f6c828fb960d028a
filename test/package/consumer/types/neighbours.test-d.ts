/** Beside packages that declare variables of every Hono context: what is ours still fits. */
import { Hono } from 'hono'
import { secureHeaders as theirs } from 'hono/secure-headers'
import {
  csrf,
  loginThrottle,
  portcullis,
  rateLimit,
  requireSession,
  session,
  statelessSessions,
} from 'portcullis'
import { memoryLimiter } from 'portcullis/limit'

declare module 'hono' {
  interface ContextVariableMap {
    theirs: string
  }
}

const limiter = memoryLimiter({ limit: 10, window: 60 })
const sessions = statelessSessions<{ user: string }>({ secret: (c) => c.env.SESSION_SECRET })
const app = new Hono()
  .use(theirs(), csrf({ refuse: (_, c) => c.text(c.var.theirs, 403) }))
  .use(rateLimit({ limiter, key: (c) => c.var.theirs, platform: 'cloudflare' }))
  .use(portcullis({ rateLimit: { limiter, key: (c) => c.var.theirs } }), session(sessions))
  .get('/', requireSession({ signIn: '/login' }), (c) => c.text(c.var.theirs))

export { app, loginThrottle }
