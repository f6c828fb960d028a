/** The gateway of this deployment: edit it, then `npm run check:config`. */
import { defineGateway, type GatewayConfig } from '../src/gateway/index.ts'
import { type SessionStrategy, statelessSessions } from '../src/session/index.ts'
import { log } from './log.ts'

/** What a session holds. The origin decides, through the session protocol. */
export interface Data {
  user?: string
  name?: string
  roles?: string[]
  visits?: number
}

/** A function, so that whoever starts the Worker can say what is wrong with it instead of not starting. */
export function config(): GatewayConfig<'app', Data> {
  const session: SessionStrategy<Data> = statelessSessions<Data>({
    secret: (c) => c.env.SESSION_SECRET,
    user: (data) => data.user,
    onEvent: log,
  })

  return defineGateway({
    publicOrigin: (c) => c.env.PUBLIC_ORIGIN,
    upstreams: {
      app: { url: (c) => c.env.UPSTREAM_URL, sessions: true },
    },
    session,
    user: (data) => data.user,
    roles: (data) => data.roles ?? [],
    claims: ({ visits, name, roles }) => ({ visits, name, roles }),
    signIn: '/login',
    assertion: { key: (c) => c.env.ASSERTION_KEY },
    // So that the demo can be walked through with curl, which does not say where a form comes from. Browsers since 2020 do.
    csrf: { missing: 'allow' },
    onEvent: log,
    routes: [
      { path: '/', to: 'app', access: 'public', sessions: ['set'] },
      { path: '/login', methods: ['GET'], to: 'app', access: 'public' },
      { path: '/login', methods: ['POST'], to: 'app', access: 'public', sessions: ['start'] },
      { path: '/logout', methods: ['POST'], to: 'app', access: 'public', sessions: ['end'] },
      { path: '/admin/*', to: 'app', access: { role: 'admin' } },
      { path: '/account', to: 'app', access: 'session' },
      { path: '/*', to: 'app', access: 'public' },
    ],
  })
}
