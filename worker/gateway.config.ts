/**
 * Configures the gateway of this deployment: upstreams, sessions, routes, headers and monitoring.
 * Edit it, then run `npm run check:config`. `worker/index.ts` calls `config()`; tests call it with
 * further session strategies. Wrong options throw a `ConfigError` when the gateway is created;
 * variables that are missing in the environment are reported at the first request.
 */
import { defineGateway, type GatewayConfig } from '../src/gateway/index.ts'
import { monitor, redisProbe, redisState, type UptimeState, uptime } from '../src/monitor/index.ts'
import type { Redis } from '../src/redis/index.ts'
// Imported without `redis.fromEnv`, which this deployment does not use and which weighs 0.8 kB.
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

/** The data of a session, which the upstream sets by the session protocol. */
export interface Data {
  user?: string
  name?: string
  roles?: string[]
  visits?: number
}

/** Further session strategies, by the value of `SESSION_STORE` that selects them. */
type Strategies = Readonly<Record<string, SessionStrategy<Data>>>

/** The options that all session strategies share. */
export const common: Pick<SessionOptions<Data>, 'secret' | 'user' | 'onEvent'> = {
  secret: (c) => c.env.SESSION_SECRET,
  user: (data) => data.user,
  onEvent: log,
}

/**
 * Selects the session strategy by `SESSION_STORE`. Only the selected one is validated and used, so
 * variables of Redis are not needed without Redis.
 */
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

/**
 * Returns the configuration. It is a function, so that a wrong configuration can be reported in
 * responses instead of keeping the Worker from starting.
 */
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
    // The demo's pages contain the nonce of the request. For an upstream whose pages do not, leave
    // this option out and read the policy reports.
    headers: { preset: 'recommended' },
    onEvent: log,
    monitor: monitor({
      log: logRequest,
      trace: true,
      version: (c) => c.env.CF_VERSION_METADATA?.id,
      analytics: (c) => c.env.ANALYTICS,
    }),
    maintenance: (c) => c.env.MAINTENANCE === 'on',
    // With sessions in cookies there is no store to check, and no place for the state of the uptime
    // check.
    ready: { store: async (env) => (usesRedis(env) ? redisProbe(client)(env) : undefined) },
    uptime: uptime({
      webhook: (c) => c.env.UPTIME_WEBHOOK,
      key: (c) => c.env.UPTIME_KEY,
      state: createUptimeState(client),
    }),
    routes: [
      { path: '/', to: 'app', access: 'public', sessions: ['set'] },
      { path: '/login', methods: ['GET'], to: 'app', access: 'public' },
      { path: '/login', methods: ['POST'], to: 'app', access: 'public', sessions: ['start'] },
      { path: '/logout', methods: ['POST'], to: 'app', access: 'public', sessions: ['end'] },
      { path: '/admin/*', to: 'app', access: { role: 'admin' } },
      { path: '/account', to: 'app', access: 'session' },
      // With SESSION_STORE = "cookie" the upstream receives no list of devices, and its page says
      // so.
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

function createUptimeState(client: Redis): UptimeState {
  const state = redisState(client)
  return {
    read: async (env) => (usesRedis(env) ? state.read(env) : undefined),
    write: async (env, text) => (usesRedis(env) ? state.write(env, text) : undefined),
  }
}
