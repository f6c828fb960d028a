/** A gateway's configuration: names of upstreams, options and bindings are checked where they stand. */
import { createGateway, defineGateway, type Gateway, type GatewayConfig } from 'portcullis/gateway'
import { statelessSessions } from 'portcullis/session'
import { holds, type Same } from './expect.ts'

interface Data {
  user: string
  roles: string[]
}
const session = statelessSessions<Data>({ secret: (c) => c.env.SESSION_SECRET })
const upstreams = {
  app: { url: 'https://app.internal' },
  api: { url: (c: { env: Cloudflare.Env }) => c.env.ORIGIN },
}

const config = defineGateway({
  publicOrigin: (c) => c.env.ORIGIN,
  upstreams: {
    app: { url: (c) => c.env.ORIGIN },
    api: { url: 'https://api.internal', timeoutMs: 5000 },
  },
  session,
  user: (data) => {
    holds<Same<typeof data, Data>>()
    return data.user
  },
  roles: (data) => data.roles,
  routes: [
    { path: '/api/*', to: 'api', access: { role: 'admin' } },
    { path: '/*', methods: ['GET'], to: 'app', access: 'public', sessions: ['start'] },
  ],
})
holds<Same<typeof config, GatewayConfig<'app' | 'api', Data, Cloudflare.Env>>>()
const gateway = createGateway(config)
gateway satisfies Gateway<Cloudflare.Env>
gateway.fetch(new Request('https://a.example'), {} as Cloudflare.Env) satisfies
  | Response
  | Promise<Response>

const publicOrigin = 'https://a.example'
// @ts-expect-error: no such upstream
defineGateway({ publicOrigin, upstreams, routes: [{ path: '/*', to: 'ap', access: 'public' }] })
// @ts-expect-error: misspelt, and so a route without a guard
defineGateway({ publicOrigin, upstreams, routes: [{ path: '/*', to: 'app', acces: 'public' }] })
// @ts-expect-error
defineGateway({ publicOrigin, upstreams, routes: [{ path: '/*', to: 'app', access: 'everybody' }] })
// @ts-expect-error
defineGateway({ publicOrigin, upstreams, routes: [{ path: '/*', to: 'app', methods: ['get'] }] })
// @ts-expect-error
defineGateway({ publicOrigin, upstreams, routes: [{ path: '/*', to: 'app', sessions: ['steal'] }] })
// @ts-expect-error: no binding of this name
defineGateway({ publicOrigin: (c) => c.env.ORIGN, upstreams, routes: [] })
// @ts-expect-error: an upstream has an address
defineGateway({ publicOrigin, upstreams: { app: { sessions: true } }, routes: [] })
// @ts-expect-error: where does the world reach it?
defineGateway({ upstreams, routes: [] })
// @ts-expect-error
defineGateway({ publicOrigin, upstreams, routes: [], sesion: session })
// @ts-expect-error: not a member of Data
defineGateway({ publicOrigin, upstreams, routes: [], session, roles: (data) => data.groups })
// @ts-expect-error: roles are a list
defineGateway({ publicOrigin, upstreams, routes: [], session, roles: (data) => data.user })
