/** A gateway between a test and an upstream that is a function: portable, without a socket. */
import {
  createGateway,
  defineGateway,
  type Gateway,
  type GatewayConfig,
  type SecurityEvent,
} from '../../src/gateway/index.ts'
import { statelessSessions } from '../../src/session/index.ts'

/** A request as the upstream's `fetch` was called. */
export interface Seen {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly init: RequestInit
}
export type Answering = (seen: Seen) => Response | Promise<Response>

export interface Data {
  user?: string
  roles?: string[]
  visits?: number
  cart?: string[]
}

/** What a test may say of a gateway; the rest is a working one with sessions. */
export type Overrides = Partial<GatewayConfig<'app', Data>>

export interface Bench {
  readonly gateway: Gateway
  readonly seen: Seen[]
  readonly events: SecurityEvent[]
  readonly faults: unknown[]
  /** What the upstream answers from now on. */
  answer: Answering
  /** Asks the gateway for a path of the public origin. */
  ask(path: string, init?: RequestInit): Promise<Response>
  last(): Seen
}

export const secret = 'kD8-2mQz_v7RpLx0Wc4sTn6Yb1Hf9Ja3'

let made: Promise<string> | undefined
/** An ES256 private key as JSON; one for the whole run. */
export function assertionKey(): Promise<string> {
  made ??= newKey()
  return made
}

export async function newKey(members: object = {}): Promise<string> {
  const pair = (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
  const { kty, crv, x, y, d } = await crypto.subtle.exportKey('jwk', pair.privateKey)
  return JSON.stringify({ kty, crv, x, y, d, ...members })
}

/** Sessions of these tests. */
export const sessions = statelessSessions<Data>({ secret, user: (data) => data.user })

export async function bench(overrides: Overrides = {}): Promise<Bench> {
  const seen: Seen[] = []
  const events: SecurityEvent[] = []
  const faults: unknown[] = []
  const key = await assertionKey()
  const fake = async (input: unknown, init: RequestInit = {}): Promise<Response> => {
    const entry = {
      url: String(input),
      method: init.method ?? 'GET',
      headers: new Headers(init.headers),
      init,
    }
    seen.push(entry)
    return made.answer(entry)
  }
  const config = defineGateway<'app', Data>({
    publicOrigin: 'https://app.example.com',
    upstreams: { app: { url: 'http://upstream.test:8080', sessions: true } },
    session: sessions,
    user: (data) => data.user,
    roles: (data) => data.roles ?? [],
    claims: ({ visits }) => ({ visits }),
    signIn: '/login',
    assertion: { key },
    routes: [
      { path: '/', to: 'app', access: 'public', sessions: ['set'] },
      { path: '/login', methods: ['GET'], to: 'app', access: 'public' },
      { path: '/login', methods: ['POST'], to: 'app', access: 'public', sessions: ['start'] },
      { path: '/callback', to: 'app', access: 'public', sessions: ['start'], startOnGet: true },
      { path: '/logout', methods: ['POST'], to: 'app', access: 'public', sessions: ['end'] },
      { path: '/all', to: 'app', access: 'public', sessions: ['start', 'set', 'end'] },
      { path: '/admin/*', to: 'app', access: { role: 'admin' } },
      { path: '/account', to: 'app' },
      { path: '/*', to: 'app', access: 'public' },
    ],
    onEvent: (event) => events.push(event),
    onFault: (error) => faults.push(error),
    fetch: fake as typeof fetch,
    ...overrides,
  })
  const gateway = createGateway(config)
  const made: Bench = {
    gateway,
    seen,
    events,
    faults,
    answer: () => new Response('upstream'),
    ask: (path, init) =>
      gateway.fetch(new Request(`https://app.example.com${path}`, asBrowsersSay(init))),
    last(): Seen {
      const entry = seen.at(-1)
      if (!entry) throw new Error('nothing reached the upstream')
      return entry
    },
  }
  return made
}

/** Browsers say where a POST comes from; a test that says it itself, or says nothing on purpose (empty), is left alone. */
function asBrowsersSay(init: RequestInit = {}): RequestInit {
  const headers = new Headers(init.headers)
  if (init.method === undefined || ['GET', 'HEAD', 'OPTIONS'].includes(init.method)) return init
  if (headers.get('origin') === '') headers.delete('origin')
  else if (!headers.has('origin') && !headers.has('sec-fetch-site'))
    headers.set('origin', 'https://app.example.com')
  return { ...init, headers }
}

/** The header by which an upstream answers: the nonce of its request, and what it asks for. */
export function order(seen: Seen, verbs: unknown): string {
  return `${seen.headers.get('portcullis-session-nonce')}.${base64url(JSON.stringify(verbs))}`
}

export function base64url(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const bytes = new TextEncoder().encode(text)
  let out = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b, c] = bytes.subarray(i, i + 3)
    out += alphabet.charAt(a >> 2) + alphabet.charAt(((a & 3) << 4) | ((b ?? 0) >> 4))
    if (b !== undefined) out += alphabet.charAt(((b & 15) << 2) | ((c ?? 0) >> 6))
    if (c !== undefined) out += alphabet.charAt(c & 63)
  }
  return out
}

/** Logs in through the gateway; the Cookie header of whoever did. */
export async function signIn(
  at: Bench,
  data: Data,
  headers: Record<string, string> = {},
): Promise<string> {
  const before = at.answer
  at.answer = (seen) =>
    new Response(null, {
      status: 303,
      headers: { location: '/', 'portcullis-session': order(seen, { start: { data } }) },
    })
  const response = await at.ask('/login', { method: 'POST', headers })
  at.answer = before
  at.seen.length = 0
  at.events.length = 0
  return cookieOf(response)
}

/** The session cookie an answer sets, as the browser sends it back. */
export function cookieOf(response: Response): string {
  const [pair = ''] = response.headers.getSetCookie().map((text) => text.split(';', 1)[0] ?? '')
  if (!pair.startsWith('__Host-session=')) throw new Error(`no session cookie: ${pair}`)
  return pair
}

/** The claims of a JWT, unverified. */
export function claimsOf(jwt: string | null): Record<string, unknown> {
  const [, payload = ''] = (jwt ?? '').split('.')
  const binary = payload.replaceAll('-', '+').replaceAll('_', '/')
  return JSON.parse(
    new TextDecoder().decode(Uint8Array.from(atob(binary), (char) => char.charCodeAt(0))),
  )
}
