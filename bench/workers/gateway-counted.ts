/** Loops over a gateway inside the Worker, in front of an upstream that is a function: what the gateway does, no socket. */
import {
  createGateway,
  defineGateway,
  type Gateway,
  gatewayThrottle,
} from '../../src/gateway/index.ts'
import { limitGate } from '../../src/limit/index.ts'
import { memoryLimiter } from '../../src/limit/memory/memory.ts'
import { memoryThrottle } from '../../src/limit/throttle/stores/memory-throttle.ts'
import { statelessSessions } from '../../src/session/index.ts'
import { secret } from './data.ts'
import upstream from './upstream.ts'

interface Data {
  user: string
}

interface Env {
  readonly KEY?: string
}

type Fetch = (request: Request, env: Env) => Promise<Response>

const origin = 'https://bench.test'

/** A login whose every answer is a success. */
const loginRoute = {
  path: '/throttled',
  methods: ['POST'],
  to: 'app',
  access: 'public',
  csrf: false,
  throttle: { account: { json: 'email' }, success: { cookie: 'sid' } },
}

export const upstreamFetch = async (
  input: RequestInfo | URL,
  init?: RequestInit,
): Promise<Response> => upstream.fetch(new Request(input, init))

/** Passes every request on and does nothing else. */
export const passOn: Fetch = (request) => {
  const { pathname, search } = new URL(request.url)
  return upstreamFetch(new Request(`http://upstream.test${pathname}${search}`, request))
}

/** What a gateway does besides passing on; by default it has sessions. */
export interface CountedOptions {
  /** Signs for each request, since its claims never repeat; `'kept'`: signs once, and keeps the assertion. */
  readonly assertion?: boolean | 'kept'
  /** Has no sessions, and one public route. */
  readonly bare?: boolean
  /** Counts each request in the memory of the isolate. */
  readonly limited?: boolean
  /** `/throttled` is a login, which always succeeds. */
  readonly throttled?: boolean
}

/** The gateway without sessions: security headers, checks, one route for all paths. */
function bareGateway({ limited = false, throttled = false }: CountedOptions): Fetch {
  const gateway: Gateway<Env> = createGateway(
    defineGateway({
      publicOrigin: origin,
      upstreams: { app: { url: 'http://upstream.test' } },
      headers: { preset: 'recommended' },
      ...(throttled && {
        throttle: gatewayThrottle({ store: memoryThrottle(), secret, perAddress: 100_000 }),
      }),
      routes: [
        ...(throttled ? [loginRoute] : []),
        {
          path: '/*',
          to: 'app',
          access: 'public',
          ...(limited && {
            limit: limitGate({
              name: 'all',
              limiter: memoryLimiter({ limit: 1_000_000, window: 60 }),
              key: () => 'all',
            }),
          }),
        },
      ],
      fetch: upstreamFetch as typeof fetch,
    } as never),
  )
  return (request, env) => gateway.fetch(request, env)
}

/** A gateway; see the options. */
export function countedGateway(options: CountedOptions): Fetch {
  if (options.bare) return bareGateway(options)
  const { assertion = false } = options
  let requests = 0
  const gateway: Gateway<Env> = createGateway(
    defineGateway<'app', Data, Env>({
      publicOrigin: origin,
      upstreams: { app: { url: 'http://upstream.test', sessions: assertion !== false } },
      session: statelessSessions<Data>({ secret, user: (data) => data.user }),
      user: (data) => data.user,
      ...(assertion && {
        assertion: { key: (c) => c.env.KEY ?? '' },
        ...(assertion === true && { claims: () => ({ request: requests++ }) }),
      }),
      headers: { preset: 'recommended' },
      routes: [
        {
          path: '/login',
          methods: ['GET'],
          to: 'app',
          access: 'public',
          ...(assertion && { sessions: ['start'], startOnGet: true }),
        },
        { path: '/account', to: 'app', access: 'session' },
        { path: '/*', to: 'app', access: 'public' },
      ],
      fetch: upstreamFetch as typeof fetch,
    }),
  )
  return (request, env) => gateway.fetch(request, env)
}

/** Sends a path `n` times in one request; `signIn` makes the session that `/account` needs. */
export function looped(send: Fetch, signIn: Fetch = send): { fetch: Fetch } {
  return {
    async fetch(request, env): Promise<Response> {
      const { pathname, searchParams } = new URL(request.url)
      const headers = new Headers({ accept: 'application/json', 'user-agent': 'bench' })
      if (pathname === '/account') {
        const login = await signIn(new Request(`${origin}/login`), env)
        headers.set('cookie', login.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '')
      }
      const init: RequestInit = { headers }
      if (pathname === '/throttled') {
        headers.set('content-type', 'application/json')
        Object.assign(init, { method: 'POST', body: '{"email":"alice@example.com"}' })
      }
      const n = Number(searchParams.get('n'))
      for (let i = 0; i < n; i++) {
        const response = await send(new Request(origin + pathname, init), env)
        if (response.status !== 200) return response
      }
      return new Response('counted')
    },
  }
}
