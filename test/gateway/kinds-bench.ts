/** A gateway in front of one handler, which it reaches in each of the ways that an upstream can be reached. */
import type { Gateway } from '../../src/gateway/index.ts'
import { createGateway, type GatewayConfig } from '../../src/gateway/index.ts'
import type { SecurityEvent } from '../../src/types.ts'
import { assertionKey, type Data, sessions } from './support.ts'

/** What the upstream does with a request. */
export type Handler = (request: Request) => Response | Promise<Response>

/** A way to reach an upstream, as its options say it. */
export type KindName = 'url' | 'binding' | 'binding of c.env' | 'app' | 'fetch handler' | 'assets'

export const kindNames: readonly KindName[] = [
  'url',
  'binding',
  'binding of c.env',
  'app',
  'fetch handler',
  'assets',
]

/** Files know no sessions: everything that has to do with these holds for the others. */
export const kindsWithSessions: readonly KindName[] = kindNames.filter((kind) => kind !== 'assets')

export interface KindBench {
  readonly gateway: Gateway
  /** Requests that reached the upstream. */
  readonly seen: Request[]
  readonly events: SecurityEvent[]
  readonly faults: unknown[]
  /** What goes on after responses. */
  readonly work: Array<Promise<unknown>>
  /** What the environment binds. */
  readonly env: Record<string, unknown>
  /** What the upstream does from now on. */
  handle: Handler
  ask(path: string, init?: RequestInit): Promise<Response>
  last(): Request
}

type Config = GatewayConfig<'app', Data>
/** Options of the gateway, and those of its upstream. */
export type KindOverrides = Partial<Omit<Config, 'upstreams'>> & { readonly upstream?: object }

export const publicOrigin = 'https://app.example.com'

/** Creates a gateway with one upstream of a kind. */
export async function kindBench(
  kind: KindName,
  { upstream = {}, ...overrides }: KindOverrides = {},
): Promise<KindBench> {
  const seen: Request[] = []
  const events: SecurityEvent[] = []
  const faults: unknown[] = []
  const work: Array<Promise<unknown>> = []
  const key = await assertionKey()
  const respond = async (request: Request): Promise<Response> => {
    seen.push(request)
    return at.handle(request)
  }
  // As `fetch` of a binding is called: with the URL and the rest.
  const send = (url: string, init: RequestInit): Promise<Response> =>
    respond(new Request(url, init))
  const env: Record<string, unknown> = { APP: { fetch: send } }
  const sources: Record<KindName, object> = {
    url: { url: 'http://upstream.test:8080' },
    binding: { binding: { fetch: send } },
    'binding of c.env': { binding: (c: { env: { APP: object } }) => c.env.APP },
    app: { app: { fetch: respond } },
    'fetch handler': { app: respond },
    assets: { assets: (c: { env: { APP: object } }) => c.env.APP },
  }
  const config = {
    publicOrigin,
    upstreams: { app: { sessions: kind !== 'assets', ...sources[kind], ...upstream } },
    session: sessions,
    user: (data: Data) => data.user,
    assertion: { key },
    routes: [{ path: '/*', to: 'app', access: 'public' }],
    onEvent: (event: SecurityEvent) => events.push(event),
    onFault: (error: unknown) => faults.push(error),
    fetch: ((url: string, init: RequestInit) => send(url, init)) as typeof fetch,
    ...overrides,
  }
  const gateway = createGateway(config as unknown as GatewayConfig<string, Data>)
  const at: KindBench = {
    gateway,
    seen,
    events,
    faults,
    work,
    env,
    handle: () => new Response('upstream'),
    ask: (path, init = {}) => {
      const headers = new Headers(init.headers)
      if (!/^(?:GET|HEAD)$/.test(init.method ?? 'GET') && !headers.has('origin'))
        headers.set('origin', publicOrigin)
      const request = new Request(`${publicOrigin}${path}`, { ...init, headers })
      return gateway.fetch(request, env as never, { waitUntil: (task) => void work.push(task) })
    },
    last(): Request {
      const request = seen.at(-1)
      if (request === undefined) throw new Error('nothing reached the upstream')
      return request
    },
  }
  return at
}
