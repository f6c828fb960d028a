import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { portcullis } from '../../src/index.ts'
import {
  deviceBound,
  requireSession,
  revocable,
  type SessionStrategy,
  session,
  sessionsBy,
  statelessSessions,
  storedSessions,
} from '../../src/session/index.ts'
import { memoryRevocations, memoryStore } from '../../src/store/index.ts'
import {
  createBrowser,
  createClock,
  createEventLog,
  createSignedInCookie,
} from '../../src/testing/index.ts'
import { noon, secret } from '../session/support.ts'

const origin = 'https://app.example.com'

interface Data {
  readonly user: string
}

/** Answers every request with one Set-Cookie, and with what it received. */
function createCookieServer(): { line: string; fetch(request: Request): Response } {
  return {
    line: '',
    fetch(request): Response {
      const headers = new Headers({ 'x-cookie': request.headers.get('cookie') ?? '' })
      if (this.line !== '') headers.append('set-cookie', this.line)
      return new Response('', { headers })
    },
  }
}

/** Sets each cookie at this address, and returns the browser. */
async function setCookies(url: string, ...lines: string[]) {
  const site = createCookieServer()
  const browser = createBrowser({ site, origin: new URL(url).origin })
  for (const line of lines) {
    site.line = line
    await browser.open(url)
  }
  return browser
}

describe('the cookies of a test browser', () => {
  test('are kept or ignored as RFC 6265bis says', async () => {
    const cases: Array<{ url?: string; line: string; problem?: string }> = [
      { line: '__Host-id=1; Path=/; Secure' },
      { line: '__Host-id=1; Secure', problem: '__host- needs Path=/' },
      { line: '__Host-id=1; Path=/', problem: '__host- needs Secure' },
      { line: '__Host-id=1; Path=/a; Secure', problem: '__host- needs Path=/' },
      {
        line: '__Host-id=1; Path=/; Secure; Domain=app.example.com',
        problem: '__host- must not have a Domain',
      },
      { line: '__HOST-id=1; Path=/', problem: '__host- needs Secure' },
      {
        line: '=__Host-id=1; Path=/; Secure',
        problem: 'a cookie without a name must not begin with __host-',
      },
      { line: '__Secure-id=1; Secure' },
      { line: '__Secure-id=1', problem: '__secure- needs Secure' },
      { line: '__Http-id=1; Secure', problem: '__http- needs HttpOnly' },
      { line: '__Host-Http-id=1; Secure; HttpOnly; Path=/' },
      { line: 'id=1; Domain=example.com' },
      {
        line: 'id=1; Domain=other.example.com',
        problem: 'its Domain does not include app.example.com',
      },
      { line: 'id=1; Domain=ple.com', problem: 'its Domain does not include app.example.com' },
      { line: 'id=1; Domain=com', problem: 'its Domain is a top-level domain' },
      { line: 'id=1; SameSite=None', problem: 'SameSite=None needs Secure' },
      {
        line: 'id=1; Secure',
        url: 'http://app.example.com/',
        problem: 'http://app.example.com cannot set a Secure cookie',
      },
      { line: 'id=1; Secure', url: 'http://localhost:8787/' },
      { line: `id=${'x'.repeat(5000)}`, problem: 'it is too long or malformed' },
    ]

    for (const { url = `${origin}/`, line, problem } of cases) {
      const browser = await setCookies(url, line)
      const problems = browser.rejectedCookies.map((rejected) => rejected.problem)
      expect([line, problems]).toEqual([line, problem === undefined ? [] : [problem]])
      expect([line, browser.listCookies().length]).toEqual([line, problem === undefined ? 1 : 0])
    }
  })

  test('are sent to their host, path and scheme, longer paths first', async () => {
    const browser = await setCookies(
      `${origin}/shop/cart`,
      'all=1; Path=/',
      'shop=2; Path=/shop',
      'here=3',
      'wide=4; Domain=example.com; Path=/',
      'safe=5; Path=/; Secure',
    )

    expect(browser.readCookies('/shop/cart')).toBe('shop=2; here=3; all=1; wide=4; safe=5')
    expect(browser.readCookies('/shopping')).toBe('all=1; wide=4; safe=5')
    expect(browser.readCookies('https://www.example.com/')).toBe('wide=4')
    expect(browser.readCookies('http://app.example.com/')).toBe('all=1; wide=4')
    expect(browser.readCookies('https://badexample.com/')).toBe('')
  })

  test('expire by the clock, by Max-Age before Expires', async () => {
    const clock = createClock(noon)
    const browser = createBrowser({ site: createCookieServer(), origin, clock })
    browser.setCookie('short=1; Max-Age=60; Expires=Fri, 31 Dec 2100 00:00:00 GMT')
    browser.setCookie(`dated=1; Expires=${new Date(noon + 120_000).toUTCString()}`)
    browser.setCookie('session=1')
    expect(browser.readCookies('/')).toBe('short=1; dated=1; session=1')

    clock.elapse(59_999)
    expect(browser.readCookies('/')).toContain('short=1')
    clock.elapse(1)
    expect(browser.readCookies('/')).toBe('dated=1; session=1')
    clock.elapse(60_000)
    expect(browser.readCookies('/')).toBe('session=1')
    browser.setCookie('session=; Max-Age=0')
    expect(browser.readCookies('/')).toBe('')
  })

  test('stay at home when another site sends a form, by their SameSite', async () => {
    const site = createCookieServer()
    const browser = createBrowser({ site, origin })
    for (const kind of ['Strict', 'Lax', 'None'])
      browser.setCookie(`${kind}=1; SameSite=${kind}; Secure`)

    const read = (response: Response): string | null => response.headers.get('x-cookie')
    const evil = { from: 'https://evil.test' }
    expect(read(await browser.open('/'))).toBe('Strict=1; Lax=1; None=1')
    expect(read(await browser.submit('/', {}, evil))).toBe('None=1')
    expect(read(await browser.submit('/', {}, { from: 'https://www.example.com' }))).toBe(
      'Strict=1; Lax=1; None=1',
    )
    expect(read(await browser.fetch('/', evil))).toBe('None=1')
  })

  test('are listed as Playwright takes them', async () => {
    const clock = createClock(noon)
    const browser = createBrowser({ site: createCookieServer(), origin, clock })
    browser.setCookie('id=1; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=60')
    browser.setCookie('theme=dark; Domain=example.com; Path=/')
    expect(browser.listCookies()).toEqual([
      {
        name: 'id',
        value: '1',
        domain: 'app.example.com',
        path: '/',
        expires: noon / 1000 + 60,
        httpOnly: true,
        secure: true,
        sameSite: 'Strict',
      },
      {
        name: 'theme',
        value: 'dark',
        domain: '.example.com',
        path: '/',
        expires: -1,
        httpOnly: false,
        secure: false,
        sameSite: 'Lax',
      },
    ])
  })
})

/** Every strategy of the library, over the same data. */
function createStrategies(): Record<string, SessionStrategy<Data>> {
  const options = { secret, user: (data: Data) => data.user }
  const stateless = statelessSessions<Data>(options)
  const device = deviceBound()
  return {
    stateless,
    'from the environment': statelessSessions<Data>({ secret: (c) => c.env.SESSION_SECRET }),
    revocable: statelessSessions<Data>({
      ...options,
      revocation: revocable({ store: memoryRevocations() }),
    }),
    stored: storedSessions<Data>({ ...options, store: memoryStore() }),
    'device-bound': storedSessions<Data>({ ...options, store: memoryStore(), device }),
    chosen: sessionsBy<Data>(() => 'cookie', { cookie: stateless }),
  }
}

describe('a signed-in cookie', () => {
  for (const name of Object.keys(createStrategies())) {
    test(`opens an account with sessions that are ${name}`, async () => {
      const sessions = createStrategies()[name] as SessionStrategy<Data>
      const env = { SESSION_SECRET: secret }
      const app = new Hono()
        .use(session(sessions))
        .get('/account', requireSession(), async (c) => c.json(await c.var.session.get()))

      expect((await app.request(`${origin}/account`, {}, env)).status).toBe(401)
      const cookie = await createSignedInCookie(sessions, { user: 'ada' }, { env })
      const response = await app.request(`${origin}/account`, { headers: { cookie } }, env)
      expect(await response.json()).toEqual({ user: 'ada' })

      const browser = createBrowser({ site: app, origin, env })
      await browser.signIn(sessions, { user: 'bob' })
      expect(await (await browser.open('/account')).json()).toEqual({ user: 'bob' })
    })
  }

  test('is refused where a browser would ignore it', async () => {
    const browser = createBrowser({ site: createCookieServer(), origin: 'http://app.example.com' })
    const sessions = statelessSessions<Data>({ secret })
    await expect(browser.signIn(sessions, { user: 'ada' })).rejects.toThrow(
      'A browser ignores the cookie of this session: http://app.example.com cannot set a Secure cookie',
    )
  })
})

/** An app with a login, whose events are collected. */
function createApp() {
  const clock = createClock(noon)
  const log = createEventLog()
  const sessions = storedSessions<Data>({ secret, store: memoryStore({ clock }), clock })
  const app = new Hono()
    .use(portcullis({ session: sessions, onEvent: log.onEvent }))
    .get('/', (c) => c.text('home'))
    .post('/login', async (c) => {
      const { user } = await c.req.parseBody()
      await c.var.session.start({ user: `${user}` })
      return c.redirect('/account', 303)
    })
    .get('/account', requireSession({ signIn: '/' }), async (c) =>
      c.json(await c.var.session.get()),
    )
    .post('/again', (c) => c.redirect('/echo', 307))
    .post('/echo', async (c) => c.text(await c.req.text()))
    .get('/loop', (c) => c.redirect('/loop'))
  return { clock, log, sessions, browser: createBrowser({ site: app, origin, clock }) }
}

describe('a test browser', () => {
  test('signs in by a form of the site, and shows the page where it ended', async () => {
    const { browser } = createApp()
    expect((await browser.open('/account')).status).toBe(200)
    expect(browser.url).toBe(`${origin}/?return_to=%2Faccount`)

    const page = await browser.submit('/login', { user: 'ada' })
    expect([await page.json(), browser.url]).toEqual([{ user: 'ada' }, `${origin}/account`])
  })

  // <form action="https://app.example.com/login" method="post"> on https://evil.test
  test('sends a form of another site as that site does, and the log has the event', async () => {
    const { browser, log } = createApp()
    const page = await browser.submit('/login', { user: 'eve' }, { from: 'https://evil.test' })
    expect(page.status).toBe(403)
    expect(log.find('csrf-refused')).toMatchObject([{ reason: 'cross-site' }])
    expect((await log.waitFor('csrf-refused')).reason).toBe('cross-site')
    expect(browser.listCookies()).toEqual([])

    log.clear()
    expect(log.events).toEqual([])
    await expect(log.waitFor('session-created', 1)).rejects.toThrow(
      'No event session-created came within 1 ms; events that came: none',
    )
    const created = log.waitFor('session-created')
    await browser.submit('/login', { user: 'ada' })
    expect((await created).type).toBe('session-created')
  })

  test('asks as a script: no page, no redirect, and Origin for another site', async () => {
    const { browser } = createApp()
    expect((await browser.fetch('/account')).status).toBe(401)
    expect(
      (await browser.fetch('/login', { method: 'POST', from: 'https://evil.test' })).status,
    ).toBe(403)
    expect((await browser.fetch('/echo', { method: 'POST', body: 'hello' })).status).toBe(200)
  })

  test('sends a form again after 307, and gives up in a loop', async () => {
    const { browser } = createApp()
    expect(await (await browser.submit('/again', { a: '1' })).text()).toBe('a=1')
    expect((await browser.open('/loop', { redirect: 'manual' })).status).toBe(302)
    await expect(browser.open('/loop')).rejects.toThrow('More than 12 redirects')
  })

  test('signs out after the idle timeout, by the clock of its sessions', async () => {
    const { browser, clock, sessions } = createApp()
    await browser.signIn(sessions, { user: 'ada' })
    const thief = browser.copy()
    expect(await (await thief.open('/account')).json()).toEqual({ user: 'ada' })

    clock.elapse(9 * 3_600_000)
    expect((await browser.open('/account')).status).toBe(200)
    expect(browser.url).toContain('return_to')
    browser.clearCookies()
    expect(browser.readCookies('/')).toBe('')
  })

  test('names a server that it does not know', async () => {
    const { browser } = createApp()
    await expect(browser.open('https://other.example/')).rejects.toThrow(
      'No server is known at https://other.example',
    )
  })
})
