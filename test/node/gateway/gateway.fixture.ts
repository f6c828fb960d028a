/** A gateway for bare workerd: guarded and public routes, and upstreams that answer, stream, stall and are not there. */
import { createGateway, type Gateway } from '../../../src/gateway/index.ts'
import { statelessSessions } from '../../../src/session/index.ts'

/** Text bindings of the tests. */
export interface Bindings {
  readonly PUBLIC_ORIGIN: string
  readonly UPSTREAM_URL: string
  readonly STREAM_URL: string
  readonly DEAD_URL: string
  readonly SESSION_SECRET: string
  readonly ASSERTION_KEY: string
}

interface Data {
  user?: string
  roles?: string[]
}

const gateway: Gateway<Bindings> = createGateway<
  'app' | 'stream' | 'slow' | 'dead',
  Data,
  Bindings
>({
  publicOrigin: (c) => c.env.PUBLIC_ORIGIN,
  // Tests ask by address, on whatever port was free.
  hosts: ['localhost', '127.0.0.1:*'],
  upstreams: {
    app: { url: (c) => c.env.UPSTREAM_URL, sessions: true },
    stream: { url: (c) => c.env.STREAM_URL },
    slow: { url: (c) => c.env.UPSTREAM_URL, timeoutMs: 200 },
    dead: { url: (c) => c.env.DEAD_URL },
  },
  session: statelessSessions<Data>({ secret: (c) => c.env.SESSION_SECRET }),
  roles: (data) => data.roles ?? [],
  assertion: { key: (c) => c.env.ASSERTION_KEY },
  routes: [
    { path: '/admin/*', to: 'app', access: { role: 'admin' } },
    { path: '/login', to: 'app', access: 'public', sessions: ['start'] },
    { path: '/stream/*', to: 'stream', access: 'public', maxBodyBytes: 33_554_432 },
    { path: '/brief/*', to: 'stream', access: 'public', maxSocketSeconds: 1 },
    { path: '/brief-socket', to: 'app', access: 'public', maxSocketSeconds: 1 },
    { path: '/slow', to: 'slow', access: 'public' },
    { path: '/dead', to: 'dead', access: 'public' },
    { path: '/*', to: 'app', access: 'public' },
  ],
  onEvent: (event) => console.log(JSON.stringify(event)),
})

export default gateway
