import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { session, statelessSessions } from '../../src/session/index.ts'
import { countCrypto } from '../crypto/support.ts'
import { Browser, type Data, noon, otherSecret, ourCookie, secret, sessionsAt } from './support.ts'

function counter(options: Parameters<typeof sessionsAt>[0] = {}) {
  const made = sessionsAt(options)
  const app = new Hono()
    .use(session(made.sessions))
    .get('/count', async (c) =>
      c.json(await c.var.session.update((d) => ({ ...d, visits: (d?.visits ?? 0) + 1 }))),
    )
    .get('/read', async (c) => c.json((await c.var.session.get()) ?? null))
    .get('/ignore', (c) => c.text('nothing of the session'))
  return { ...made, app, browser: new Browser(app) }
}

/** `S` of an environment that the project's own type knows nothing of. */
const fromEnv = (c: { env: unknown }): string | undefined => (c.env as { S?: string }).S

describe('the visit counter', () => {
  it('counts 1, 2, 3', async () => {
    const { browser } = counter()
    expect([
      await browser.json('/count'),
      await browser.json('/count'),
      await browser.json('/count'),
    ]).toEqual([{ visits: 1 }, { visits: 2 }, { visits: 3 }])
  })
})

describe('a request without a cookie', () => {
  it('a request without a cookie causes no crypto and no cookie', async () => {
    const { app } = counter()
    const counts = await countCrypto(async () => {
      for (const path of ['/ignore', '/read']) {
        const response = await app.request(path)
        expect(response.headers.getSetCookie()).toEqual([])
      }
    })
    expect(counts).toEqual({})
  })

  it('a handler that does not read the session adds no Vary', async () => {
    const response = await counter().app.request('/ignore')
    expect(response.headers.get('vary')).toBe(null)
    expect(response.headers.get('cache-control')).toBe(null)
  })
})

describe('a request with a cookie', () => {
  it('a session that no handler reads causes no crypto', async () => {
    const { browser } = counter()
    await browser.fetch('/count')
    expect(await countCrypto(() => browser.fetch('/ignore'))).toEqual({})
  })

  it('parallel reads unseal a cookie once', async () => {
    const { sessions } = sessionsAt()
    const app = new Hono()
      .use(session(sessions))
      .get('/start', async (c) => c.json(await c.var.session.start({ visits: 1 })))
      .get('/', async (c) =>
        c.json(
          await Promise.all([
            c.var.session.get(),
            c.var.session.get(),
            sessions.get({ context: c }),
          ]),
        ),
      )
    const browser = new Browser(app)
    await browser.fetch('/start')
    await browser.fetch('/')
    const counts = await countCrypto(async () => {
      expect(await browser.json('/')).toEqual([{ visits: 1 }, { visits: 1 }, { visits: 1 }])
    })
    expect(counts).toEqual({ decrypt: 1 })
  })

  it('a read sets no cookie', async () => {
    const { browser } = counter()
    await browser.fetch('/count')
    const response = await browser.fetch('/read')
    expect(await response.json()).toEqual({ visits: 1 })
    expect(response.headers.getSetCookie()).toEqual([])
  })

  it('every kind of JSON value is read as it was written', async () => {
    const value = {
      s: 'ü€\u2028\ud83d',
      n: -1.5e-7,
      t: true,
      f: false,
      z: null,
      a: [1, [2, {}]],
      o: { deep: { er: '' } },
    }
    const sessions = statelessSessions<{ value: unknown }>({ secret })
    const app = new Hono()
      .use(session(sessions))
      .get('/put', async (c) => c.json(await c.var.session.start({ value })))
      .get('/', async (c) => c.json(await c.var.session.get()))
    const browser = new Browser(app)
    await browser.fetch('/put')
    expect(await browser.json('/')).toEqual({ value })
  })

  it('get returns a copy: changing it changes nothing until it is set', async () => {
    const { sessions } = sessionsAt()
    const app = new Hono()
      .use(session(sessions))
      .get('/start', async (c) => c.json(await c.var.session.start({ cart: ['a'] })))
      .get('/mutate', async (c) => {
        const data = await c.var.session.get()
        data?.cart?.push('b')
        return c.json(await c.var.session.get())
      })
      .get('/push', async (c) => {
        const cart = (await c.var.session.get())?.cart ?? []
        cart.push('c')
        c.var.session.set('cart', cart)
        return c.json(await c.var.session.get())
      })
    const browser = new Browser(app)
    await browser.fetch('/start')
    expect(await browser.json('/mutate')).toEqual({ cart: ['a'] })
    expect(await browser.json('/push')).toEqual({ cart: ['a', 'c'] })
    expect(await browser.json('/mutate')).toEqual({ cart: ['a', 'c'] })
  })
})

describe('a cookie that is not a session', () => {
  it.each([
    ['', 'malformed'],
    ['x', 'malformed'],
    ['a.b.c.d.e', 'malformed'],
    ['%00', 'malformed'],
    ['eyJhbGciOiJub25lIn0..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA', 'malformed'],
  ])('%j reads as none, with one event that says why', async (value, reason) => {
    const { app, events } = counter()
    const response = await app.request('/read', { headers: { cookie: `__Host-session=${value}` } })
    expect([response.status, await response.json()]).toEqual([200, null])
    expect(events).toEqual([{ type: 'session-rejected', reason, subject: '__Host-session' }])
  })

  // curl -H "Cookie: __Host-session=$(head -c 75000 /dev/urandom | base64 -w0)" https://app.example.test/
  it('a cookie of 12 kB is rejected without crypto', async () => {
    const { app, events, browser } = counter()
    await browser.fetch('/count')
    const header = browser.cookies.get('__Host-session')?.split('.')[0]
    const cookie = `__Host-session=${header}..${'A'.repeat(12_000)}`
    expect(await countCrypto(() => app.request('/read', { headers: { cookie } }))).toEqual({})
    expect(events.at(-1)?.reason).toBe('too-long')
  })

  it('a cookie with one changed character reads as no session', async () => {
    const { app, browser } = counter()
    await browser.fetch('/count')
    const token = browser.cookies.get('__Host-session') ?? ''
    expect(
      await (await app.request('/read', { headers: { cookie: `__Host-session=${token}` } })).json(),
    ).toEqual({
      visits: 1,
    })
    for (let i = 0; i < token.length; i++) {
      const changed = `${token.slice(0, i)}${token[i] === 'A' ? 'B' : 'A'}${token.slice(i + 1)}`
      const response = await app.request('/read', {
        headers: { cookie: `__Host-session=${changed}` },
      })
      expect([i, await response.json()]).toEqual([i, null])
    }
  })

  it('a cookie of another name, secret or stage reads as no session', async () => {
    const { app, browser } = counter()
    const foreign = [{ name: 'other' }, { secret: otherSecret }, { audience: 'staging' }]
    for (const options of foreign) {
      const other = counter(options)
      await other.browser.fetch('/count')
      browser.cookies.set('__Host-session', [...other.browser.cookies.values()][0] ?? '')
      expect(await browser.json('/read')).toBe(null)
    }
    expect((await app.request('/read')).status).toBe(200)
  })

  // A page of a sibling host: document.cookie = 'x=1, __Host-session=<token>; domain=example.test'
  it('two cookies of a __Host- name read as no session', async () => {
    const { app, browser, events } = counter()
    await browser.fetch('/count')
    const token = browser.cookies.get('__Host-session')
    const cookie = `__Host-session=${token}; __Host-session=${token}`
    expect(await (await app.request('/read', { headers: { cookie } })).json()).toBe(null)
    expect(events.at(-1)).toEqual({
      type: 'session-rejected',
      reason: 'ambiguous',
      subject: '__Host-session',
    })
    const planted = `__Host-session=planted; __Host-session=${token}`
    expect(await (await app.request('/read', { headers: { cookie: planted } })).json()).toBe(null)
  })

  it('beside a planted cookie of a shared domain the one that opens is used', async () => {
    const { app, browser } = counter({ domain: 'example.test' })
    await browser.fetch('/count')
    const token = browser.cookies.get('__Secure-session')
    for (const cookie of [
      `__Secure-session=planted; __Secure-session=${token}`,
      `__Secure-session=${token}; __Secure-session=planted; __Secure-session=more`,
    ]) {
      expect(await (await app.request('/read', { headers: { cookie } })).json()).toEqual({
        visits: 1,
      })
    }
    const two = `__Secure-session=${token}; __Secure-session=${token}`
    expect(await (await app.request('/read', { headers: { cookie: two } })).json()).toBe(null)
    const four = `__Secure-session=${token}; ${'__Secure-session=x; '.repeat(3)}`
    expect(await (await app.request('/read', { headers: { cookie: four } })).json()).toBe(null)
  })
})

describe('secrets', () => {
  it('after a rotation old seals open and new ones carry the newest secret', async () => {
    const old = counter({ secret: otherSecret })
    await old.browser.fetch('/count')
    const rotated = counter({ secret: [secret, otherSecret] })
    rotated.browser.cookies.set('__Host-session', old.browser.cookies.get('__Host-session') ?? '')
    expect(await rotated.browser.json('/read')).toEqual({ visits: 1 })
    expect(await rotated.browser.json('/count')).toEqual({ visits: 2 })
    const renewed = counter({ secret })
    renewed.browser.cookies.set(
      '__Host-session',
      rotated.browser.cookies.get('__Host-session') ?? '',
    )
    expect(await renewed.browser.json('/read')).toEqual({ visits: 2 })
  })

  it('a cookie of a newer deployment reads as no session and is not replaced', async () => {
    const ahead = counter({ secret: [otherSecret, secret] })
    await ahead.browser.fetch('/count')
    const behind = counter({ secret, initial: () => ({ visits: 100 }) })
    behind.browser.cookies.set('__Host-session', ahead.browser.cookies.get('__Host-session') ?? '')
    const app = new Hono()
      .onError((error, c) => c.json({ code: (error as { code?: string }).code }, 500))
      .use(session(behind.sessions))
      .get('/set', async (c) => {
        c.var.session.set('visits', 5)
        return c.json((await c.var.session.get()) ?? null)
      })
      .get('/update', async (c) => c.json(await c.var.session.update(() => ({ visits: 1 }))))
      .get('/start', async (c) => c.json((await c.var.session.start({ userId: 'a' })) ?? null))
      .get('/end', async (c) => c.json((await c.var.session.end()) ?? null))
    const headers = { cookie: `__Host-session=${behind.browser.cookies.get('__Host-session')}` }
    const set = await app.request('/set', { headers })
    expect([await set.json(), set.headers.getSetCookie()]).toEqual([null, []])
    expect(behind.events.map(({ type, reason }) => [type, reason])).toEqual([
      ['session-rejected', 'unknown-key'],
      ['session-write-dropped', 'unknown-key'],
    ])
    const update = await app.request('/update', { headers })
    expect([await update.json(), update.headers.getSetCookie()]).toEqual([
      { code: 'ERR_SESSION_UNREADABLE' },
      [],
    ])
    expect(ourCookie(await app.request('/start', { headers }))?.value).toMatch(/^eyJ/)
    expect(ourCookie(await app.request('/end', { headers }))?.attributes).toContain('Max-Age=0')
  })

  it('a secret can come from the environment, and a changed one counts immediately', async () => {
    const sessions = statelessSessions<Data>({ secret: (c) => fromEnv(c), clock: () => noon })
    const app = new Hono<{ Bindings: { S: string } }>()
      .use(session(sessions))
      .get('/', async (c) =>
        c.json(await c.var.session.update((d) => ({ visits: (d?.visits ?? 0) + 1 }))),
      )
    const first = await app.request('/', {}, { S: secret })
    const headers = { cookie: `__Host-session=${ourCookie(first)?.value}` }
    expect(await (await app.request('/', { headers }, { S: secret })).json()).toEqual({ visits: 2 })
    const other = await app.request('/', {}, { S: otherSecret })
    expect(await other.json()).toEqual({ visits: 1 })
  })

  it('a missing or short secret of the environment is a ConfigError without its value', async () => {
    const sessions = statelessSessions<Data>({ secret: (c) => fromEnv(c) })
    expect(() => sessions.check({})).toThrow('session.secret is not set')
    let said = ''
    try {
      sessions.check({ S: 'hunter2' })
    } catch (error) {
      said = String(error)
    }
    expect(said).toContain('session.secret')
    expect(said).not.toContain('hunter2')
  })
})
