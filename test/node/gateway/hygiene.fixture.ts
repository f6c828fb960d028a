/** A gateway for bare workerd whose routes take little, and of which one knows https only. */
import { createGateway, type Gateway, type GatewayConfig } from '../../../src/gateway/index.ts'

interface Bindings {
  readonly PUBLIC_ORIGIN: string
  readonly UPSTREAM_URL: string
}

const config: GatewayConfig<'app', object, Bindings> = {
  publicOrigin: (c) => c.env.PUBLIC_ORIGIN,
  hosts: ['www.gateway.test'],
  upstreams: { app: { url: (c) => c.env.UPSTREAM_URL } },
  routes: [
    { path: '/small/*', to: 'app', access: 'public', maxBodyBytes: 100 },
    { path: '/large/*', to: 'app', access: 'public', maxBodyBytes: 1_000_000 },
    { path: '/json', to: 'app', access: 'public', contentTypes: ['application/json'] },
    { path: '/none', to: 'app', access: 'public', maxBodyBytes: 0 },
    { path: '/*', to: 'app', access: 'public' },
  ],
  csrf: { missing: 'allow' },
  onEvent: (event) => console.log(JSON.stringify(event)),
}
const gateway: Gateway<Bindings> = createGateway(config)

export default gateway
