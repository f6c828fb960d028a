/** The gateway of the table: one upstream, and nothing that is not there by default. */
import { createGateway, type Gateway } from '../../src/gateway/index.ts'

interface Bindings {
  readonly UPSTREAM_URL: string
}

const gateway: Gateway<Bindings> = createGateway<'app', object, Bindings>({
  publicOrigin: 'http://localhost',
  platform: 'none',
  limits: false,
  upstreams: { app: { url: (c) => c.env.UPSTREAM_URL } },
  routes: [{ path: '/*', to: 'app', access: 'public', csrf: false }],
  onFault: () => {},
})

export default gateway
