/** A gateway for bare workerd in front of real servers, one for each host: a page has the paths it has. */
import { createGateway, type Gateway } from '../../../src/gateway/index.ts'

interface Bindings {
  readonly PUBLIC_ORIGIN: string
  readonly NGINX_URL: string
  readonly EXPRESS_URL: string
  readonly YOGA_URL: string
  readonly WS_URL: string
}

const before = (url: (c: { env: Bindings }) => string): Gateway<Bindings> =>
  createGateway<'app', object, Bindings>({
    publicOrigin: (c) => c.env.PUBLIC_ORIGIN,
    upstreams: { app: { url } },
    routes: [{ path: '/*', to: 'app', access: 'public' }],
  })

const gateways: Readonly<Record<string, Gateway<Bindings>>> = {
  'nginx.localhost': before((c) => c.env.NGINX_URL),
  'express.localhost': before((c) => c.env.EXPRESS_URL),
  'yoga.localhost': before((c) => c.env.YOGA_URL),
  'ws.localhost': before((c) => c.env.WS_URL),
}

export default {
  async fetch(request: Request, env: Bindings): Promise<Response> {
    const { hostname, origin } = new URL(request.url)
    const gateway = gateways[hostname]
    // The port is the kernel's, and known only now; a deployment has its origin in its configuration.
    return gateway
      ? gateway.fetch(request, { ...env, PUBLIC_ORIGIN: origin })
      : new Response(null, { status: 404 })
  },
}
