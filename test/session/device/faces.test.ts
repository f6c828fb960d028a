/**
 * What Hono apps get of device-bound sessions: endpoints before every guard, the page for links,
 * requireBound, access.
 */
import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { access } from '../../../src/access/index.ts'
import { compiledCsrf } from '../../../src/compiled/index.ts'
import { compileCsrf, csrf } from '../../../src/csrf/index.ts'
import { ConfigError } from '../../../src/errors.ts'
import { memoryLimiter, rateLimit } from '../../../src/limit/index.ts'
import {
  deviceBound,
  openSession,
  requireBound,
  requireFresh,
  requireSession,
  type SessionStrategy,
  session,
  sessionsBy,
  statelessSessions,
  storedSessions,
} from '../../../src/session/index.ts'
import { portcullis } from '../../../src/stack/index.ts'
import { memoryStore } from '../../../src/store/index.ts'
import { vercel } from '../../../src/vercel/index.ts'
import { type Data, minutes, secret } from '../support.ts'
import { type App, BoundBrowser, bound, Device, readOffer, siteOver } from './support.ts'

const device = new Device()
const link = {
  'sec-fetch-site': 'cross-site',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
}
const reload =
  '<!doctype html><script>document.write("<template>");location.reload()</script><meta http-equiv="refresh" content="0;url=?"><title>…</title>'

const policy =
  "default-src 'none'; script-src 'sha256-XN94+9K1rmhisX4EYYA+tzJvYHKqGoP8Zk3Xc38n6bY='"

function createSessions(): SessionStrategy<Data> {
  return storedSessions<Data>({ secret, store: memoryStore(), device: deviceBound() })
}

/** An app whose guards stand before its session. */
function guarded(use: (app: Hono) => unknown): App {
  const app = new Hono()
  use(app)
  const sessions = createSessions()
  app.use(session(sessions))
  app.post('/login', async (c) => {
    await openSession(sessions, c).start({ userId: 'ada' })
    return c.text('in')
  })
  return app
}

const sameSite = { origin: 'https://app.example.test' }
const takesOne = rateLimit({
  name: 'one',
  limiter: memoryLimiter({ limit: 1, window: 60 }),
  key: () => 'all',
} as never)

describe('guards that stand before session()', () => {
  it.each([
    ['csrf', (app: Hono) => app.use(csrf())],
    ['compiledCsrf', (app: Hono) => app.use(compiledCsrf(compileCsrf({})))],
    ['rateLimit', (app: Hono) => app.use(takesOne)],
    ['access', (app: Hono) => app.use(access({ rules: [{ path: '/login', allow: 'public' }] }))],
  ])('%s lets the browser keep its session', async (_, use) => {
    const app = guarded(use)
    const browser = new BoundBrowser(app, device)
    const login = await browser.fetch('/login', { method: 'POST', headers: sameSite })
    // Chromium of about 145 says neither Origin nor Sec-Fetch-Site here.
    const registered = await browser.register(await device.offer(readOffer(login)))
    expect([registered.status, (await browser.prove()).status]).toEqual([200, 200])
  })

  it.each([
    '/.portcullis/dbsc/refresh/',
    '/.portcullis/dbsc/refresh?x',
    '/x/.portcullis/dbsc/refresh',
    '//.portcullis/dbsc/refresh',
    '/.portcullis/dbsc/refreshx',
    '/.Portcullis/dbsc/refresh',
  ])('csrf guards %s as it guards everything', async (path) => {
    const app = new Hono().use(csrf()).all('*', (c) => c.text('in'))
    const headers = { 'sec-fetch-site': 'cross-site', cookie: '__Host-session=x' }
    const url = `https://app.example.test${path}`
    expect((await app.request(url, { method: 'POST', headers })).status).toBe(403)
  })
})

describe('portcullis() with a session that is bound', () => {
  it('answers the browser before addresses, csrf, body, limits and access', async () => {
    const sessions = createSessions()
    const app = new Hono().use(
      portcullis({
        session: sessions,
        body: { contentTypes: ['application/json'] },
        access: { rules: [{ path: '/*', allow: 'session' }] },
      }),
    )
    const login = new Headers()
    await openSession(sessions, {
      request: new Request('https://app.example.test/'),
      headers: login,
    }).start({ userId: 'ada' })
    const browser = new BoundBrowser(app, device)
    const [pair = ''] = login.getSetCookie()[0]?.split(';') ?? []
    browser.cookies.set('__Host-session', pair.slice(pair.indexOf('=') + 1))
    const offer = readOffer(new Response(null, { headers: login }))
    const registered = await browser.register(await device.offer(offer))
    const proved = await browser.prove()
    expect([registered.status, proved.status]).toEqual([200, 200])
    expect(proved.headers.get('x-content-type-options')).toBe('nosniff')
  })
})

describe('an app that finds its paths in its own way', () => {
  it.each([
    ['with the host before them', (request: Request) => request.url.replace(/^https:\//, '')],
    ['below a folder', (request: Request) => `/eu${new URL(request.url).pathname}`],
  ])('%s answers the browser', async (_, getPath) => {
    const sessions = createSessions()
    const app = new Hono({ getPath }).use(session(sessions)).all('*', async (c) => {
      if (c.req.method === 'POST') await c.var.session.start({ userId: 'ada' })
      return c.text('in')
    })
    const browser = new BoundBrowser(app, device)
    await browser.bind()
    expect(browser.cookies.has(bound)).toBe(true)
  })
})

describe('vercel() with an app whose sessions are bound', () => {
  it('answers the browser', async () => {
    const handler = vercel(guarded(() => {}) as never)
    const app = {
      request: (url: string, init?: RequestInit) =>
        handler(
          new Request(url, {
            ...init,
            headers: {
              ...Object.fromEntries(new Headers(init?.headers)),
              host: 'app.example.test',
            },
          }),
        ),
    }
    const browser = new BoundBrowser(app, device)
    const login = await browser.fetch('/login', { method: 'POST' })
    expect((await browser.register(await device.offer(readOffer(login)))).status).toBe(200)
    expect((await browser.prove()).status).toBe(200)
  })
})

describe('the guard of vercel({ ... }) in front of a project', () => {
  it('answers the browser of a session that the project began, and refuses its copies', async () => {
    const sessions = createSessions()
    const handler = vercel({
      publicOrigin: 'https://app.example.test',
      session: sessions,
      signIn: '/login',
      routes: [{ path: '/login', access: 'public' }],
    } as never)
    const request = async (url: string, init?: RequestInit): Promise<Response> => {
      const headers = new Headers(init?.headers)
      headers.set('host', 'app.example.test')
      const asked = new Request(url, { ...init, headers })
      if (!url.endsWith('/login')) return handler(asked)
      // A route handler of the project.
      const response = new Response('in')
      await openSession(sessions, { request: asked, headers: response.headers }).start({
        userId: 'ada',
      })
      return response
    }
    const browser = new BoundBrowser({ request }, device)
    const login = await browser.fetch('/login', { method: 'POST' })
    expect((await browser.register(await device.offer(readOffer(login)))).status).toBe(200)
    expect((await browser.prove()).status).toBe(200)
    expect((await browser.fetch('/account')).headers.get('x-middleware-next')).toBe('1')
    browser.cookies.delete(bound)
    expect((await browser.fetch('/account')).status).toBe(401)
    const followed = await browser.fetch('/account', { headers: { ...link, accept: 'text/html' } })
    expect(await followed.text()).toBe(reload)
  })
})

describe('sessionsBy with a strategy that binds', () => {
  it('answers the browser where that one is chosen', async () => {
    const sessions = sessionsBy<Data>((c) => (c.env as unknown as { KIND: string }).KIND, {
      bound: createSessions(),
      plain: statelessSessions<Data>({ secret }),
    })
    const app = new Hono().use(session(sessions)).post('/login', async (c) => {
      await c.var.session.start({ userId: 'ada' })
      return c.text('in')
    })
    for (const [KIND, status] of [
      ['bound', 200],
      ['plain', 404],
    ] as const) {
      const request = async (url: string, init?: RequestInit): Promise<Response> =>
        app.request(url, init, { KIND })
      const browser = new BoundBrowser({ request }, device)
      await browser.fetch('/login', { method: 'POST' })
      const refreshed = await browser.refresh('x')
      expect([KIND, refreshed.status]).toEqual([KIND, status])
    }
    expect(sessions.cookieNames).toEqual(['__Host-session', bound])
  })
})

describe('a link from another origin', () => {
  it('is begun again, before a handler has done anything for it', async () => {
    const { browser, heard } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    visitor.cookies.delete(bound)
    heard()
    for (const site of ['cross-site', 'same-site']) {
      const response = await visitor.fetch('/private', {
        headers: { ...link, 'sec-fetch-site': site },
      })
      expect([response.status, await response.text()]).toEqual([200, reload])
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(response.headers.get('content-security-policy')).toBe(policy)
    }
    expect(heard()).toEqual(Array(2).fill('session-rejected: not-bound-navigation'))
  })

  // Chromium holds back no navigation that a sibling host began, in its frames neither.
  it('is begun again in a frame of a sibling host, without an event of a theft', async () => {
    const { browser, heard } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    visitor.cookies.delete(bound)
    heard()
    const headers = { ...link, 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'iframe' }
    expect(await (await visitor.fetch('/private', { headers })).text()).toBe(reload)
    expect(heard()).toEqual(['session-rejected: not-bound-navigation'])

    // What a sandboxed frame begins itself is of another site: it cannot go in a circle.
    const sandboxed = { ...headers, 'sec-fetch-site': 'cross-site' }
    expect(await (await visitor.fetch('/private', { headers: sandboxed })).text()).not.toBe(reload)
  })

  it.each([
    ['of this origin', { ...link, 'sec-fetch-site': 'same-origin' }, {}],
    ['of the address bar', { ...link, 'sec-fetch-site': 'none' }, {}],
    ['that is a fetch', { ...link, 'sec-fetch-mode': 'cors' }, {}],
    ['that is a frame of another site', { ...link, 'sec-fetch-dest': 'iframe' }, {}],
    ['that is an image', { ...link, 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'image' }, {}],
    ['of an old browser', {}, {}],
    ['that is a form', link, { method: 'POST' }],
  ])('but not a request %s', async (_, headers, init) => {
    const { browser } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    visitor.cookies.delete(bound)
    const response = await visitor.fetch('/private', { headers, ...init })
    expect(await response.text()).not.toBe(reload)
  })

  it('but not for an unbound session, nor for a bound one with its cookie', async () => {
    const { browser } = siteOver()
    const visitor = browser(device)
    await visitor.login()
    expect((await visitor.fetch('/private', { headers: link })).status).toBe(200)
    await visitor.bind()
    expect(await (await visitor.fetch('/private', { headers: link })).text()).toBe('in')
    visitor.cookies.set(bound, 'x')
    expect(await (await visitor.fetch('/private', { headers: link })).text()).not.toBe(reload)
  })

  it.each([
    ['/private', '?'],
    ['/private?a=1&copy=2', '?a=1&#38;copy=2'],
    [`/private?a="><script>alert(1)</script>'`, '?a=%22%3E%3Cscript%3Ealert(1)%3C/script%3E%27'],
  ])('names the query of %s for browsers that run no script', async (path, query) => {
    const { browser } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    visitor.cookies.delete(bound)
    const page = await (await visitor.fetch(path, { headers: link })).text()
    expect(page).toBe(reload.replace('url=?', `url=${query}`))
  })

  it('runs no script but the one of its policy', async () => {
    const script = /<script>(.*)<\/script>/.exec(reload)?.[1] ?? ''
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(script))
    const hash = btoa(String.fromCharCode(...new Uint8Array(digest)))
    expect(policy).toBe(`default-src 'none'; script-src 'sha256-${hash}'`)
  })

  it('reaches a page that needs no session although the store is down', async () => {
    const app = new Hono()
      .use(
        session(
          storedSessions<Data>({
            secret,
            device: deviceBound(),
            store: { ...memoryStore(), read: () => Promise.reject(new Error('down')) },
          }),
        ),
      )
      .get('/', (c) => c.text('public'))
    const sealed = await createCookie()
    const response = await app.request('https://app.example.test/', {
      headers: { ...link, cookie: `__Host-session=${sealed}` },
    })
    expect(await response.text()).toBe('public')
  })
})

/** A cookie of a stored session under the secret of these tests. */
async function createCookie(): Promise<string> {
  const headers = new Headers()
  const request = new Request('https://app.example.test/')
  await openSession(createSessions(), { request, headers }).start({ userId: 'ada' })
  return /__Host-session=([^;]*)/.exec(headers.getSetCookie()[0] ?? '')?.[1] ?? ''
}

describe('requireBound', () => {
  it('refuses visitors, and sessions that are not bound', async () => {
    const { browser } = siteOver()
    const visitor = browser(device)
    expect((await visitor.fetch('/bound')).status).toBe(401)
    await visitor.login()
    expect((await visitor.fetch('/bound')).status).toBe(403)
    await visitor.bind()
    expect((await visitor.fetch('/bound')).status).toBe(200)
  })

  it('makes the browser prove itself and repeat the request, to the same address', async () => {
    const { browser, clock } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    expect((await visitor.fetch('/proof')).status).toBe(200)
    clock.now += minutes + 1000
    for (const path of ['/proof', '/proof?a=1&b=%2F', '/proof?x=//evil.test']) {
      const response = await visitor.fetch(path, { method: 'PUT', body: 'x' })
      expect([response.status, response.headers.get('location')]).toEqual([307, path])
      expect(response.headers.get('cache-control')).toBe('no-store')
      await visitor.prove()
      expect((await visitor.fetch(path, { method: 'PUT', body: 'x' })).status).toBe(200)
      clock.now += minutes + 1000
    }
  })

  it('never sends a browser to another host', async () => {
    const sessions = createSessions()
    let now = Date.now()
    const app = new Hono()
      .use(session(sessions))
      .post('/login', async (c) => {
        await c.var.session.start({ userId: 'ada' })
        return c.text('in')
      })
      .all('*', requireBound({ proof: 10, clock: () => now }), (c) => c.text('in'))
    const browser = new BoundBrowser(app, device)
    await browser.bind()
    now += 11_000
    const base = 'https://app.example.test'
    for (const path of ['//evil.test/x', '//evil.test', '/\\evil.test/x']) {
      const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const response = await app.request(base + path, { headers: { cookie } })
      const location = response.headers.get('location') ?? ''
      expect([response.status, new URL(location, base).origin]).toEqual([307, base])
    }
  })

  it('answers 401 to a WebSocket, which follows no redirect', async () => {
    const { browser, clock } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    clock.now += minutes + 1000
    const headers = { upgrade: 'websocket', connection: 'Upgrade' }
    expect((await visitor.fetch('/proof', { headers })).status).toBe(401)
  })

  it('takes no seconds that a browser cannot keep', () => {
    for (const proof of [9, 3601, 0, -1, 1.5, Number.NaN, '60'])
      expect(() => requireBound({ proof: proof as number })).toThrow(ConfigError)
    expect(() => requireBound({ prof: 60 } as never)).toThrow(/did you mean proof/)
  })
})

describe('a browser that says it could not refresh', () => {
  it('gets 503 from every guard, and not the sign-in page', async () => {
    const { sessions, browser } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    visitor.cookies.delete(bound)
    const id = visitor.instructions?.session_identifier
    const app = new Hono()
      .use(session(sessions))
      .get('/session', requireSession({ signIn: '/login' }), (c) => c.text('in'))
      .get('/fresh', requireFresh(60, { signIn: '/login' }), (c) => c.text('in'))
      .get('/bound', requireBound({ signIn: '/login' }), (c) => c.text('in'))
      .use(
        access({
          signIn: '/login',
          rules: [
            { path: '/login', allow: 'public' },
            { path: '/*', allow: 'session' },
          ],
        }),
      )
      .get('/access', (c) => c.text('in'))
    for (const path of ['/session', '/fresh', '/bound', '/access']) {
      const ask = (skipped: string): Response | Promise<Response> =>
        app.request(`https://app.example.test${path}`, {
          headers: {
            'sec-fetch-mode': 'navigate',
            'sec-fetch-dest': 'document',
            'sec-fetch-site': 'none',
            cookie: `__Host-session=${visitor.cookies.get('__Host-session')}`,
            'secure-session-skipped': skipped,
          },
        })
      expect([path, (await ask(`unreachable;session_identifier="${id}"`)).status]).toEqual([
        path,
        503,
      ])
      // Another session's, or no word that Chromium says.
      expect((await ask('unreachable;session_identifier="other"')).status).toBe(303)
      expect((await ask(`nonsense;session_identifier="${id}"`)).status).toBe(303)
      const second = `quota_exceeded;session_identifier="x", server_error;session_identifier="${id}"`
      expect((await ask(second)).status).toBe(503)
    }
  })
})

describe('access: { device }', () => {
  it('asks for a bound session, and for a recent proof', async () => {
    const { sessions, clock, browser } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    const app = new Hono()
      .use(session(sessions))
      .use(
        access({
          clock: () => clock.now,
          rules: [
            { path: '/pay', allow: { device: { proof: 60 } } },
            { path: '/admin', allow: { device: true } },
            { path: '/*', allow: { device: false, session: true } },
          ],
        }),
      )
      .all('*', (c) => c.text('in'))
    const ask = (path: string): Response | Promise<Response> => {
      const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      return app.request(`https://app.example.test${path}`, { headers: { cookie } })
    }
    expect((await ask('/pay')).status).toBe(200)
    clock.now += minutes + 1000
    const asked = await ask('/pay')
    expect([asked.status, asked.headers.get('location')]).toEqual([307, '/pay'])
    expect(asked.headers.getSetCookie()[0]).toMatch(/^__Host-session-bound=; Max-Age=0;/)
    expect((await ask('/admin')).status).toBe(200)
    await visitor.login()
    expect([(await ask('/admin')).status, (await ask('/x')).status]).toEqual([403, 200])
  })

  it('takes no rule that cannot be meant', () => {
    const wrong: object[] = [
      { device: 'yes' },
      { device: {} },
      { device: { proof: 5 } },
      { device: { prof: 60 } },
      { device: true, session: false },
      { device: null },
    ]
    for (const allow of wrong)
      expect(() => access({ rules: [{ path: '/*', allow: allow as never }] })).toThrow(ConfigError)
  })
})
