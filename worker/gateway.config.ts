/** The gateway of this deployment: edit it, then `npm run check:config`. */
import { defineGateway, type GatewayConfig } from '../src/gateway/index.ts'
import { monitor, redisProbe, redisState, type UptimeState, uptime } from '../src/monitor/index.ts'
import type { Redis } from '../src/redis/index.ts'
// Without `redis.fromEnv`, which this deployment has no use for: 0.8 kB.
import { redis } from '../src/redis/redis.ts'
import {
  type SessionOptions,
  type SessionStrategy,
  sessionsBy,
  statelessSessions,
  storedSessions,
} from '../src/session/index.ts'
import { upstashStore } from '../src/store/upstash.ts'
import { log, logRequest } from './log.ts'

/** The data of a session. The upstream decides it, through the session protocol. */
export interface Data {
  user?: string
  name?: string
  roles?: string[]
  visits?: number
}

/** Further kinds of sessions, by what `SESSION_STORE` calls them. */
type Strategies = Readonly<Record<string, SessionStrategy<Data>>>

/** Options that every kind of session has here. */
export const common: Pick<SessionOptions<Data>, 'secret' | 'user' | 'onEvent'> = {
  secret: (c) => c.env.SESSION_SECRET,
  user: (data) => data.user,
  onEvent: log,
}

/** `SESSION_STORE` chooses. Only the chosen one is judged and asked: without Redis none of its variables is needed. */
function sessions(
  client: Redis,
  others: Strategies,
  stored: Partial<SessionOptions<Data>>,
): SessionStrategy<Data> {
  return sessionsBy<Data>(
    (c) => c.env.SESSION_STORE,
    {
      cookie: statelessSessions<Data>(common),
      redis: storedSessions<Data>({
        ...common,
        ...stored,
        store: upstashStore({ redis: client }),
      }),
      ...others,
    },
    { option: 'SESSION_STORE' },
  )
}

/** A function, so that whoever starts the Worker can say what is wrong with it instead of not starting. */
export function config(
  others: Strategies = {},
  stored: Partial<SessionOptions<Data>> = {},
): GatewayConfig<'app', Data> {
  const client = redis({
    url: (c) => c.env.UPSTASH_REDIS_REST_URL,
    token: (c) => c.env.UPSTASH_REDIS_REST_TOKEN,
    onEvent: log,
  })
  return defineGateway({
    publicOrigin: (c) => c.env.PUBLIC_ORIGIN,
    upstreams: {
      app: { url: (c) => c.env.UPSTREAM_URL, sessions: true },
    },
    session: sessions(client, others, stored),
    user: (data) => data.user,
    roles: (data) => data.roles ?? [],
    claims: ({ visits, name, roles }) => ({ visits, name, roles }),
    signIn: '/login',
    assertion: { key: (c) => c.env.ASSERTION_KEY },
    // The demo's pages take the nonce from the request. For an origin that does not, leave this out and look at its reports.
    headers: { preset: 'recommended' },
    onEvent: log,
    monitor: monitor({
      log: logRequest,
      trace: true,
      version: (c) => c.env.CF_VERSION_METADATA?.id,
      analytics: (c) => c.env.ANALYTICS,
    }),
    maintenance: (c) => c.env.MAINTENANCE === 'on',
    // Where sessions are in cookies there is no store to ask, and nothing to remember in.
    ready: { store: async (env) => (usesRedis(env) ? redisProbe(client)(env) : undefined) },
    uptime: uptime({
      webhook: (c) => c.env.UPTIME_WEBHOOK,
      key: (c) => c.env.UPTIME_KEY,
      state: memory(client),
    }),
    routes: [
      { path: '/', to: 'app', access: 'public', sessions: ['set'] },
      { path: '/login', methods: ['GET'], to: 'app', access: 'public' },
      { path: '/login', methods: ['POST'], to: 'app', access: 'public', sessions: ['start'] },
      { path: '/logout', methods: ['POST'], to: 'app', access: 'public', sessions: ['end'] },
      { path: '/admin/*', to: 'app', access: { role: 'admin' } },
      { path: '/account', to: 'app', access: 'session' },
      // With SESSION_STORE = "cookie" the origin is told of no devices, and says so.
      { path: '/devices', methods: ['GET'], to: 'app', access: 'session', sessions: ['list'] },
      {
        path: '/devices',
        methods: ['POST'],
        to: 'app',
        access: 'session',
        sessions: ['end', 'endAll'],
      },
      { path: '/*', to: 'app', access: 'public' },
    ],
  })
}

function usesRedis(env: unknown): boolean {
  return (env as Partial<Cloudflare.Env> | undefined)?.SESSION_STORE === 'redis'
}

function memory(client: Redis): UptimeState {
  const state = redisState(client)
  return {
    read: async (env) => (usesRedis(env) ? state.read(env) : undefined),
    write: async (env, text) => (usesRedis(env) ? state.write(env, text) : undefined),
  }
}
