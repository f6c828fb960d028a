import { createGateway, defineGateway } from '../../src/gateway/index.ts'
import { statelessSessions } from '../../src/session/stateless/sessions.ts'
import { secret } from './data.ts'

interface Data {
  user: string
  n: number
  pad: string
}

export function gateway(
  upstream: string,
  options: { assertion?: boolean; bare?: boolean },
): object {
  return createGateway(
    defineGateway<'app', Data>({
      publicOrigin: 'http://localhost',
      // Without assertions an upstream may not make sessions: it could not know whose they are.
      upstreams: { app: { url: upstream, ...(options.assertion && { sessions: true }) } },
      ...(!options.bare && {
        session: statelessSessions<Data>({ secret, user: (data) => data.user }),
        user: (data: Data) => data.user,
      }),
      ...(options.assertion && { assertion: { key: (c: { env: { KEY: string } }) => c.env.KEY } }),
      headers: { preset: 'recommended' },
      routes: options.bare
        ? [{ path: '/*', to: 'app', access: 'public' }]
        : [
            {
              path: '/login',
              methods: ['GET'],
              to: 'app',
              access: 'public',
              ...(options.assertion && { sessions: ['start'], startOnGet: true }),
            },
            { path: '/account', to: 'app', access: 'session' },
            { path: '/told', to: 'app', access: 'session' },
            { path: '/*', to: 'app', access: 'public' },
          ],
    } as never),
  )
}
