/** A gateway for bare workerd in front of a GraphQL server: open to all, with limits, and with limits and roles. */
import { createGateway } from '../../../src/gateway/index.ts'
import { graphqlLimits } from '../../../src/graphql/index.ts'
import { statelessSessions } from '../../../src/session/index.ts'

interface Bindings {
  readonly PUBLIC_ORIGIN: string
  readonly YOGA_URL: string
}
interface Data {
  readonly user: string
  readonly roles: string[]
}

const session = statelessSessions<Data>({
  secret: 'kX9vQ2mT7pL4wZ8rB3nJ6hD1sF5gY0cE',
  insecurePlainHttp: true,
})

const gateway = createGateway<'app', Data, Bindings>({
  publicOrigin: (c) => c.env.PUBLIC_ORIGIN,
  platform: 'none',
  upstreams: { app: { url: (c) => c.env.YOGA_URL } },
  session,
  user: (data) => data.user,
  roles: (data) => data.roles,
  routes: [
    { path: '/graphql', to: 'app', access: 'public', graphql: graphqlLimits({ maxTake: 100 }) },
    {
      path: '/team/graphql',
      to: 'app',
      access: 'session',
      graphql: graphqlLimits({ introspection: { role: 'developer' }, get: true, maxBatch: 2 }),
    },
    { path: '/*', to: 'app', access: 'public' },
  ],
})

export default {
  async fetch(request: Request, env: Bindings): Promise<Response> {
    const { origin, pathname } = new URL(request.url)
    if (!pathname.startsWith('/start/'))
      return gateway.fetch(request, { ...env, PUBLIC_ORIGIN: origin })
    const handle = session.open({ request })
    await handle.start({ user: 'ada', roles: [pathname.slice(7)] })
    return handle.flush(new Response('in'))
  },
}
