/** A gateway for bare workerd with sessions in Redis, in front of an upstream that does everything wrong. */
import { createGateway, type Gateway } from '../../../src/gateway/index.ts'
import { redis } from '../../../src/redis/index.ts'
import { storedSessions } from '../../../src/session/index.ts'
import { upstashStore } from '../../../src/store/upstash.ts'

interface Bindings {
  readonly UPSTREAM_URL: string
  readonly DEAD_URL: string
  readonly UPSTASH_REDIS_REST_URL: string
  readonly UPSTASH_REDIS_REST_TOKEN: string
  readonly ASSERTION_KEY: string
}

interface Data {
  user: string
}

const client = redis({
  url: (c) => c.env.UPSTASH_REDIS_REST_URL,
  token: (c) => c.env.UPSTASH_REDIS_REST_TOKEN,
  timeoutMs: 3_000,
})

const gateway: Gateway<Bindings> = createGateway<'app' | 'plain' | 'dead', Data, Bindings>({
  publicOrigin: 'http://localhost',
  upstreams: {
    app: { url: (c) => c.env.UPSTREAM_URL, sessions: true },
    plain: { url: (c) => c.env.UPSTREAM_URL },
    dead: { url: (c) => c.env.DEAD_URL, sessions: true },
  },
  session: storedSessions<Data>({
    secret: 'Zq7pVx2nLr9tYw4cKm6bHs1dGf3jTa8e',
    user: (data) => data.user,
    store: upstashStore({ redis: client }),
  }),
  user: (data) => data.user,
  assertion: { key: (c) => c.env.ASSERTION_KEY },
  routes: [
    { path: '/login', to: 'app', access: 'public', sessions: ['start'] },
    { path: '/account', to: 'app' },
    { path: '/dead', to: 'dead', access: 'public' },
    { path: '/dead/account', to: 'dead' },
    { path: '/hangs', to: 'plain', access: 'public', timeoutMs: 300 },
    { path: '/*', to: 'plain', access: 'public' },
  ],
})

export default {
  fetch(request: Request, env: Bindings): Promise<Response> | Response {
    if (new URL(request.url).pathname !== '/gc')
      return gateway.fetch(request, env)
      // So that what is kept can be told from what is garbage.
    ;(globalThis as { gc?(): void }).gc?.()
    return new Response('ok')
  },
}
