/**
 * Two Workers in one file. The first is a gateway with three upstreams: a Hono app in the same isolate, files that are
 * deployed with it, and a service binding. The second is behind that binding, and trusts nothing but the assertion.
 */
import { Hono } from 'hono'
import { html } from 'hono/html'
import { assertionVerifier } from '../../src/assertion/index.ts'
import { createGateway, type Gateway } from '../../src/gateway/index.ts'
import { createOrigin, type OriginSession } from '../../src/origin/index.ts'
import { statelessSessions } from '../../src/session/index.ts'

interface Env {
  readonly ROLE: 'gateway' | 'api'
  readonly PUBLIC_ORIGIN: string
  readonly SESSION_SECRET: string
  readonly ASSERTION_KEY: string
  readonly ASSETS: { fetch(url: string, init: RequestInit): Promise<Response> }
  readonly API: { fetch(url: string, init: RequestInit): Promise<Response> }
}

interface Data {
  user: string
}

type AppEnv = { Bindings: Env; Variables: { portcullis: OriginSession } }

const app = new Hono<AppEnv>()
  .use(async (c, next) => {
    const { PUBLIC_ORIGIN: gateway } = c.env
    const origin = createOrigin({ gateway, audience: 'app' })
    const headers = {
      read: (name: string) => c.req.header(name),
      write: (name: string, value: string) => c.header(name, value),
    }
    c.set('portcullis', await origin.open(headers))
    await next()
  })
  .get('/login', (c) =>
    c.html(html`<form method="post"><input name="user" /><button>Log in</button></form>`),
  )
  .post('/login', async (c) => {
    const { user } = await c.req.parseBody()
    c.var.portcullis.start({ user: `${user}` })
    return c.redirect('/', 303)
  })
  .get('/', (c) =>
    c.html(
      html`<link rel="stylesheet" href="/assets/site.css" />
        <p id="user">${c.var.portcullis.user ?? 'nobody'}</p>
        <p id="api"></p>
        <script src="/assets/site.js" defer></script>`,
    ),
  )

const gateway: Gateway<Env> = createGateway<'app' | 'api' | 'files', Data, Env>({
  publicOrigin: (c) => c.env.PUBLIC_ORIGIN,
  upstreams: {
    app: { app, sessions: true },
    api: { binding: (c) => c.env.API },
    files: { assets: (c) => c.env.ASSETS },
  },
  session: statelessSessions<Data>({
    secret: (c) => (c.env as unknown as Env).SESSION_SECRET,
    user: (data) => data.user,
  }),
  user: (data) => data.user,
  signIn: '/login',
  assertion: { key: (c) => c.env.ASSERTION_KEY },
  routes: [
    { path: '/assets/*', methods: ['GET'], to: 'files', access: 'public' },
    { path: '/api/*', to: 'api' },
    { path: '/login', methods: ['GET'], to: 'app', access: 'public' },
    { path: '/login', methods: ['POST'], to: 'app', access: 'public', sessions: ['start'] },
    { path: '/', methods: ['GET'], to: 'app' },
  ],
})

/** The Worker behind the binding: a request without an assertion of this gateway, for this upstream, is 401. */
async function answerApi(request: Request, env: Env): Promise<Response> {
  const verify = assertionVerifier({
    jwks: `${env.PUBLIC_ORIGIN}/.portcullis/jwks.json`,
    issuer: env.PUBLIC_ORIGIN,
    audience: 'api',
  })
  const assertion = await verify(request.headers)
  if (assertion === undefined) return new Response('not from the gateway', { status: 401 })

  const { pathname } = new URL(request.url)
  return Response.json({ user: assertion.user, pathname, cookie: request.headers.get('cookie') })
}

export default {
  fetch(
    request: Request,
    env: Env,
    context: { waitUntil(work: Promise<unknown>): void },
  ): Response | Promise<Response> {
    return env.ROLE === 'api' ? answerApi(request, env) : gateway.fetch(request, env, context)
  },
}
