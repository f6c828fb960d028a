/** Loops over a gateway inside the Worker, in front of an upstream that is a function: what the gateway does, no socket. */
import { createGateway, defineGateway, type Gateway } from '../../src/gateway/index.ts'
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
const upstreamFetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> =>
  upstream.fetch(new Request(input, init))

/** Passes every request on and does nothing else. */
export const passOn: Fetch = (request) => {
  const { pathname, search } = new URL(request.url)
  return upstreamFetch(new Request(`http://upstream.test${pathname}${search}`, request))
}

/** A gateway with sessions; one with an assertion signs for each request, since its claims never repeat. */
export function countedGateway({ assertion }: { readonly assertion: boolean }): Fetch {
  let requests = 0
  const gateway: Gateway<Env> = createGateway(
    defineGateway<'app', Data, Env>({
      publicOrigin: origin,
      upstreams: { app: { url: 'http://upstream.test', sessions: assertion } },
      session: statelessSessions<Data>({ secret, user: (data) => data.user }),
      user: (data) => data.user,
      ...(assertion && {
        assertion: { key: (c) => c.env.KEY ?? '' },
        claims: () => ({ request: requests++ }),
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
      const init = { headers }
      const n = Number(searchParams.get('n'))
      for (let i = 0; i < n; i++) {
        const response = await send(new Request(origin + pathname, init), env)
        if (response.status !== 200) return response
      }
      return new Response('counted')
    },
  }
}
