/** What peers need to do a part of what the gateway does: Hono's guards, a session library, and hono/proxy. */
import { type Session, useSession } from '@hono/session'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { csrf } from 'hono/csrf'
import { proxy } from 'hono/proxy'
import { requestId } from 'hono/request-id'
import { secureHeaders } from 'hono/secure-headers'
import { getIronSession, webCookies } from 'iron-session'
import { secret } from './data.ts'
import { upstreamFetch } from './gateway-counted.ts'

interface User {
  [key: string]: unknown
  user: string
  n: number
  pad: string
}

type Fetch = (request: Request) => Promise<Response>

/** As long as the session that the upstream starts behind the gateway. */
const alice: User = { user: 'alice', n: 1, pad: 'x'.repeat(50) }

function forward(c: Context): Promise<Response> {
  return proxy(`http://upstream.test${c.req.path}`, {
    ...c.req,
    customFetch: (request: Request) => upstreamFetch(request),
  } as never)
}

function toFetch(app: { fetch(request: Request): Response | Promise<Response> }): Fetch {
  return async (request) => app.fetch(request)
}

/** Hono's proxy alone. */
export function honoProxy(): Fetch {
  return toFetch(new Hono().all('/*', forward))
}

function guardedApp(): Hono {
  return new Hono()
    .use(requestId())
    .use(secureHeaders())
    .use(csrf())
    .use(bodyLimit({ maxSize: 10_485_760 })) as unknown as Hono
}

/** Hono's guards, `@hono/session`, and hono/proxy for whoever is signed in. */
export function honoSessionAssembly(): Fetch {
  const app = guardedApp() as unknown as Hono<{ Variables: { session: Session<User> } }>
  app.use(useSession<User>({ secret, duration: { absolute: 28_800 } }) as never)
  app.get('/login', async (c) => {
    await c.var.session.update(alice)
    return c.text('in')
  })
  app.all('/*', async (c) => {
    const data = await c.var.session.get()
    return data?.user === undefined ? c.text('sign in', 401) : forward(c as never)
  })
  return toFetch(app)
}

/** Hono's guards, iron-session, and hono/proxy for whoever is signed in. */
export function ironSessionAssembly(): Fetch {
  const options = { password: secret, cookieName: 's' }
  const app = guardedApp()
  app.get('/login', async (c) => {
    const headers = new Headers()
    const session = await getIronSession<User>(webCookies(c.req.raw, headers), options)
    Object.assign(session, alice)
    await session.save()
    return new Response('in', { headers })
  })
  app.all('/*', async (c) => {
    const session = await getIronSession<User>(webCookies(c.req.raw, new Headers()), options)
    return session.user === undefined ? c.text('sign in', 401) : forward(c)
  })
  return toFetch(app)
}
