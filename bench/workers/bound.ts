/**
 * Reads a stored session `n` times: without the option `device`, with it and no key, or bound to a
 * device whose proof came along. The store is the memory of the isolate.
 */
import { Hono } from 'hono'
import { deviceBound, session, storedSessions } from '../../src/session/index.ts'
import { memoryStore } from '../../src/store/index.ts'
import { secret } from './data.ts'

const origin = 'https://bench.test'

/** What the option `device` does for the session that is read. */
export type Binding = 'off' | 'unbound' | 'bound'

function createApp(binding: Binding): Hono {
  const sessions = storedSessions<{ user: string }>({
    secret,
    store: memoryStore(),
    user: (data) => data.user,
    ...(binding !== 'off' && { device: deviceBound() }),
  })
  const app = new Hono().use(session(sessions) as never)
  const typed = app as unknown as Hono<{ Variables: { session: ReturnType<typeof sessions.open> } }>
  typed.post('/login', async (c) => {
    await c.var.session.start({ user: 'alice' })
    return c.text('in')
  })
  typed.get('/bound', async (c) => c.text((await c.var.session.get())?.user ?? 'nobody'))
  return app
}

function encode(bytes: Uint8Array): string {
  return bytes.toBase64?.({ alphabet: 'base64url', omitPadding: true }) ?? ''
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** Signs the challenge of a response as Chromium does; with the key in its header at a registration. */
async function createProof(
  { privateKey, publicKey }: CryptoKeyPair,
  response: Response,
): Promise<string> {
  const offer = response.headers.get('secure-session-registration')
  const header: Record<string, unknown> = { alg: 'ES256', typ: 'dbsc+jwt' }
  if (offer !== null) {
    const exported = await crypto.subtle.exportKey('jwk', publicKey)
    const { kty, crv, x, y } = exported as JsonWebKey
    header.jwk = { kty, crv, x, y }
  }

  const asked = offer ?? response.headers.get('secure-session-challenge') ?? ''
  const [, challenge = ''] = /(?:challenge=|^)"([\w.-]+)"/.exec(asked) ?? []
  const encoder = new TextEncoder()
  const parts = [header, { jti: challenge }].map((part) =>
    encode(encoder.encode(JSON.stringify(part))),
  )
  const text = parts.join('.')
  const signature = await crypto.subtle.sign(algorithm, privateKey, encoder.encode(text))
  return `${text}.${encode(new Uint8Array(signature))}`
}

function addCookies(cookies: Map<string, string>, response: Response): void {
  for (const cookie of response.headers.getSetCookie()) {
    const [name = '', value = ''] = (cookie.split(';', 1)[0] ?? '').split(/=(.*)/s)
    cookies.set(name, value)
  }
}

async function signIn(app: Hono, binding: Binding): Promise<string> {
  const cookies = new Map<string, string>()
  const join = (): string => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  async function post(path: string, headers: Record<string, string> = {}): Promise<Response> {
    const init = { method: 'POST', headers: { cookie: join(), ...headers } }
    const response = await app.fetch(new Request(origin + path, init))
    addCookies(cookies, response)
    return response
  }

  const login = await post('/login')
  if (binding !== 'bound') return join()

  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const device = keys as CryptoKeyPair
  const registered = await post('/.portcullis/dbsc/register', {
    'secure-session-response': await createProof(device, login),
  })
  const { session_identifier: sid } = (await registered.json()) as { session_identifier: string }
  const named = { 'sec-secure-session-id': sid }
  const asked = await post('/.portcullis/dbsc/refresh', named)
  const proved = await post('/.portcullis/dbsc/refresh', {
    ...named,
    'secure-session-response': await createProof(device, asked),
  })
  if (proved.status !== 200 || cookies.size !== 2)
    throw new Error(`not bound: ${registered.status}, ${asked.status}, ${proved.status}`)
  return join()
}

/** Loops over reads of a stored session. */
export function loopedBound(binding: Binding): { fetch(request: Request): Promise<Response> } {
  return {
    async fetch(request): Promise<Response> {
      const app = createApp(binding)
      const init = { headers: new Headers({ cookie: await signIn(app, binding) }) }
      const n = Number(new URL(request.url).searchParams.get('n'))
      for (let i = 0; i < n; i++) {
        const response = await app.fetch(new Request(`${origin}/bound`, init))
        if (i === 0 && (await response.text()) !== 'alice') return response
      }
      return new Response('counted')
    },
  }
}
