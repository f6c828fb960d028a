/** What the tests of logins share: a site with a login, its provider, and browsers. */
import { Hono } from 'hono'
import {
  type LoginOptions,
  login,
  loginMark,
  loginUser,
  type ProviderOptions,
} from '../../src/login/index.ts'
import { errorPage } from '../../src/page/index.ts'
import {
  requireSession,
  type SessionStrategy,
  session,
  statelessSessions,
  storedSessions,
} from '../../src/session/index.ts'
import { type AtomicStore, memoryStore } from '../../src/store/index.ts'
import type { SecurityEvent } from '../../src/types.ts'
import { noon, secret } from '../session/support.ts'
import { createKey, type SigningKey, TestProvider } from './provider.ts'

export const origin = 'https://app.example'

export interface Data {
  readonly user: string
  readonly roles: string[]
  readonly email?: string
  readonly login?: {
    readonly provider: string
    readonly sub: string
    readonly sid?: string
    readonly acr?: string
  }
}

const keys = new Map<string, Promise<SigningKey>>()

/** A key that tests share: making one costs more than what they test. */
export function sharedKey(alg = 'ES256', kid = 'key-1'): Promise<SigningKey> {
  const name = `${alg} ${kid}`
  const known = keys.get(name) ?? createKey(alg, kid)
  keys.set(name, known)
  return known
}

export interface SiteOptions {
  readonly provider?: Partial<ProviderOptions>
  readonly login?: Partial<LoginOptions<Data>>
  readonly sessions?: Readonly<Record<string, unknown>>
  readonly kind?: 'stateless' | 'stored'
  readonly store?: AtomicStore
  readonly secrets?: string | readonly string[]
  readonly issuer?: string
  readonly at?: TestProvider
}

export type Site = Awaited<ReturnType<typeof createSite>>

/** A site over a provider of its own. */
export async function createSite(options: SiteOptions = {}) {
  const clock = options.at?.clock ?? { now: noon }
  const provider = options.at ?? new TestProvider(await sharedKey(), clock, options.issuer)
  const events: SecurityEvent[] = []
  const shared = {
    secret: options.secrets ?? secret,
    clock: () => clock.now,
    user: loginUser,
    mark: loginMark,
  }
  const store = options.store ?? memoryStore({ clock: () => clock.now })
  const sessions: SessionStrategy<Data> =
    options.kind === 'stateless'
      ? statelessSessions<Data>({ ...shared, ...options.sessions } as never)
      : storedSessions<Data>({ ...shared, store, ...options.sessions } as never)
  const auth = login<Data>({
    session: sessions,
    publicOrigin: origin,
    providers: {
      acme: {
        issuer: provider.issuer,
        clientId: 'client',
        clientSecret: 'a secret',
        ...options.provider,
      } as ProviderOptions,
    },
    fetch: provider.fetch,
    clock: () => clock.now,
    onEvent: (event) => events.push(event),
    ...options.login,
  })
  const app = new Hono()
    .onError(errorPage({ report: () => {} }))
    .use(session(sessions))
    .use(auth)
    .get('/', (c) => c.text('home'))
    .get('/who', async (c) => c.json((await c.var.session.get()) ?? null))
    .get('/info', async (c) => c.json((await c.var.session.info()) ?? null))
    .get('/facts', async (c) => c.json((await c.var.login.facts()) ?? null))
    .get('/token', async (c) => c.text(await c.var.login.token()))
    .get('/page', requireSession({ signIn: auth.signIn }), (c) => c.text('page'))
  return {
    app,
    auth,
    sessions,
    provider,
    clock,
    events,
    store,
    browser: () => new Browser(app, provider),
  }
}

/** Waits until something is so. The runner's own time limit ends what never is. */
export async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((done) => setTimeout(done, 5))
}

/** Navigations, as browsers make them. */
export const navigation = {
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  accept: 'text/html',
}

/** A browser: it keeps cookies, and follows nothing unless told. */
export class Browser {
  readonly cookies = new Map<string, string>()
  readonly #app: { request(input: Request): Response | Promise<Response> }
  readonly #provider: TestProvider

  constructor(
    app: { request(input: Request): Response | Promise<Response> },
    provider: TestProvider,
  ) {
    this.#app = app
    this.#provider = provider
  }

  get cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** Names of the cookies of attempts. */
  get attempts(): string[] {
    return [...this.cookies.keys()].filter((name) => /^__Host-login-[\w-]{12}$/.test(name))
  }

  async request(path: string, init: RequestInit & { cookie?: string } = {}): Promise<Response> {
    const url = path.startsWith('/') ? `${origin}${path}` : path
    const headers = new Headers({ ...navigation, ...(init.headers as Record<string, string>) })
    const cookie = init.cookie ?? this.cookieHeader
    if (cookie !== '') headers.set('cookie', cookie)
    const response = await this.#app.request(new Request(url, { ...init, headers }))
    for (const line of response.headers.getSetCookie()) this.#keep(line)
    return response
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split('; ')
    const at = pair.indexOf('=')
    const name = pair.slice(0, at)
    const isExpired = attributes.some((attribute) => /^Max-Age=0$/i.test(attribute))
    // The path of a hint is the logout page; this browser sends it everywhere, which costs nothing here.
    if (isExpired) this.cookies.delete(name)
    else this.cookies.set(name, pair.slice(at + 1))
  }

  /** Begins a login, and says where the provider is asked. */
  async begin(path = '/.portcullis/login', headers: Record<string, string> = {}): Promise<string> {
    const response = await this.request(path, { headers })
    const location = response.headers.get('location')
    if (response.status !== 303 || location === null) throw new Error(`begin: ${response.status}`)
    return location
  }

  /** A whole login; `more` changes the provider's answer. */
  async signIn(
    path = '/.portcullis/login',
    more: Readonly<Record<string, string | undefined>> = {},
  ): Promise<Response> {
    return this.request(this.#provider.authorize(await this.begin(path), more))
  }

  async who(): Promise<Data | null> {
    return (await this.request('/who')).json() as Promise<Data | null>
  }
}
