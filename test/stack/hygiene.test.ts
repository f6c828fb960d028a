import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { errorPage } from '../../src/page/index.ts'
import { statelessSessions } from '../../src/session/index.ts'
import {
  allowHosts,
  allowMethods,
  limitBodies,
  limitRequests,
  portcullis,
  requireHttps,
} from '../../src/stack/index.ts'
import type { SecurityEvent } from '../../src/types.ts'

type Heads = Record<string, string>
const page: Heads = {
  Accept: 'text/html',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Dest': 'document',
}
const quiet = { report: (): void => {} }

/** A body without a length, as `Transfer-Encoding: chunked` has it; `sent` counts what was taken of it. */
function stream(chunks: number, size = 10) {
  const state = { sent: 0, cancelled: false }
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller): void {
        if (state.sent >= chunks * size) controller.close()
        else {
          state.sent += size
          controller.enqueue(new Uint8Array(size).fill(0x61))
        }
      },
      cancel(): void {
        state.cancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { body, state }
}

const post = (body: BodyInit | null, headers: Heads = {}): Request =>
  new Request('https://app.example.com/', {
    method: 'POST',
    headers,
    body,
    duplex: 'half',
  } as RequestInit)

describe('allowHosts()', () => {
  const app = new Hono()
    .use(
      allowHosts({
        publicOrigin: ['https://app.example.com', 'https://www.example.com'],
        hosts: ['127.0.0.1:*'],
      }),
    )
    .get('*', (c) => c.text('in'))
  it.each([
    ['https://app.example.com/', 200],
    ['https://www.example.com/x', 200],
    ['http://127.0.0.1:8787/', 200],
    // curl -H 'Host: evil.example' https://app.example.com/reset : the mail links there
    ['https://evil.example/', 421],
    ['https://app.example.com.evil.example/', 421],
    ['https://app.example.com:8443/', 421],
  ])('answers %s with %i', async (url, status) => {
    expect((await app.request(url)).status).toBe(status)
  })

  it('reads the origin of the environment', async () => {
    const stages = new Hono()
      .use(allowHosts<{ ORIGIN?: string }>({ publicOrigin: (c) => c.env.ORIGIN }))
      .onError(errorPage(quiet))
      .get('*', (c) => c.text('in'))
    const ask = async (ORIGIN?: string) =>
      (
        await stages.fetch(
          new Request('https://staging.example.com/'),
          ORIGIN === undefined ? {} : { ORIGIN },
        )
      ).status
    expect(await ask('https://staging.example.com')).toBe(200)
    expect(await ask('https://app.example.com')).toBe(421)
    expect(await ask()).toBe(503)
  })

  it('reads further hosts of the environment', async () => {
    const stages = new Hono()
      .use(
        allowHosts<{ HOSTS: string }>({
          publicOrigin: 'https://app.example.com',
          hosts: (c) => c.env.HOSTS.split(' '),
        }),
      )
      .get('*', (c) => c.text('in'))
    const ask = async (HOSTS: string) =>
      (await stages.fetch(new Request('https://www.example.com/'), { HOSTS })).status
    expect([await ask('a.example www.example.com'), await ask('a.example')]).toEqual([200, 421])
  })

  it('names what is wrong with its options', () => {
    expect(() =>
      allowHosts({ publicOrigin: 'https://*.example.com', hosts: ['*'], hots: [] } as never),
    ).toThrow(
      /hots is not an option; did you mean hosts\?.*publicOrigin.*wildcard.*hosts\.0 must be a host/s,
    )
    expect(() => allowHosts({} as never)).toThrow('allowHosts.publicOrigin is required')
  })
})

describe('requireHttps()', () => {
  const app = new Hono()
    .use(requireHttps({ publicOrigin: ['https://app.example.com', 'http://plain.example.com'] }))
    .all('*', (c) => c.text('in'))
  it.each([
    ['GET', 'https://app.example.com/', page, 200, null],
    ['GET', 'http://app.example.com/a?b=c', page, 308, 'https://app.example.com/a?b=c'],
    ['HEAD', 'http://app.example.com/', page, 308, 'https://app.example.com/'],
    ['GET', 'http://www.example.com/a', page, 308, 'https://app.example.com/a'],
    // curl http://app.example.com/api -H 'Authorization: Bearer ...': the token was read on the way
    ['GET', 'http://app.example.com/api', { Accept: 'application/json' }, 403, null],
    ['POST', 'http://app.example.com/login', page, 403, null],
    ['GET', 'http://app.example.com/', { ...page, 'X-Forwarded-Proto': 'https' }, 200, null],
    ['GET', 'http://plain.example.com/', page, 200, null],
    ['GET', 'http://localhost:8787/', page, 200, null],
    ['POST', 'http://127.0.0.1:8787/', {}, 200, null],
  ] as Array<[string, string, Heads, number, string | null]>)(
    '%s %s: %j',
    async (method, url, headers, status, to) => {
      const response = await app.request(url, { method, headers })
      expect([response.status, response.headers.get('Location')]).toEqual([status, to])
      if (status === 308) expect(response.headers.get('Cache-Control')).toBe('no-store')
    },
  )

  it('believes one header where the platform is said', async () => {
    const on = new Hono()
      .use(requireHttps({ publicOrigin: 'https://app.example.com', platform: 'cloudflare' }))
      .get('*', (c) => c.text('in'))
    const ask = async (headers: Heads) =>
      (await on.request('http://app.example.com/', { headers })).status
    expect(await ask({ 'CF-Visitor': '{"scheme":"https"}' })).toBe(200)
    expect(await ask({ 'X-Forwarded-Proto': 'https' })).toBe(403)
  })
})

describe('allowMethods()', () => {
  const app = new Hono().use(allowMethods()).all('*', (c) => c.text('in'))
  const own = new Hono().use(allowMethods(['GET', 'PROPFIND'])).all('*', (c) => c.text('in'))
  const ask = (on: Hono, method: string): Promise<Response> =>
    // `new Request` refuses some of them; a server hands them over.
    Promise.resolve(
      on.fetch({
        method,
        url: 'https://app.example.com/',
        headers: new Headers(),
        body: null,
      } as Request),
    )

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
    'takes %s',
    async (method) => {
      expect((await ask(app, method)).status).toBe(200)
    },
  )
  // curl -X TRACE: what comes back holds the HttpOnly cookie
  it.each(['TRACE', 'TRACK', 'CONNECT', 'PROPFIND', 'get', 'DEBUG'])(
    'answers 405 to %s',
    async (method) => {
      const response = await ask(app, method)
      expect([response.status, response.headers.get('Allow')]).toEqual([
        405,
        'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
      ])
    },
  )
  it('takes what is listed', async () => {
    expect((await ask(own, 'PROPFIND')).status).toBe(200)
    expect((await ask(own, 'HEAD')).status).toBe(200)
    expect((await ask(own, 'POST')).headers.get('Allow')).toBe('GET, HEAD, PROPFIND')
  })
  it.each([[['TRACE']], [['TRACK']], [['CONNECT']], [['get']], [[]], ['GET'], [[5]]])(
    'cannot be %j',
    (methods) => {
      expect(() => allowMethods(methods as never)).toThrow(
        /^allowMethods\.methods(?:\.0)? must be a/,
      )
    },
  )
})

describe('limitRequests()', () => {
  const events: SecurityEvent[] = []
  const app = new Hono()
    .use(limitRequests({ onEvent: (event) => events.push(event) }))
    .all('*', (c) => c.text('in'))
  it.each([
    ['/', {}, 200, undefined],
    [`/?${'a'.repeat(8200)}`, {}, 414, 'url-too-long'],
    [`/?${'a&'.repeat(201)}`, {}, 400, 'query-too-large'],
    ['/', { Cookie: 'c'.repeat(17_000) }, 431, 'headers-too-large'],
  ] as Array<[string, Heads, number, string | undefined]>)(
    '%#: answers and tells',
    async (path, headers, status, reason) => {
      events.length = 0
      const response = await app.request(`https://app.example.com${path}`, { headers })
      expect(response.status).toBe(status)
      expect(events).toEqual(reason ? [{ type: 'request-refused', reason }] : [])
    },
  )
})

describe('limitBodies()', () => {
  const ran: string[] = []
  const app = new Hono()
    .use(limitBodies({ maxBytes: 100 }))
    .onError((error, c) => c.text(`caught ${error.name}`, 500))
    .post('/ignore', (c) => c.text('in'))
    .post('/swallow', async (c) => {
      await c.req.text().catch(() => {})
      c.header('Set-Cookie', 'a=b')
      c.header('Cache-Control', 'public, max-age=60')
      c.header('Content-Encoding', 'br')
      return c.text('all is well')
    })
    .post('*', async (c) => {
      ran.push('in')
      return c.text(`${(await c.req.text()).length}`)
    })
  const at = (path: string, request: Request): Promise<Response> =>
    Promise.resolve(app.fetch(new Request(`https://app.example.com${path}`, request)))

  it.each([
    ['nothing', null, 200, '0'],
    ['100 bytes', 'a'.repeat(100), 200, '100'],
    ['101 bytes', 'a'.repeat(101), 413, undefined],
  ])('takes or refuses %s', async (_, body, status, text) => {
    const response = await app.fetch(post(body))
    expect(response.status).toBe(status)
    if (text !== undefined) expect(await response.text()).toBe(text)
  })

  it('decides by the length that is said, before the handler', async () => {
    ran.length = 0
    const { body, state } = stream(1000)
    const response = await app.fetch(post(body, { 'Content-Length': '101' }))
    expect([response.status, ran, state.sent]).toEqual([413, [], 0])
  })

  it('counts where none is said, and takes no more than it must', async () => {
    expect(await (await app.fetch(post(stream(10).body))).text()).toBe('100')
    const { body, state } = stream(1000)
    const response = await app.fetch(post(body))
    expect(response.status).toBe(413)
    expect(response.headers.get('Content-Type')).toBe('application/problem+json')
    expect(state.sent).toBeLessThanOrEqual(200)
    expect(state.cancelled).toBe(true)
  })

  // Content-Length: 5, then a thousand bytes: Hono's body-limit passes it
  it('does not believe a length that lies, and breaks off where the lie begins', async () => {
    const { body, state } = stream(100)
    expect((await app.fetch(post(body, { 'Content-Length': '5' }))).status).toBe(400)
    expect(state.sent).toBeLessThanOrEqual(30)
  })

  it.each([['abc'], ['-1'], ['+5'], ['5, 5'], ['5.5']])(
    'answers 400 to a length of %j',
    async (length) => {
      ran.length = 0
      expect((await app.fetch(post('hello', { 'Content-Length': length }))).status).toBe(400)
      expect(ran).toEqual([])
    },
  )

  it('answers 413 also where the handler swallows the error, and keeps what it set', async () => {
    const response = await at('/swallow', post(stream(1000).body))
    expect(response.status).toBe(413)
    expect(response.headers.getSetCookie()).toEqual(['a=b'])
    expect([
      response.headers.get('Cache-Control'),
      response.headers.get('Content-Encoding'),
    ]).toEqual(['no-store', null])
    expect(await response.text()).not.toContain('all is well')
  })

  it('reads nothing of a body that the handler ignores', async () => {
    const { body, state } = stream(1000)
    expect((await at('/ignore', post(body))).status).toBe(200)
    expect(state.sent).toBeLessThanOrEqual(30)
  })

  it('hands a handler that streams the first chunk before the last is sent', async () => {
    const seen: number[] = []
    const { body, state } = stream(5)
    const streaming = new Hono().use(limitBodies({ maxBytes: 100 })).post('*', async (c) => {
      const reader = (c.req.raw.body as ReadableStream<Uint8Array>).getReader()
      await reader.read()
      seen.push(state.sent)
      await reader.cancel()
      return c.text('in')
    })
    await streaming.fetch(post(body))
    expect(seen[0]).toBeLessThan(50)
  })

  it('takes only the types that are listed', async () => {
    const typed = new Hono()
      .use(limitBodies({ contentTypes: ['application/json'] }))
      .post('*', (c) => c.text('in'))
    const ask = async (headers: Heads, body: BodyInit | null = '{}') =>
      (await typed.fetch(post(body, headers))).status
    expect(await ask({ 'Content-Type': 'application/json; charset=utf-8' })).toBe(200)
    expect(await ask({ 'Content-Type': 'text/plain' })).toBe(415)
    expect(await ask({}, null)).toBe(200)
  })

  it('names what is wrong with its options', () => {
    expect(() => limitBodies({ maxBytes: -1, contentTypes: ['json'] })).toThrow(
      'limitBodies.maxBytes must be a whole number of bytes from 0 to 5368709120; limitBodies.contentTypes.0 must be a content type',
    )
  })
})

describe('the stack', () => {
  const events: SecurityEvent[] = []
  const secret = 'kX9vQ2mT7pL4wZ8rB3nJ6hD1sF5gY0cE'
  const sessions = statelessSessions<{ n?: number }>({ secret })
  const app = new Hono()
    .onError(errorPage(quiet))
    .use(
      portcullis({
        publicOrigin: 'https://app.example.com',
        session: sessions,
        body: { maxBytes: 50 },
        onEvent: (event) => events.push(event),
      }),
    )
    .post('/start', async (c) => {
      await c.var.session.start({ n: 1 })
      return c.text(await c.req.text())
    })
    .all('*', (c) => c.text('in'))
  const own = { Origin: 'https://app.example.com' }

  it.each([
    ['GET', 'https://app.example.com/', {}, 200, undefined],
    ['GET', 'https://evil.example/', {}, 421, 'host-unknown'],
    ['GET', 'http://app.example.com/', {}, 403, 'https-required'],
    ['GET', 'http://app.example.com/', page, 308, undefined],
    ['PROPFIND', 'https://app.example.com/', {}, 405, 'method-not-allowed'],
    ['GET', `https://app.example.com/?${'&'.repeat(200)}`, {}, 400, 'query-too-large'],
    [
      'GET',
      'https://app.example.com/',
      { 'X-Large': 'x'.repeat(16_400) },
      431,
      'headers-too-large',
    ],
    ['POST', 'https://app.example.com/', { ...own, 'Content-Length': '51' }, 413, 'body-too-large'],
    ['POST', 'https://app.example.com/', { ...own, 'Content-Length': 'x' }, 400, 'body-malformed'],
    // First the host, whatever else is wrong.
    [
      'POST',
      'https://evil.example/',
      { 'Sec-Fetch-Site': 'cross-site', Cookie: 'a=b' },
      421,
      'host-unknown',
    ],
    ['POST', 'http://evil.example/', { 'Content-Length': 'x' }, 421, 'host-unknown'],
  ] as Array<[string, string, Heads, number, string | undefined]>)(
    '%s %#: %s',
    async (method, url, headers, status, reason) => {
      events.length = 0
      const response = await app.request(url, { method, headers })
      expect(response.status).toBe(status)
      expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff')
      expect(events.map((event) => event.reason)).toEqual(reason ? [reason] : [])
      if (reason) expect(events[0]?.request).toMatch(/^[\w-]{22}$/)
    },
  )

  it('keeps a session that began before the body turned out too long', async () => {
    const request = new Request('https://app.example.com/start', post(stream(100).body, own))
    const response = await app.fetch(request)
    expect(response.status).toBe(413)
    expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/^__Host-session=./)])
  })

  it('may be told to leave each of them out', async () => {
    const open = new Hono()
      .use(portcullis({ methods: false, limits: false, body: false, csrf: false }))
      .all('*', async (c) => c.text(String((await c.req.arrayBuffer()).byteLength)))
    const headers = { 'X-Large': 'x'.repeat(16_400), 'Content-Type': 'text/plain' }
    const request = new Request('https://any.example/', {
      method: 'PROPFIND',
      headers,
      body: 'hello',
    })
    expect(await (await open.fetch(request)).text()).toBe('5')
  })

  it('has no hosts and no https without a public origin, and says so', () => {
    expect(() => portcullis({ hosts: ['a.example'], https: true })).toThrow(
      'portcullis.hosts needs the option publicOrigin; portcullis.https needs the option publicOrigin',
    )
  })

  it('lets the public origin decide where changes come from, behind a proxy that ends TLS', async () => {
    const headers = {
      Origin: 'https://app.example.com',
      'X-Forwarded-Proto': 'https',
      Cookie: 'a=b',
    }
    expect((await app.request('http://app.example.com/', { method: 'POST', headers })).status).toBe(
      200,
    )
  })
})
