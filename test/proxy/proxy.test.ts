import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { assertionVerifier } from '../../src/assertion/index.ts'
import { secureHeaders } from '../../src/headers/index.ts'
import { type ProxyOptions, proxy, type SecurityEvent } from '../../src/proxy/index.ts'
import { session, statelessSessions } from '../../src/session/index.ts'
import { assertionKey, base64url } from '../gateway/support.ts'

interface Data {
  user: string
}

interface UpstreamRequest {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly body: string
}

type Respond = (request: UpstreamRequest) => Response | Promise<Response>

const origin = 'https://app.example.com'
const sessions = statelessSessions<Data>({
  secret: 'kD8-2mQz_v7RpLx0Wc4sTn6Yb1Hf9Ja3',
  user: (data) => data.user,
})

/** An app with `proxy()` below `/legacy/`, in front of an upstream that is a function. */
function createTestApp(
  options: Partial<ProxyOptions<Data>> = {},
  respond: Respond = () => new Response('upstream'),
  { middleware = true }: { middleware?: boolean } = {},
) {
  const received: UpstreamRequest[] = []
  const events: SecurityEvent[] = []
  const upstreamFetch = async (input: unknown, init: RequestInit = {}): Promise<Response> => {
    const request: UpstreamRequest = {
      url: String(input),
      method: init.method ?? 'GET',
      headers: new Headers(init.headers),
      body: init.body ? await new Response(init.body as ReadableStream).text() : '',
    }
    received.push(request)
    return respond(request)
  }
  const app = new Hono()
  if (middleware) app.use(session(sessions))
  app.get('/sign-in', async (c) => {
    const handle = sessions.open(c)
    await handle.start({ user: 'alice' })
    const response = c.text('signed in')
    return middleware ? response : handle.flush(response)
  })
  app.all(
    '/legacy/*',
    proxy<Data>({
      upstream: 'http://upstream.test:8080',
      sessions,
      onEvent: (event) => events.push(event),
      fetch: upstreamFetch as typeof fetch,
      ...options,
    }),
  )
  const send = async (path: string, init?: RequestInit): Promise<Response> =>
    app.request(`${origin}${path}`, init)
  const signIn = async (): Promise<string> =>
    (await send('/sign-in')).headers.getSetCookie()[0]?.split(';', 1)[0] ?? ''
  return { received, events, send, signIn }
}

/** The header by which an upstream commands the session, for the request that it has received. */
function command({ headers }: UpstreamRequest, verbs: unknown): HeadersInit {
  const nonce = headers.get('portcullis-session-nonce')
  return { 'portcullis-session': `${nonce}.${base64url(JSON.stringify(verbs))}` }
}

describe('proxy()', () => {
  it('forwards method, path, query and body, and returns the response', async () => {
    const { send, received } = createTestApp({}, () => new Response('made', { status: 201 }))
    const response = await send('/legacy/orders?page=2', { method: 'POST', body: 'a=1' })
    expect(response.status).toBe(201)
    expect(await response.text()).toBe('made')
    expect(received).toMatchObject([
      { url: 'http://upstream.test:8080/legacy/orders?page=2', method: 'POST', body: 'a=1' },
    ])
  })

  it('removes headers by which a client could pose as somebody else', async () => {
    const { send, received } = createTestApp({ platform: 'cloudflare', dropHeaders: ['X-Own-*'] })
    await send('/legacy/', {
      headers: {
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-host': 'evil.example',
        'x-real-ip': '127.0.0.1',
        'portcullis-assertion': 'forged',
        'x-own-user': 'admin',
        'cf-connecting-ip': '198.51.100.7',
        connection: 'x-secret',
        'x-secret': '1',
        accept: 'text/css',
      },
    })
    const { headers } = received[0] as UpstreamRequest
    expect(headers.get('x-forwarded-for')).toBe('198.51.100.7')
    expect(headers.get('x-forwarded-host')).toBe('app.example.com')
    expect(headers.get('x-forwarded-proto')).toBe('https')
    expect(headers.get('accept')).toBe('text/css')
    for (const name of ['x-real-ip', 'portcullis-assertion', 'x-own-user', 'x-secret']) {
      expect(headers.has(name), name).toBe(false)
    }
  })

  it('lets a handler around it change the headers, which session() then sees', async () => {
    const app = new Hono()
    app.use(session(sessions))
    app.get('/sign-in', async (c) => {
      await sessions.open(c).start({ user: 'alice' })
      return c.text('signed in')
    })
    app.use(async (c, next) => {
      await next()
      c.res.headers.set('cdn-cache-control', 'max-age=60')
      c.res.headers.set('cache-control', 'public, max-age=60')
    })
    const fetchUpstream = async (): Promise<Response> => new Response('page of alice')
    app.all('/*', proxy({ upstream: 'http://upstream.test', fetch: fetchUpstream, sessions }))
    const signedIn = await app.request(`${origin}/sign-in`)
    const cookie = signedIn.headers.getSetCookie()[0]?.split(';', 1)[0] ?? ''

    const response = await app.request(`${origin}/page`, { headers: { cookie } })

    expect(await response.text()).toBe('page of alice')
    expect(response.headers.has('cdn-cache-control')).toBe(false)
    expect(response.headers.get('cache-control')).toBe('private, max-age=60')
  })

  it('keeps the cookie of the sessions from the upstream, and lets the upstream set none', async () => {
    const { send, received, signIn } = createTestApp({}, () => {
      const headers = new Headers()
      headers.append('set-cookie', '__Host-session=stolen; Path=/; Secure')
      headers.append('set-cookie', 'theme=dark')
      return new Response('', { headers })
    })
    const cookie = await signIn()
    const response = await send('/legacy/', { headers: { cookie: `${cookie}; theme=light` } })
    expect(received[0]?.headers.get('cookie')).toBe('theme=light')
    const names = response.headers.getSetCookie().map((text) => text.split('=', 1)[0])
    expect(names).toEqual(['theme'])
  })

  it('sends an assertion that portcullis/assertion verifies, for its own audience only', async () => {
    const key = await assertionKey()
    const { send, received, signIn } = createTestApp({
      assertion: { key, audience: 'legacy' },
      user: (data) => data.user,
      claims: () => ({ plan: 'pro' }),
    })
    const cookie = await signIn()
    await send('/legacy/', { headers: { cookie } })
    const { headers } = received[0] as UpstreamRequest
    const options = { key, issuer: origin, audience: 'legacy' }
    expect(await assertionVerifier(options)(headers)).toMatchObject({
      user: 'alice',
      claims: { plan: 'pro' },
    })
    expect(await assertionVerifier({ ...options, audience: 'other' })(headers)).toBeUndefined()
  })

  it('sends no assertion without a session', async () => {
    const { send, received } = createTestApp({
      assertion: { key: await assertionKey(), audience: 'legacy' },
    })
    await send('/legacy/')
    expect(received[0]?.headers.has('portcullis-assertion')).toBe(false)
  })

  it.each([true, false])(
    'lets the upstream start a session where that is granted; session() runs before: %s',
    async (middleware) => {
      const { send } = createTestApp(
        {
          grants: ['start'],
          assertion: { key: await assertionKey(), audience: 'legacy' },
        },
        (request) =>
          new Response('in', { headers: command(request, { start: { data: { user: 'bob' } } }) }),
        { middleware },
      )
      const response = await send('/legacy/login', { method: 'POST' })
      expect(response.headers.getSetCookie()[0]).toMatch(/^__Host-session=/)
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(response.headers.has('portcullis-session')).toBe(false)
    },
  )

  it('ignores a session command that is not granted, and emits an event', async () => {
    const { send, events } = createTestApp(
      { grants: ['end'], assertion: { key: await assertionKey(), audience: 'legacy' } },
      (request) =>
        new Response('in', { headers: command(request, { start: { data: { user: 'bob' } } }) }),
    )
    const response = await send('/legacy/login', { method: 'POST' })
    expect(response.headers.getSetCookie()).toEqual([])
    expect(events).toMatchObject([{ type: 'session-header-refused', reason: 'not-granted' }])
  })

  it('builds a new request for a retry: another nonce, and headers of its own', async () => {
    let attempts = 0
    const { send, received, events } = createTestApp(
      { grants: ['end'], assertion: { key: await assertionKey(), audience: 'legacy' } },
      () => {
        attempts++
        if (attempts === 1) throw new TypeError('connection refused')
        return new Response('second')
      },
    )
    expect(await (await send('/legacy/')).text()).toBe('second')
    const nonces = received.map(({ headers }) => headers.get('portcullis-session-nonce'))
    expect(nonces).toHaveLength(2)
    expect(new Set(nonces).size).toBe(2)
    expect(events).toMatchObject([{ type: 'upstream-retried' }])
  })

  it('rewrites a redirect to the upstream into one to the public origin', async () => {
    const { send } = createTestApp({ publicOrigin: 'https://www.example.com' }, () =>
      Response.redirect('http://upstream.test:8080/legacy/next', 302),
    )
    const response = await send('/legacy/')
    expect(response.headers.get('location')).toBe('https://www.example.com/legacy/next')
  })

  it('forwards the nonce of secureHeaders(), which Next puts on its scripts', async () => {
    const received: Headers[] = []
    const app = new Hono().use(secureHeaders()).all(
      '*',
      proxy({
        upstream: 'http://upstream.test',
        fetch: (async (_url: unknown, init?: RequestInit) => {
          received.push(new Headers(init?.headers))
          return new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } })
        }) as typeof fetch,
      }),
    )
    const headers = { accept: 'text/html', 'sec-fetch-dest': 'document' }
    const response = await app.request(`${origin}/`, { headers })
    const nonce = /'nonce-[^']+'/.exec(response.headers.get('content-security-policy') ?? '')?.[0]
    expect(nonce).toBeDefined()
    expect(received[0]?.get('content-security-policy')).toBe(`script-src ${nonce}`)
  })

  describe('rejects a request', () => {
    it.each([
      ['502', 'upstream-unreachable', '/legacy/', { method: 'POST' }],
      ['413', 'body-too-large', '/legacy/', { method: 'POST', body: 'x'.repeat(200) }],
      ['508', 'upstream-loop', '/legacy/', { headers: { 'portcullis-hops': '3' } }],
      ['400', 'path-not-canonical', '/legacy//x', { method: 'POST' }],
    ])('with %s: %s', async (status, reason, path, init) => {
      const { send, events } = createTestApp({ maxBodyBytes: 100 }, () => {
        throw new TypeError('connection reset')
      })
      const response = await send(path, init)
      expect(response.status).toBe(Number(status))
      expect(response.headers.get('content-type')).toBe('application/problem+json')
      expect(events).toMatchObject([{ type: 'request-refused', reason }])
    })

    it('that opens a WebSocket from another site', async () => {
      const { send, events, received } = createTestApp()
      const headers = { upgrade: 'websocket', origin: 'https://evil.example' }
      expect((await send('/legacy/socket', { headers })).status).toBe(403)
      expect(events).toMatchObject([{ reason: 'cross-origin-upgrade' }])
      expect(received).toEqual([])
    })

    it('for another spelling of a path with a redirect to the canonical one', async () => {
      const { send, received } = createTestApp()
      const response = await send('/legacy//x?a=1')
      expect(response.status).toBe(308)
      expect(response.headers.get('location')).toBe('/legacy/x?a=1')
      expect(received).toEqual([])
    })
  })

  it('names every option that is wrong', () => {
    const options = {
      upstream: 'ftp://x',
      grants: ['begin'],
      timeoutMs: 0,
      retri: true,
      assertion: { key: 'x' },
    } as never
    expect(() => proxy(options)).toThrow(
      /proxy\.retri is not an option.*proxy\.assertion needs.*proxy\.assertion\.audience must.*proxy\.timeoutMs must.*proxy\.grants\.0 must.*proxy\.upstream must/s,
    )
  })
})
