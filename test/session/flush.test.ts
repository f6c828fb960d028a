import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { type SessionHandle, session } from '../../src/session/index.ts'
import { Browser, type Data, minutes, noon, ourCookie, sessionsAt } from './support.ts'

type Handler = (s: SessionHandle<Data>) => Response | Promise<Response>

function app(handler: Handler, options: Parameters<typeof sessionsAt>[0] = {}) {
  const made = sessionsAt(options)
  const routes = new Hono()
    .onError((error, c) =>
      c.json({ code: (error as { code?: string }).code ?? error.message }, 500),
    )
    .use(session(made.sessions))
    .get('/login', async (c) => c.json((await c.var.session.start({ userId: 'ada' })) ?? null))
    .get('/read', async (c) => c.json((await c.var.session.get()) ?? null))
    .get('/', (c) => handler(c.var.session))
  return { ...made, browser: new Browser(routes) }
}

/** A response as a raw fetch gives it: its headers refuse every change. */
function immutable(response: Response): Response {
  const headers = new Proxy(response.headers, {
    get(target, name) {
      if (name === 'set' || name === 'append' || name === 'delete') {
        return () => {
          throw new TypeError("Can't modify immutable headers.")
        }
      }
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return new Proxy(response, {
    get: (target, name) => (name === 'headers' ? headers : Reflect.get(target, name, target)),
  })
}

describe('the session cookie on a response', () => {
  it.each<[string, () => Response, number]>([
    ['a plain answer', () => new Response('ok'), 200],
    ['an answer without body', () => new Response(null, { status: 204 }), 204],
    [
      'a redirect made by hand',
      () => new Response(null, { status: 303, headers: { location: '/x' } }),
      303,
    ],
    [
      'Response.redirect, whose headers cannot be changed',
      () => Response.redirect('https://app.example.test/x', 302),
      302,
    ],
    ['a not-modified', () => new Response(null, { status: 304, headers: { etag: '"1"' } }), 304],
  ])('with %s', async (_, make, status) => {
    const { browser } = app(async (s) => {
      await s.start({ userId: 'ada' })
      return make()
    })
    const response = await browser.fetch('/')
    expect([response.status, ourCookie(response) !== undefined]).toEqual([status, true])
    expect(await browser.json('/read')).toEqual({ userId: 'ada' })
  })

  it('the session cookie leaves the cookies of the handler unchanged', async () => {
    const { browser } = app(async (s) => {
      await s.start({ userId: 'ada' })
      const headers = new Headers({ 'x-own': '1' })
      headers.append('set-cookie', 'a=1; Path=/')
      headers.append('set-cookie', 'b=2; Expires=Wed, 21 Oct 2037 07:28:00 GMT')
      return new Response('ok', { headers })
    })
    const cookies = (await browser.fetch('/')).headers.getSetCookie()
    expect(cookies.slice(0, 2)).toEqual([
      'a=1; Path=/',
      'b=2; Expires=Wed, 21 Oct 2037 07:28:00 GMT',
    ])
    expect(cookies).toHaveLength(3)
  })

  it('the session cookie replaces one of its name that the handler set', async () => {
    const { browser } = app(async (s) => {
      await s.start({ userId: 'ada' })
      return new Response('ok', {
        headers: { 'set-cookie': '__Host-session=by-hand; Path=/; Secure' },
      })
    })
    const cookies = (await browser.fetch('/')).headers.getSetCookie()
    expect(cookies).toHaveLength(1)
    expect(cookies[0]).toMatch(/^__Host-session=eyJ/)
  })

  it('the session cookie is sent once, with secure defaults', async () => {
    const { browser } = app(() => new Response())
    expect((await browser.fetch('/login')).headers.getSetCookie()[0]).toMatch(
      /^__Host-session=[\w.-]+; Max-Age=3600; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
    )
  })
})

describe('a handler that throws', () => {
  it('a handler that throws loses changes by set and keeps committed ones', async () => {
    const { browser } = app((s) => {
      s.set('theme', 'dark')
      throw new Error('boom')
    })
    await browser.fetch('/login')
    const failed = await browser.fetch('/')
    expect([failed.status, failed.headers.getSetCookie()]).toEqual([500, []])
    expect(await browser.json('/read')).toEqual({ userId: 'ada' })
  })

  it.each<[string, (s: SessionHandle<Data>) => Promise<unknown>, Data | null]>([
    ['start', (s) => s.start({ userId: 'eve' }), { userId: 'eve' }],
    ['update', (s) => s.update((d) => ({ ...d, visits: 1 })), { userId: 'ada', visits: 1 }],
    ['end', (s) => s.end(), null],
    [
      'commit',
      (s) => {
        s.set('theme', 'dark')
        return s.commit()
      },
      { userId: 'ada', theme: 'dark' },
    ],
  ])('after %s sends its cookie with the error page', async (_, verb, expected) => {
    const { browser } = app(async (s) => {
      await verb(s)
      throw new Error('boom')
    })
    await browser.fetch('/login')
    expect((await browser.fetch('/')).status).toBe(500)
    expect(await browser.json('/read')).toEqual(expected)
  })

  it('a flush that fails still sends what was committed before', async () => {
    const { browser } = app(async (s) => {
      await s.start({ userId: 'eve' })
      s.set('cart', Array(500).fill('0123456789'))
      return new Response('never seen')
    })
    const response = await browser.fetch('/')
    expect(await response.json()).toEqual({ code: 'ERR_COOKIE_TOO_LARGE' })
    expect(await browser.json('/read')).toEqual({ userId: 'eve' })
  })
})

describe('a session after the response was sent', () => {
  it('a change throws instead of being lost', async () => {
    let late: SessionHandle<Data> | undefined
    const { browser } = app((s) => {
      late = s
      return new Response('ok')
    })
    await browser.fetch('/login')
    await browser.fetch('/')
    expect(() => late?.set('theme', 'dark')).toThrow('can no longer change')
    await expect(late?.update(() => ({}))).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' })
    await expect(late?.start({})).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' })
    await expect(late?.end()).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' })
    expect(await late?.get()).toEqual({ userId: 'ada' })
  })
})

describe('an upgraded connection', () => {
  const upgraded = { status: 101, headers: new Headers() } as Response

  it('an upgraded connection is not changed, even if the request should be recorded', async () => {
    const { sessions, clock, browser } = app(() => new Response())
    await browser.fetch('/login')
    clock.now += 30 * minutes
    const cookie = `__Host-session=${browser.cookies.get('__Host-session')}`
    const handle = sessions.open({
      request: new Request('https://app.example.test/', { headers: { cookie } }),
    })
    expect(await handle.get()).toEqual({ userId: 'ada' })
    expect(await handle.flush(upgraded)).toBe(upgraded)
  })

  it('an upgraded connection throws for a cookie', async () => {
    const { sessions } = app(() => new Response())
    const handle = sessions.open({ request: new Request('https://app.example.test/') })
    await handle.start({ userId: 'ada' })
    await expect(handle.flush(upgraded)).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' })
  })
})

describe('cache headers of a response with a session', () => {
  const handled = (headers: Record<string, string>, verb: (s: SessionHandle<Data>) => unknown) =>
    app(async (s) => {
      await verb(s)
      return new Response('ok', { headers })
    })

  it.each([
    ['nothing', {}],
    ['public', { 'cache-control': 'public, max-age=60' }],
    [
      'a year for CDNs',
      { 'cdn-cache-control': 'max-age=31536000', 'surrogate-control': 'max-age=9' },
    ],
  ])('to store no answer that sets the cookie, when the app said %s', async (_, headers) => {
    const { browser } = handled(headers as Record<string, string>, (s) =>
      s.start({ userId: 'ada' }),
    )
    const answer = (await browser.fetch('/')).headers
    expect(answer.get('cache-control')).toBe('no-store')
    expect(answer.get('vary')).toBe('Cookie')
    expect([answer.has('cdn-cache-control'), answer.has('surrogate-control')]).toEqual([
      false,
      false,
    ])
  })

  it.each([
    [{}, 'private, no-store', false],
    [{ 'cache-control': 'no-cache' }, 'private, no-cache', false],
    [{ 'cache-control': 'private, max-age=5' }, 'private, max-age=5', false],
    [{ 'cache-control': 'no-store' }, 'no-store', false],
    [{ 'cache-control': 'public, max-age=60' }, 'private, max-age=60', true],
    [{ 'cache-control': 'max-age=60, S-MaxAge=600' }, 'private, max-age=60', true],
    [{ 'cache-control': 'Public' }, 'private', true],
    [{ 'cache-control': 'private', 'cloudflare-cdn-cache-control': 'max-age=9' }, 'private', true],
    [{ 'vercel-cdn-cache-control': 'max-age=9' }, 'private, no-store', true],
  ])('of an answer made from a session: %j becomes %s', async (headers, expected, noticed) => {
    const { browser, events } = handled(headers as Record<string, string>, (s) => s.get())
    await browser.fetch('/login')
    events.length = 0
    const answer = (await browser.fetch('/')).headers
    expect(answer.get('cache-control')).toBe(expected)
    expect(
      answer.has('cloudflare-cdn-cache-control') || answer.has('vercel-cdn-cache-control'),
    ).toBe(false)
    expect(events.map(({ type }) => type)).toEqual(noticed ? ['cacheable-personal-response'] : [])
  })

  it('a handler that read no session only adds Vary: Cookie', async () => {
    const { browser } = handled({ 'cache-control': 'public, max-age=60', vary: 'Accept' }, (s) =>
      s.get(),
    )
    const answer = (await browser.fetch('/')).headers
    expect([answer.get('cache-control'), answer.get('vary')]).toEqual([
      'public, max-age=60',
      'Accept, Cookie',
    ])
  })

  it.each([['Cookie'], ['accept, COOKIE'], ['*']])(
    'nothing more where Vary is %s already',
    async (vary) => {
      const { browser } = handled({ vary }, (s) => s.get())
      expect((await browser.fetch('/')).headers.get('vary')).toBe(vary)
    },
  )
})

describe('a response whose headers cannot be changed', () => {
  it('a response with immutable headers is copied with status, body and headers', async () => {
    const { sessions } = sessionsAt()
    const handle = sessions.open({ request: new Request('https://app.example.test/') })
    await handle.start({ userId: 'ada' })
    const headers = new Headers({ 'x-own': '1' })
    headers.append('set-cookie', 'a=1')
    headers.append('set-cookie', 'b=2')
    const settled = await handle.flush(immutable(new Response('body', { status: 418, headers })))
    expect([settled.status, await settled.text(), settled.headers.get('x-own')]).toEqual([
      418,
      'body',
      '1',
    ])
    expect(settled.headers.getSetCookie().map((text) => text.split('=')[0])).toEqual([
      'a',
      'b',
      '__Host-session',
    ])
  })
})

describe('a Secure cookie over plain http', () => {
  it.each([
    ['http://app.example.test/', true],
    ['http://localhost:8787/', false],
    ['http://127.0.0.1/', false],
    ['http://localhost.example.test/', true],
    ['https://app.example.test/', false],
  ])('%s is worth one event: %s', async (url, worth) => {
    const { sessions, events } = sessionsAt()
    for (let i = 0; i < 2; i++)
      await sessions
        .open({ request: new Request(url), headers: new Headers() })
        .start({ visits: i })
    const told = events.filter(({ type }) => type === 'secure-cookie-on-plain-http')
    expect(told).toEqual(
      worth ? [{ type: 'secure-cookie-on-plain-http', subject: '__Host-session' }] : [],
    )
    expect(noon).toBe(Date.UTC(2026, 10, 20, 12))
  })
})
