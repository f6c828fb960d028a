/** Gateways for bare workerd, one for each host: what one deployment says once, the attacks need in every variant. */
import {
  createGateway,
  type Gateway,
  type GatewayConfig,
  type SecurityEvent,
} from '../../../src/gateway/index.ts'
import { graphqlLimits } from '../../../src/graphql/index.ts'
import type { Platform } from '../../../src/request/index.ts'
import { statelessSessions } from '../../../src/session/index.ts'

interface Bindings {
  readonly UPSTREAM_URL: string
  readonly DEAD_URL: string
  readonly SESSION_SECRET: string
  readonly ASSERTION_KEY: string
}

interface Data {
  user?: string
  roles?: string[]
}

const log = (event: SecurityEvent): void => console.log(JSON.stringify(event))

/** Everything but where it stands. */
const common = {
  session: statelessSessions<Data>({
    secret: (c) => c.env.SESSION_SECRET,
    user: (data) => data.user,
  }),
  user: (data: Data) => data.user,
  roles: (data: Data) => data.roles ?? [],
  signIn: '/login',
  onEvent: log,
  routes: [
    { path: '/admin/*', to: 'app', access: { role: 'admin' } },
    { path: '/account/*', to: 'app', access: 'session' },
    { path: '/machine/*', to: 'app', access: 'session', csrf: false },
    { path: '/login', to: 'app', access: 'public', sessions: ['start'] },
    { path: '/favicon.ico', to: 'plain', access: 'public' },
    { path: '/json', to: 'plain', access: 'public', contentTypes: ['application/json'] },
    { path: '/small/*', to: 'plain', access: 'public', maxBodyBytes: 100 },
    { path: '/graphql', to: 'plain', access: 'public', graphql: graphqlLimits({ maxTake: 100 }) },
    { path: '/slow', to: 'plain', access: 'public', timeoutMs: 2_000 },
    { path: '/dead', to: 'dead', access: 'public' },
    { path: '/v1/*', to: 'based', access: 'public' },
    { path: '/get', methods: ['GET'], to: 'plain', access: 'public' },
    { path: '/app/*', to: 'app', access: 'public' },
    { path: '/pub/*', to: 'plain', access: 'public' },
  ],
} satisfies Partial<GatewayConfig<'app' | 'plain' | 'dead' | 'based', Data, Bindings>>

function gateway(publicOrigin: string, platform: Platform): Gateway<Bindings> {
  return createGateway<'app' | 'plain' | 'dead' | 'based', Data, Bindings>({
    ...common,
    publicOrigin,
    platform,
    assertion: { key: (c) => c.env.ASSERTION_KEY },
    upstreams: {
      app: { url: (c) => c.env.UPSTREAM_URL, sessions: true },
      plain: { url: (c) => c.env.UPSTREAM_URL },
      dead: { url: (c) => c.env.DEAD_URL },
      based: { url: (c) => `${c.env.UPSTREAM_URL}/base` },
    },
  })
}

const gateways: Readonly<Record<string, Gateway<Bindings>>> = {
  'gateway.test': gateway('http://gateway.test', 'cloudflare'),
  'secure.test': gateway('https://secure.test', 'cloudflare'),
  'vercel.test': gateway('http://vercel.test', 'vercel'),
  'proxied.test': gateway('http://proxied.test', { hops: 1 }),
  'alone.test': gateway('http://alone.test', 'none'),
}

export default {
  fetch(
    request: Request,
    env: Bindings,
    context: { waitUntil(work: Promise<unknown>): void },
  ): Promise<Response> {
    const host = request.headers.get('host') ?? ''
    const found = gateways[host] ?? (gateways['gateway.test'] as Gateway<Bindings>)
    return found.fetch(request, env, context)
  },
}
