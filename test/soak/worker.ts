/** The gateway of the soak in bare workerd: what a deployment would change, a request to `/.soak` changes. */
import { createGateway, type Gateway } from '../../src/gateway/index.ts'
import { redis } from '../../src/redis/index.ts'
import { storedSessions } from '../../src/session/index.ts'
import { upstashStore } from '../../src/store/upstash.ts'

/** Text bindings. */
export interface Bindings {
  readonly UPSTREAM_URL: string
  readonly REDIS_URL: string
  readonly REDIS_TOKEN: string
  /** Who may change the settings. */
  readonly CONTROL: string
}

/** What changes while it runs. */
export interface SoakSettings {
  publicOrigin: string
  secrets: string[]
  keys: string[]
  /** Milliseconds by which this machine's clock is wrong. */
  offsetMs: number
}

interface Data {
  user?: string
  name?: string
  roles?: string[]
  visits?: number
}

const settings: SoakSettings = { publicOrigin: '', secrets: [], keys: [], offsetMs: 0 }
const clock = (): number => Date.now() + settings.offsetMs
const client = redis({
  url: ({ env }: { env: unknown }) => (env as Bindings).REDIS_URL,
  token: ({ env }: { env: unknown }) => (env as Bindings).REDIS_TOKEN,
})
const gateway: Gateway<Bindings> = createGateway<'app', Data, Bindings>({
  publicOrigin: () => settings.publicOrigin,
  upstreams: { app: { url: (c) => c.env.UPSTREAM_URL, sessions: true, timeoutMs: 5000 } },
  session: storedSessions<Data>({
    secret: () => settings.secrets,
    store: upstashStore({ redis: client, maxPerUser: 1000 }),
    user: (data) => data.user,
    clock,
  }),
  user: (data) => data.user,
  roles: (data) => data.roles ?? [],
  claims: ({ visits, name, roles }) => ({ visits, name, roles }),
  signIn: '/login',
  assertion: { key: () => settings.keys },
  clock,
  routes: [
    { path: '/', to: 'app', access: 'public', sessions: ['set'] },
    { path: '/login', methods: ['GET'], to: 'app', access: 'public' },
    { path: '/login', methods: ['POST'], to: 'app', access: 'public', sessions: ['start'] },
    { path: '/logout', methods: ['POST'], to: 'app', access: 'public', sessions: ['end'] },
    { path: '/public', to: 'app', access: 'public', anonymous: true },
    { path: '/admin/*', to: 'app', access: { role: 'admin' } },
    { path: '/account', to: 'app', access: 'session' },
    { path: '/*', to: 'app', access: 'public' },
  ],
  // One line each, so that whoever reads the log can tell ours from an uncaught error.
  onFault: (error) =>
    console.error(JSON.stringify({ fault: (error as { code?: string }).code ?? String(error) })),
})

export default {
  async fetch(
    request: Request,
    env: Bindings,
    context: { waitUntil(work: Promise<unknown>): void },
  ): Promise<Response> {
    if (new URL(request.url).pathname !== '/.soak') return gateway.fetch(request, env, context)
    if (request.headers.get('authorization') !== `Bearer ${env.CONTROL}`)
      return new Response(null, { status: 403 })
    Object.assign(settings, await request.json())
    return new Response(null, { status: 204 })
  },
}
