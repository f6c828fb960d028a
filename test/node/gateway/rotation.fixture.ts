/** A gateway for bare workerd whose secrets are lists and whose clock a test can move. */
import { createGateway, type Gateway } from '../../../src/gateway/index.ts'
import { redis } from '../../../src/redis/index.ts'
import { sessionsBy, statelessSessions, storedSessions } from '../../../src/session/index.ts'
import { upstashStore } from '../../../src/store/upstash.ts'

/** Text bindings of the test. */
export interface Bindings {
  readonly PUBLIC_ORIGIN: string
  readonly UPSTREAM_URL: string
  readonly SESSION_SECRET: string
  readonly ASSERTION_KEY: string
  readonly SESSION_STORE: string
  readonly REDIS_URL: string
  readonly REDIS_TOKEN: string
}
type Data = { user?: string; visits?: number }

let ahead = 0
const clock = (): number => Date.now() + ahead
const common = {
  secret: (c: { env: Bindings }) => c.env.SESSION_SECRET,
  user: (data: Data): string | undefined => data.user,
  clock,
}
const redisOf = (c: { env: Bindings }): string => c.env.REDIS_URL
const tokenOf = (c: { env: Bindings }): string => c.env.REDIS_TOKEN
const client = redis({ url: redisOf, token: tokenOf, timeoutMs: 10_000 } as never)

const gateway: Gateway<Bindings> = createGateway<'app', Data, Bindings>({
  publicOrigin: (c) => c.env.PUBLIC_ORIGIN,
  hosts: ['127.0.0.1:*'],
  upstreams: { app: { url: (c) => c.env.UPSTREAM_URL, sessions: true } },
  session: sessionsBy<Data, Bindings>((c: { env: Bindings }) => c.env.SESSION_STORE, {
    cookie: statelessSessions<Data>(common as never),
    redis: storedSessions<Data>({ ...common, store: upstashStore({ redis: client }) } as never),
  }),
  user: (data) => data.user,
  assertion: { key: (c) => c.env.ASSERTION_KEY },
  clock,
  routes: [
    { path: '/login', methods: ['POST'], to: 'app', access: 'public', sessions: ['start'] },
    { path: '/touch', methods: ['POST'], to: 'app', sessions: ['set'] },
    { path: '/me', to: 'app' },
  ],
  onFault: (error) => console.error(String(error)),
})

export default {
  fetch(request: Request, env: Bindings): Promise<Response> | Response {
    const { pathname } = new URL(request.url)
    if (!pathname.startsWith('/clock/')) return gateway.fetch(request, env)
    ahead = Number(pathname.slice(7))
    return new Response()
  },
}
