/** The gateway in front of the Express example, over any store of sessions; on Node and in the runtime of wrangler. */
import { createGateway, type Gateway } from '../../src/gateway/index.ts'
import { storedSessions } from '../../src/session/index.ts'
import type { AtomicStore } from '../../src/store/index.ts'

/** Text bindings. */
export interface GatewayEnv {
  readonly PUBLIC_ORIGIN: string
  readonly UPSTREAM_URL: string
  readonly SESSION_SECRET: string
  readonly ASSERTION_KEY: string
}

interface Data {
  user?: string
  name?: string
  roles?: string[]
  visits?: number
}

export function createStoreGateway<Env extends GatewayEnv>(store: AtomicStore): Gateway<Env> {
  return createGateway<'app', Data, Env>({
    publicOrigin: (c) => c.env.PUBLIC_ORIGIN,
    upstreams: { app: { url: (c) => c.env.UPSTREAM_URL, sessions: true } },
    session: storedSessions<Data>({
      secret: (c) => (c.env as unknown as GatewayEnv).SESSION_SECRET,
      store,
      user: (data) => data.user,
    }),
    user: (data) => data.user,
    roles: (data) => data.roles ?? [],
    claims: ({ visits, name, roles }) => ({ visits, name, roles }),
    signIn: '/login',
    assertion: { key: (c) => c.env.ASSERTION_KEY },
    routes: [
      { path: '/login', methods: ['GET'], to: 'app', access: 'public' },
      { path: '/login', methods: ['POST'], to: 'app', access: 'public', sessions: ['start'] },
      { path: '/logout', methods: ['POST'], to: 'app', access: 'public', sessions: ['end'] },
      { path: '/devices', methods: ['GET'], to: 'app', sessions: ['list'] },
      { path: '/devices', methods: ['POST'], to: 'app', sessions: ['end', 'endAll'] },
      { path: '/account', methods: ['GET'], to: 'app' },
      { path: '/', methods: ['GET'], to: 'app', access: 'public', sessions: ['set'] },
      { path: '/*', methods: ['GET'], to: 'app', access: 'public', anonymous: true },
    ],
  })
}
