/** A gateway for bare workerd, in front of one server in each language. */
import { createGateway, type Gateway } from '../../../src/gateway/index.ts'
import { statelessSessions } from '../../../src/session/index.ts'

interface Bindings {
  readonly LOGIN_URL: string
  readonly EXPRESS_URL: string
  readonly PYTHON_URL: string
  readonly GO_URL: string
  readonly ASSERTION_KEY: string
}

interface Data {
  user: string
}

const gateway: Gateway<Bindings> = createGateway<
  'login' | 'express' | 'python' | 'go',
  Data,
  Bindings
>({
  publicOrigin: 'http://gateway.test',
  upstreams: {
    login: { url: (c) => c.env.LOGIN_URL, sessions: true },
    express: { url: (c) => c.env.EXPRESS_URL, sessions: true },
    python: { url: (c) => c.env.PYTHON_URL, sessions: true },
    go: { url: (c) => c.env.GO_URL, sessions: true },
  },
  session: statelessSessions<Data>({
    secret: 'Zq7pVx2nLr9tYw4cKm6bHs1dGf3jTa8e',
    user: (data) => data.user,
  }),
  user: (data) => data.user,
  assertion: { key: (c) => c.env.ASSERTION_KEY },
  routes: [
    { path: '/login', to: 'login', access: 'public', sessions: ['start'] },
    { path: '/express', to: 'express', access: 'public' },
    { path: '/python', to: 'python', access: 'public' },
    { path: '/go', to: 'go', access: 'public' },
  ],
})

export default gateway
