/** The gateway of the table: one upstream of each kind, and nothing that is not there by default. */
import { createGateway, type Gateway } from '../../src/gateway/index.ts'

interface Bindings {
  readonly UPSTREAM_URL: string
  /** How the upstream is reached: by its address unless this says otherwise. */
  readonly KIND?: 'binding' | 'app'
  /** The service binding that goes to the upstream. */
  readonly APP: { fetch(input: Request | string, init?: RequestInit): Promise<Response> }
}

function createFor(upstream: object): Gateway<Bindings> {
  return createGateway<'app', object, Bindings>({
    publicOrigin: 'http://localhost',
    platform: 'none',
    limits: false,
    upstreams: { app: upstream as never },
    routes: [{ path: '/*', to: 'app', access: 'public', csrf: false }],
    onFault: () => {},
  })
}

type Context = { env: Bindings }

const gateways = {
  url: createFor({ url: ({ env }: Context) => env.UPSTREAM_URL }),
  binding: createFor({ binding: ({ env }: Context) => env.APP }),
  // An app that does nothing but ask the same upstream: what differs is what the gateway hands to it.
  app: createFor({ app: (request: Request, env: Bindings) => env.APP.fetch(request) }),
}

const gateway: Gateway<Bindings> = {
  ...gateways.url,
  fetch: (request, env, context) => gateways[env?.KIND ?? 'url'].fetch(request, env, context),
}

export default gateway
