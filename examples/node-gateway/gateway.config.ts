/** The gateway of this example: sessions in Redis, a login that the upstream answers, everything else behind a session. */
import {
  defineGateway,
  type GatewayConfig,
  redis,
  storedSessions,
  upstashStore,
} from './portcullis.ts'

/** What a session holds. */
export interface Data {
  readonly user: string
}

const client = redis({
  url: (c) => c.env.UPSTASH_REDIS_REST_URL,
  token: (c) => c.env.UPSTASH_REDIS_REST_TOKEN,
})

export const config: GatewayConfig<'app', Data> = defineGateway<'app', Data>({
  publicOrigin: (c) => c.env.PUBLIC_ORIGIN,
  upstreams: { app: { url: (c) => c.env.UPSTREAM_URL, sessions: true } },
  session: storedSessions<Data>({
    secret: (c) => c.env.SESSION_SECRET,
    user: ({ user }) => user,
    store: upstashStore({ redis: client }),
  }),
  user: ({ user }) => user,
  assertion: { key: (c) => c.env.ASSERTION_KEY },
  signIn: '/login',
  routes: [
    { path: '/login', to: 'app', access: 'public', sessions: ['start'] },
    { path: '/logout', to: 'app', access: 'public', sessions: ['end'] },
    { path: '/public/*', to: 'app', access: 'public' },
    { path: '/*', to: 'app' },
  ],
})
