/** A gateway for bare workerd, in front of one server in each language. */
import { createGateway, type Gateway, type Route } from '../../../src/gateway/index.ts'
import { storedSessions } from '../../../src/session/index.ts'
import { memoryStore } from '../../../src/store/index.ts'

interface Bindings {
  readonly LOGIN_URL: string
  readonly EXPRESS_URL: string
  readonly FASTIFY_URL: string
  readonly KOA_URL: string
  readonly NODE_URL: string
  readonly PYTHON_URL: string
  readonly GO_URL: string
  readonly ASSERTION_KEY: string
}

interface Data {
  user: string
  cart?: string
  items?: number
}

type Name = 'express' | 'fastify' | 'koa' | 'node' | 'python' | 'go'

const names: readonly Name[] = ['express', 'fastify', 'koa', 'node', 'python', 'go']

const gateway: Gateway<Bindings> = createGateway<'login' | Name, Data, Bindings>({
  publicOrigin: 'http://gateway.test',
  hosts: names.map((name) => `${name}.gateway.test`),
  upstreams: {
    login: { url: (c) => c.env.LOGIN_URL, sessions: true },
    express: { url: (c) => c.env.EXPRESS_URL, sessions: true },
    fastify: { url: (c) => c.env.FASTIFY_URL, sessions: true },
    koa: { url: (c) => c.env.KOA_URL, sessions: true },
    node: { url: (c) => c.env.NODE_URL, sessions: true },
    python: { url: (c) => c.env.PYTHON_URL, sessions: true },
    go: { url: (c) => c.env.GO_URL, sessions: true },
  },
  session: storedSessions<Data>({
    store: memoryStore(),
    secret: 'Zq7pVx2nLr9tYw4cKm6bHs1dGf3jTa8e',
    user: (data) => data.user,
  }),
  user: (data) => data.user,
  claims: ({ cart, items }) => ({ cart, items }),
  assertion: { key: (c) => c.env.ASSERTION_KEY },
  routes: [
    { host: 'gateway.test', path: '/login', to: 'login', access: 'public', sessions: ['start'] },
    ...names.flatMap((name): Route<'login' | Name>[] => [
      { path: `/${name}`, to: name, access: 'public' },
      {
        host: `${name}.gateway.test`,
        path: '/*',
        to: name,
        access: 'public',
        sessions: ['start', 'set', 'end', 'endAll', 'list', 'flash'],
      },
    ]),
  ],
})

export default gateway
