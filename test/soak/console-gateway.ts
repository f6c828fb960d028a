/** A gateway for `npm run soak -- console`: with monitor and console or, for comparison, with a monitor alone or neither. */
import { createGateway, defineGateway, gatewayConsole } from '../../src/gateway/index.ts'
import { monitor } from '../../src/monitor/index.ts'
import { storedSessions } from '../../src/session/index.ts'
import { memoryStore } from '../../src/store/index.ts'

interface Data {
  user: string
  roles: string[]
}

interface Env {
  /** What observes the requests. */
  readonly OBSERVED_BY: 'console' | 'monitor' | 'nothing'
  readonly PUBLIC_ORIGIN: string
  readonly UPSTREAM_URL: string
  readonly SESSION_SECRET: string
  readonly ASSERTION_KEY: string
}

/** Read by nothing: it keeps the engine from leaving the work out. */
const written = { bytes: 0 }

/** What a log does with a line, without the cost of an output. */
function writeLine(line: object): void {
  written.bytes += JSON.stringify(line).length
}

type Fetch = (request: Request, env: Env) => Promise<Response> | Response

let fetchGateway: Fetch | undefined

function create(env: Env): Fetch {
  const gateway = createGateway(
    defineGateway<'app', Data>({
      publicOrigin: env.PUBLIC_ORIGIN,
      csrf: { missing: 'allow' },
      upstreams: { app: { url: env.UPSTREAM_URL, sessions: true } },
      session: storedSessions<Data>({
        secret: env.SESSION_SECRET,
        store: memoryStore(),
        user: (data) => data.user,
      }),
      roles: (data) => data.roles,
      assertion: { key: env.ASSERTION_KEY },
      signIn: '/login',
      routes: [
        { path: '/login', methods: ['GET'], to: 'app', access: 'public' },
        { path: '/login', methods: ['POST'], to: 'app', access: 'public', sessions: ['start'] },
        { path: '/admin/*', to: 'app', access: { role: 'admin' } },
        { path: '/*', to: 'app', access: 'public' },
      ],
      ...(env.OBSERVED_BY !== 'nothing' && { monitor: monitor({ log: writeLine }) }),
      ...(env.OBSERVED_BY === 'console' && {
        console: gatewayConsole<Data>({ access: { role: 'admin' } }),
      }),
    }),
  )
  return (request, ownEnv) => gateway.fetch(request, ownEnv as never)
}

export default {
  fetch(request: Request, env: Env): Promise<Response> | Response {
    if (new URL(request.url).pathname === '/.gc') {
      ;(globalThis as { gc?: () => void }).gc?.()
      return new Response(null, { status: 204 })
    }
    fetchGateway ??= create(env)
    return fetchGateway(request, env)
  },
}
