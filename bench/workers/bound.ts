/** Reads a device-bound session `n` times: it is kept in the memory of the isolate, and a device has registered a key for it. */
import { Hono } from 'hono'
import { deviceBound, session, storedSessions } from '../../src/session/index.ts'
import { memoryStore } from '../../src/store/index.ts'
import { secret } from './data.ts'

const origin = 'https://bench.test'

function createApp(bound: boolean): Hono {
  const sessions = storedSessions<{ user: string }>({
    secret,
    store: memoryStore(),
    user: (data) => data.user,
    ...(bound && { device: deviceBound() }),
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

/** Signs a challenge as Chromium does at a registration. */
async function createOffer(challenge: string): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const { privateKey, publicKey } = (await crypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
  const exported = await crypto.subtle.exportKey('jwk', publicKey)
  const { kty, crv, x, y } = exported as JsonWebKey
  const header = { alg: 'ES256', typ: 'dbsc+jwt', jwk: { kty, crv, x, y } }
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

async function signIn(app: Hono, bound: boolean): Promise<string> {
  const cookies = new Map<string, string>()
  const join = (): string => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const login = await app.fetch(new Request(`${origin}/login`, { method: 'POST' }))
  addCookies(cookies, login)
  if (!bound) return join()

  const offered = login.headers.get('secure-session-registration') ?? ''
  const challenge = /challenge="([\w.-]+)"/.exec(offered)?.[1] ?? ''
  const path = /path="([^"]+)"/.exec(offered)?.[1] ?? ''
  const headers = { cookie: join(), 'secure-session-response': await createOffer(challenge) }
  const registered = await app.fetch(new Request(origin + path, { method: 'POST', headers }))
  if (registered.status !== 200) throw new Error(`not registered: ${registered.status}`)
  addCookies(cookies, registered)
  return join()
}

/** Loops over reads of a stored session, bound to a device or not. */
export function loopedBound(bound: boolean): { fetch(request: Request): Promise<Response> } {
  return {
    async fetch(request): Promise<Response> {
      const app = createApp(bound)
      const init = { headers: new Headers({ cookie: await signIn(app, bound) }) }
      const n = Number(new URL(request.url).searchParams.get('n'))
      for (let i = 0; i < n; i++) {
        const response = await app.fetch(new Request(`${origin}/bound`, init))
        if (i === 0 && (await response.text()) !== 'alice') return response
      }
      return new Response('counted')
    },
  }
}
