import { describe, expect, it } from 'vitest'
import { assertionVerifier } from '../../src/assertion/index.ts'
import { circuitBreaker, publicCache } from '../../src/gateway/index.ts'
import { limitGate, memoryLimiter } from '../../src/limit/index.ts'
import {
  type KindBench,
  kindBench,
  kindNames,
  kindsWithSessions,
  publicOrigin,
} from './kinds-bench.ts'
import { assertionKey, base64url, cookieOf } from './support.ts'

const sessionRoutes = [
  { path: '/login', to: 'app', access: 'public', sessions: ['start'] },
  { path: '/logout', to: 'app', access: 'public', sessions: ['end'] },
  { path: '/count', to: 'app', access: 'public', sessions: ['set'] },
  { path: '/*', to: 'app', access: 'public' },
] as const

/** The word `packed`. */
const gzipped = 'H4sIAAAAAAAAAytITM5OTQEAELT2IQYAAAA='

/** The response by which an upstream commands the session. */
function command(request: Request, verbs: object): Response {
  const nonce = request.headers.get('portcullis-session-nonce')
  const headers = { 'portcullis-session': `${nonce}.${base64url(JSON.stringify(verbs))}` }
  return new Response('done', { headers })
}

async function signIn(at: KindBench): Promise<string> {
  at.handle = (request) => command(request, { start: { data: { user: 'ann' } } })
  const cookie = cookieOf(await at.ask('/login', { method: 'POST' }))
  at.handle = () => new Response('upstream')
  return cookie
}

describe.each(kindsWithSessions)('sessions of an upstream that is reached by its %s', (kind) => {
  it('start, are asserted, and end', async () => {
    const at = await kindBench(kind, { routes: sessionRoutes })
    const cookie = await signIn(at)

    await at.ask('/account', { headers: { cookie: `${cookie}; own=1` } })
    const verify = assertionVerifier({
      key: await assertionKey(),
      issuer: publicOrigin,
      audience: 'app',
    })
    expect(await verify(at.last().headers)).toMatchObject({ user: 'ann' })
    expect(at.last().headers.get('cookie')).toBe('own=1')

    at.handle = (request) => command(request, { end: true })
    const ended = await at.ask('/logout', { method: 'POST', headers: { cookie } })
    expect(ended.headers.getSetCookie()[0]).toContain('Max-Age=0')
  })

  it('are changed by the response to this very request, and by no other', async () => {
    const at = await kindBench(kind, { routes: sessionRoutes })
    const cookie = await signIn(at)
    const headers = { cookie }

    at.handle = (request) => command(request, { set: { visits: 1 } })
    expect((await at.ask('/count', { headers })).headers.getSetCookie()).toHaveLength(1)

    const [stale] = at.seen
    at.handle = () => command(stale as Request, { set: { visits: 2 } })
    expect((await at.ask('/count', { headers })).headers.getSetCookie()).toEqual([])
    expect(at.events.at(-1)).toMatchObject({
      type: 'session-header-refused',
      reason: 'wrong-nonce',
      subject: 'app',
    })
  })

  it('cannot be taken over by a cookie that the upstream sets', async () => {
    const at = await kindBench(kind)
    const own = kind === 'url' ? 'upstream.test' : 'app.example.com'
    at.handle = () => {
      const headers = new Headers()
      headers.append('set-cookie', '__Host-session=forged; Path=/; Secure')
      headers.append('set-cookie', `own=1; Domain=${own}`)
      return new Response('x', { headers })
    }
    const cookies = (await at.ask('/x')).headers.getSetCookie()
    expect(cookies).toHaveLength(1)
    expect(cookies[0]).toMatch(/^own=1/)
    expect(cookies[0]).not.toContain('Domain')
    expect(cookies[0]).toContain('Secure')
    expect(cookies[0]).toContain('SameSite=Lax')
  })
})

describe.each(kindNames)('an upstream that is reached by its %s', (kind) => {
  it('receives the path and query under its address, and the origin of the visitor', async () => {
    const at = await kindBench(kind)
    await at.ask('/a/b?c=1')
    const origin = kind === 'url' ? 'http://upstream.test:8080' : publicOrigin
    expect(at.last().url).toBe(`${origin}/a/b?c=1`)
    expect(at.last().headers.get('x-forwarded-host')).toBe('app.example.com')
    expect(at.last().headers.get('x-forwarded-proto')).toBe('https')
  })

  it('receives no header by which a client could pose as somebody else', async () => {
    const at = await kindBench(kind)
    const headers = {
      'remote-user': 'root',
      'x-forwarded-host': 'evil.example',
      'portcullis-assertion': 'forged',
      'portcullis-session-nonce': 'forged',
      connection: 'close, x-hop',
      'x-hop': '1',
      'x-own': '1',
      'x-company-user': 'root',
    }
    const named = await kindBench(kind, { upstream: { dropHeaders: ['X-Company-*'] } })
    for (const bench of [at, named]) await bench.ask('/x', { headers })
    const received = at.last().headers
    expect(received.get('remote-user')).toBe(null)
    expect(received.get('x-forwarded-host')).toBe('app.example.com')
    expect(received.get('portcullis-assertion')).toBe(null)
    expect(received.get('portcullis-session-nonce')).not.toBe('forged')
    expect(received.get('x-hop')).toBe(null)
    expect(received.get('x-own')).toBe('1')
    expect(named.last().headers.get('x-company-user')).toBe(null)
  })

  it('receives bodies byte by byte, and sends its own', async () => {
    const at = await kindBench(kind)
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
    at.handle = async (request) => new Response(await request.arrayBuffer(), { status: 201 })
    const response = await at.ask('/x', { method: 'POST', body: bytes })
    expect(response.status).toBe(201)
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes)
  })

  it('receives no body that is longer than its route takes', async () => {
    const at = await kindBench(kind, {
      routes: [{ path: '/*', to: 'app', access: 'public', maxBodyBytes: 8 }],
    })
    const read: string[] = []
    at.handle = async (request) => {
      const whole = await request.text().catch((error: unknown) => {
        // A server would see its connection break. An app may catch the error, and respond all the same.
        if (kind === 'url') throw error
        return undefined
      })
      if (whole !== undefined) read.push(whole)
      return new Response('read')
    }
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let part = 0; part < 3; part++) controller.enqueue(new Uint8Array(4))
        controller.close()
      },
    })
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit
    expect((await at.ask('/x', init)).status).toBe(413)
    expect(read).toEqual([])
  })

  it('is asked again where a request without a body failed, and once only', async () => {
    const at = await kindBench(kind)
    let failures = 1
    at.handle = () => {
      if (failures-- > 0) throw new TypeError('reset')
      return new Response('upstream')
    }
    expect((await at.ask('/x')).status).toBe(200)
    expect(at.seen).toHaveLength(2)
    const [first, second] = at.seen.map(({ headers }) => headers.get('portcullis-session-nonce'))
    if (kind !== 'assets') expect(first).not.toBe(second)
    expect(at.events).toMatchObject([{ type: 'upstream-retried', subject: 'app' }])

    failures = 1
    expect((await at.ask('/x', { method: 'POST' })).status).toBe(502)
    failures = 2
    expect((await at.ask('/x')).status).toBe(502)
    expect(at.seen).toHaveLength(5)
  })

  it('is asked once where it says that it is overloaded', async () => {
    const at = await kindBench(kind)
    at.handle = () => {
      throw Object.assign(new Error('Durable Object is overloaded.'), { overloaded: true })
    }
    expect((await at.ask('/x')).status).toBe(502)
    expect(at.seen).toHaveLength(1)
  })

  it('is paused by its breaker', async () => {
    const at = await kindBench(kind, {
      upstream: { breaker: circuitBreaker({ failures: 2, window: 10, pause: 5 }) },
      routes: [{ path: '/*', to: 'app', access: 'public', retry: false }],
    })
    at.handle = () => {
      throw new TypeError('reset')
    }
    const statuses: number[] = []
    for (let call = 0; call < 3; call++) statuses.push((await at.ask('/x')).status)
    expect(statuses).toEqual([502, 502, 503])
    expect(at.seen).toHaveLength(2)
    expect(at.events.some(({ type }) => type === 'breaker-opened')).toBe(true)
  })

  it('has a deadline although it ignores the signal, and what it says later is discarded', async () => {
    const at = await kindBench(kind, { upstream: { timeoutMs: 20 } })
    if (kind === 'url') return
    let answer: (response: Response) => void = () => {}
    const late = new Promise<Response>((resolve) => {
      answer = resolve
    })
    at.handle = () => late
    expect((await at.ask('/x')).status).toBe(504)

    const cancelled = new Promise<boolean>((resolve) => {
      answer(new Response(new ReadableStream({ cancel: () => resolve(true) })))
    })
    expect(await cancelled).toBe(true)
  })

  it('is told that its client has left', async () => {
    const at = await kindBench(kind)
    const left = new AbortController()
    let aborted = false
    at.handle = ({ signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          aborted = true
          reject(signal.reason)
        })
        left.abort()
      })
    await at.ask('/x', { signal: left.signal }).catch(() => {})
    expect(aborted).toBe(true)
  })

  it('sends redirects that nobody follows, and that are public where they name itself', async () => {
    const at = await kindBench(kind)
    const own = kind === 'url' ? 'http://upstream.test:8080' : 'http://app.example.com'
    const redirect = async (location: string): Promise<[number, string | null]> => {
      at.handle = () => new Response(null, { status: 302, headers: { location } })
      const { status, headers } = await at.ask('/x')
      return [status, headers.get('location')]
    }
    expect(await redirect(`${own}/next?a=1`)).toEqual([302, `${publicOrigin}/next?a=1`])
    expect(await redirect('/next')).toEqual([302, '/next'])
    expect(await redirect('https://elsewhere.example/')).toEqual([
      302,
      'https://elsewhere.example/',
    ])
    expect((await redirect('javascript:alert(1)'))[0]).toBe(502)
    expect(at.seen).toHaveLength(4)
  })

  it('has the headers of the gateway on its responses, and none that only a gateway may set', async () => {
    const at = await kindBench(kind)
    at.handle = () =>
      new Response('x', { headers: { 'x-powered-by': 'it', 'portcullis-x': '1', 'x-own': '1' } })
    const { headers } = await at.ask('/x')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('x-powered-by')).toBe(null)
    expect(headers.get('portcullis-x')).toBe(null)
    expect(headers.get('x-own')).toBe('1')
  })

  it('keeps a coded body with its coding', async () => {
    const at = await kindBench(kind)
    if (kind === 'url') return
    const coded = Uint8Array.from(atob(gzipped), (char) => char.charCodeAt(0))
    at.handle = (request) => {
      expect(request.headers.get('accept-encoding')).toBe('gzip, zstd')
      const init = { headers: { 'content-encoding': 'gzip' }, encodeBody: 'manual' }
      return new Response(coded, init as ResponseInit)
    }
    const response = await at.ask('/x', { headers: { 'accept-encoding': 'gzip, zstd' } })
    expect(response.headers.get('content-encoding')).toBe('gzip')
    const isWorkers = 'WebSocketPair' in globalThis
    // Who reads such a body in workerd gets it decoded; tests with a client show what it receives.
    if (!isWorkers) expect(new Uint8Array(await response.arrayBuffer())).toEqual(coded)
  })

  it('answers HEAD without a body, and leaves none open', async () => {
    const at = await kindBench(kind)
    let cancelled = false
    const cancel = (): void => {
      cancelled = true
    }
    at.handle = () => new Response(new ReadableStream({ cancel }), { headers: { 'x-own': '1' } })
    const response = await at.ask('/x', { method: 'HEAD' })
    expect([response.body, response.headers.get('x-own')]).toEqual([null, '1'])
    if (kind !== 'url') expect(cancelled).toBe(true)
  })

  it('is behind the limits of its route', async () => {
    const limiter = memoryLimiter({ limit: 2, window: 60 })
    const limit = limitGate({ name: 'kind', limiter, key: () => 'all' })
    const at = await kindBench(kind, { limit })
    const statuses: number[] = []
    for (let call = 0; call < 3; call++) statuses.push((await at.ask('/x')).status)
    expect(statuses).toEqual([200, 200, 429])
    expect(at.seen).toHaveLength(2)
  })

  it('is asked once for what its route caches', async () => {
    const cached = new Map<string, readonly [text: string, headers: Headers]>()
    const store = {
      async match({ url }: { url: string }): Promise<Response | undefined> {
        const [text, headers = []] = cached.get(url) ?? []
        return text === undefined ? undefined : new Response(text, { headers })
      },
      async put({ url }: { url: string }, response: Response): Promise<void> {
        cached.set(url, [await response.text(), response.headers])
      },
    }
    const cache = publicCache({ maxAge: 60, store })
    const at = await kindBench(kind, {
      routes: [{ path: '/*', to: 'app', access: 'public', cache }],
    })
    at.handle = () => new Response('body {}', { headers: { 'content-type': 'text/css' } })
    await (await at.ask('/a.css')).text()
    await Promise.all(at.work)
    const second = await at.ask('/a.css')
    expect(await second.text()).toBe('body {}')
    expect(second.headers.get('cache-status')).toMatch(/hit/)
    expect(at.seen).toHaveLength(1)
    expect(at.last().headers.get('portcullis-session-nonce')).toBe(null)
  })

  it('is not asked by a request that goes round in circles', async () => {
    const at = await kindBench(kind)
    expect((await at.ask('/x', { headers: { 'portcullis-hops': '3' } })).status).toBe(508)
    expect(at.seen).toEqual([])
  })

  it('is guarded by access rules and csrf', async () => {
    const at = await kindBench(kind, { routes: [{ path: '/*', to: 'app', access: 'session' }] })
    expect((await at.ask('/x')).status).toBe(401)
    const open = await kindBench(kind)
    const headers = { origin: 'https://evil.example' }
    expect((await open.ask('/x', { method: 'POST', headers })).status).toBe(403)
    expect([at.seen, open.seen]).toEqual([[], []])
  })

  it('hands over a WebSocket on Workers, and is 501 elsewhere', async () => {
    const at = await kindBench(kind)
    if (kind === 'url') return
    const { WebSocketPair: Pair } = globalThis as { WebSocketPair?: new () => object[] }
    at.handle = () => {
      const [client, server] = Object.values(new (Pair as new () => object[])())
      const socket = server as WebSocket & { accept(): void }
      socket.accept()
      socket.addEventListener('message', ({ data }) => socket.send(`echo ${data}`))
      return new Response(null, { status: 101, webSocket: client } as ResponseInit)
    }
    const headers = { upgrade: 'websocket', connection: 'Upgrade' }
    const response = await at.ask('/x', { headers })
    if (Pair === undefined) return expect(response.status).toBe(501)

    expect(response.status).toBe(101)
    const { webSocket } = response as unknown as { webSocket: WebSocket & { accept(): void } }
    const echoed = new Promise((resolve) => {
      webSocket.addEventListener('message', ({ data }) => resolve(data))
    })
    webSocket.accept()
    webSocket.send('hi')
    expect(await echoed).toBe('echo hi')
    const closed = new Promise((resolve) => {
      webSocket.addEventListener('close', ({ code }) => resolve(code))
    })
    webSocket.close(1000)
    expect(await closed).toBe(1000)
  })

  it('is 502 where it returns no response at all', async () => {
    const at = await kindBench(kind)
    if (kind === 'url') return
    at.handle = () => undefined as unknown as Response
    expect((await at.ask('/x')).status).toBe(502)
  })

  it('has its errors replaced with hideErrors', async () => {
    const at = await kindBench(kind, { upstream: { hideErrors: true } })
    at.handle = () => new Response('Error: at secret.js:1', { status: 500 })
    const response = await at.ask('/x')
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('secret.js')
  })

  it('is probed under the address that its requests have', async () => {
    const at = await kindBench(kind, { upstream: { probe: '/health' }, ready: { upstreams: true } })
    expect((await at.ask('/.portcullis/ready')).status).toBe(200)
    const origin = kind === 'url' ? 'http://upstream.test:8080' : publicOrigin
    expect(at.last().url).toBe(`${origin}/health`)

    const down = await kindBench(kind, {
      upstream: { probe: '/health' },
      ready: { upstreams: true },
    })
    down.handle = () => new Response('no', { status: 500 })
    expect((await down.ask('/.portcullis/ready')).status).toBe(503)
  })
})
