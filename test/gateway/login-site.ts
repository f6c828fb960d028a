/** A gateway with a login, as its tests share it. */
import { createGateway, defineGateway, type GatewayConfig } from '../../src/gateway/index.ts'
import {
  type GatewayLoginOptions,
  gatewayLogin,
  keepTokens,
  loginMark,
  loginUser,
  type ProviderOptions,
} from '../../src/login/index.ts'
import { createMemoryRows } from '../../src/login/tokens/memory-rows.ts'
import { storedSessions } from '../../src/session/index.ts'
import { memoryStore } from '../../src/store/index.ts'
import type { SecurityEvent } from '../../src/types.ts'
import { TestProvider } from '../login/provider.ts'
import { Browser, type Data, origin, sharedKey } from '../login/support.ts'
import { noon, secret } from '../session/support.ts'
import { assertionKey } from './support.ts'

export interface Seen {
  readonly url: string
  readonly headers: Headers
}

export interface GatewaySiteOptions {
  readonly login?: Partial<GatewayLoginOptions<Data>>
  readonly provider?: Partial<ProviderOptions>
  readonly gateway?: Partial<GatewayConfig<'app', Data>>
  readonly sessions?: Readonly<Record<string, unknown>>
}

/** A gateway with a login, its provider, and an upstream that is a function. */
export async function createGatewaySite(options: GatewaySiteOptions = {}) {
  const clock = { now: noon }
  const now = (): number => clock.now
  const provider = new TestProvider(await sharedKey(), clock)
  provider.issuesRefreshTokens = true
  const seen: Seen[] = []
  const events: SecurityEvent[] = []
  const faults: unknown[] = []
  const upstream = { answer: (_: Seen): Response => new Response('upstream') }
  const session = storedSessions<Data>({
    secret,
    store: memoryStore({ clock: now }),
    user: loginUser,
    mark: loginMark,
    clock: now,
    ...options.sessions,
  } as never)
  const config = defineGateway<'app', Data>({
    publicOrigin: origin,
    upstreams: { app: { url: 'http://upstream.test:8080' } },
    session,
    user: (data) => data.user,
    roles: (data) => data.roles,
    assertion: { key: await assertionKey() },
    login: gatewayLogin<Data>({
      providers: {
        acme: {
          issuer: provider.issuer,
          clientId: 'client',
          clientSecret: 'a secret',
          ...options.provider,
        } as ProviderOptions,
      },
      fetch: provider.fetch,
      tokens: keepTokens(createMemoryRows(now)),
      identify: ({ user, roles }) => ({ user, roles: roles('groups', { admin: 'admins' }) }),
      ...options.login,
    }),
    routes: [
      { path: '/', methods: ['GET'], to: 'app', access: 'public' },
      { path: '/admin/*', to: 'app', access: { role: 'admin' } },
      { path: '/strong', to: 'app', access: { acr: ['phr', 'phrh'] } },
      { path: '/payments', to: 'app', access: { fresh: 300 } },
      { path: '/api/*', to: 'app', token: true },
      { path: '/*', to: 'app' },
    ],
    onEvent: (event) => events.push(event),
    onFault: (error) => faults.push(error),
    clock: now,
    fetch: (async (input: unknown, init: RequestInit = {}) => {
      const entry = { url: String(input), headers: new Headers(init.headers) }
      seen.push(entry)
      return upstream.answer(entry)
    }) as typeof fetch,
    ...options.gateway,
  })
  const gateway = createGateway(config)
  const app = { request: (request: Request) => gateway.fetch(request) }
  return {
    gateway,
    provider,
    clock,
    seen,
    events,
    faults,
    upstream,
    browser: () => new Browser(app, provider),
  }
}
