/** Loops of which one thing grows: `?n=` says how many requests, `?x=` how much of it there is. */
import { Hono } from 'hono'
import { createGateway, defineGateway, type Gateway } from '../../src/gateway/index.ts'
import { session } from '../../src/session/middleware.ts'
import { statelessSessions } from '../../src/session/stateless/sessions.ts'
import { type Data, secret } from './data.ts'
import { upstreamFetch } from './gateway-counted.ts'
import { manyRoutes } from './many.ts'
import { routes } from './routes/ours.ts'

const origin = 'https://bench.test'

/** Does one thing `n` times, `x` large. What it makes ready it keeps for the next request. */
export type Loop = (x: number, n: number) => Promise<void>

/** A Worker of loops, by their paths. */
export function loops(all: Readonly<Record<string, Loop>>): {
  fetch(request: Request): Promise<Response>
} {
  return {
    async fetch(request): Promise<Response> {
      const { pathname, searchParams } = new URL(request.url)
      const loop = all[pathname.slice(1)]
      if (loop === undefined) return new Response('no such loop', { status: 404 })
      await loop(Number(searchParams.get('x')), Number(searchParams.get('n')))
      return new Response('counted')
    },
  }
}

/** Keeps what was made for each `x`: nothing of it is counted again. */
export function keep<T>(make: (x: number) => T): (x: number) => T {
  const made = new Map<number, T>()
  return (x) => {
    const value = made.get(x) ?? make(x)
    made.set(x, value)
    return value
  }
}

async function repeat(
  n: number,
  status: number,
  send: (i: number) => Response | Promise<Response>,
): Promise<void> {
  for (let i = 0; i < n; i++) {
    const response = await send(i)
    if (response.status !== status)
      throw new Error(`${response.status} ${await response.text()}, expected ${status}`)
  }
}

const sessions = statelessSessions<Data>({ secret, user: () => 'alice' })

const app = new Hono().use(session(sessions) as never)
routes(app)

/** Signs somebody in whose session has so many bytes, and returns the cookie. */
async function signIn(bytes: number): Promise<string> {
  const response = await app.fetch(new Request(`${origin}/make?bytes=${bytes}`))
  return response.headers.getSetCookie()[0]?.split(';', 1)[0] ?? ''
}

const routeTables = keep((x) => manyRoutes(x) as Gateway<unknown>)
const cookieBySize = keep(signIn)

const openGateway = keep(() =>
  createGateway(
    defineGateway<'app', Data>({
      publicOrigin: origin,
      upstreams: { app: { url: 'http://upstream.test' } },
      session: sessions,
      headers: { preset: 'recommended' },
      routes: [
        { path: '/account', to: 'app', access: 'session' },
        { path: '/*', to: 'app', access: 'public' },
      ],
      fetch: upstreamFetch as typeof fetch,
    }),
  ),
)

/** Cookies of other applications, as many bytes as there shall be. */
const otherCookies = keep((bytes) => {
  const all: string[] = []
  for (let i = 0, length = 0; length < bytes; i++) {
    all.push(`cookie${i}=${'v'.repeat(Math.min(80, Math.max(0, bytes - length - 12)))}`)
    length += (all.at(-1)?.length ?? 0) + 2
  }
  return all.join('; ')
})

const users = keep((count) =>
  Promise.all(
    Array.from({ length: count }, async () => ({
      headers: new Headers({ cookie: await signIn(100) }),
    })),
  ),
)

async function sendSession(path: string, x: number, n: number): Promise<void> {
  const init = { headers: new Headers({ cookie: await cookieBySize(x) }) }
  await repeat(n, 200, () => app.fetch(new Request(`${origin}${path}`, init)))
}

/** Loops over requests. */
export const requestLoops: Readonly<Record<string, Loop>> = {
  // The last route asks for a session, which the request does not have.
  route: (x, n) =>
    repeat(n, 401, () => routeTables(x).fetch(new Request(`http://localhost/r${x - 1}/page`), {})),
  // One table for each: `n` of them are built anew.
  async build(x, n) {
    for (let i = 0; i < n; i++) manyRoutes(x)
  },
  async cookies(x, n) {
    const cookie = `${otherCookies(x)}; ${await cookieBySize(100)}`
    const init = { headers: new Headers({ cookie }) }
    await repeat(n, 200, () => openGateway(0).fetch(new Request(`${origin}/account`, init), {}))
  },
  async headers(x, n) {
    const headers = new Headers()
    for (let i = 0; i < x; i++) headers.set(`x-header-${i}`, 'some value of a header')
    await repeat(n, 200, () => openGateway(0).fetch(new Request(`${origin}/page`, { headers }), {}))
  },
  read: (x, n) => sendSession('/read', x, n),
  write: (x, n) => sendSession('/write', x, n),
  async users(x, n) {
    const all = await users(x)
    await repeat(n, 200, (i) => app.fetch(new Request(`${origin}/read`, all[i % all.length])))
  },
}
