/**
 * Sessions that are bound to a device, behind a gateway: its endpoints, its access rules, and what
 * upstreams see.
 */
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { limitGate, memoryLimiter } from '../../src/limit/index.ts'
import { deviceBound, storedSessions } from '../../src/session/index.ts'
import { memoryStore } from '../../src/store/index.ts'
import {
  type App,
  BoundBrowser,
  bound,
  Device,
  readChallenge,
  tickAtChallenges,
} from '../session/device/support.ts'
import { bench, claimsOf, type Data, type Overrides, order, secret } from './support.ts'

const device = new Device()
const link = {
  'sec-fetch-site': 'cross-site',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  accept: 'text/html',
}

/** A gateway whose sessions are bound, on a clock that tests move. */
async function boundBench(overrides: Overrides = {}, options = {}) {
  const clock = { now: Date.UTC(2026, 10, 20, 12) }
  const state = { down: false }
  const memory = memoryStore({ clock: () => clock.now })
  const at = await bench({
    clock: () => clock.now,
    session: storedSessions<Data>({
      secret,
      user: (data) => data.user,
      clock: () => clock.now,
      device: deviceBound(options),
      store: {
        ...memory,
        read: (...args) => (state.down ? Promise.reject(new Error('down')) : memory.read(...args)),
      },
      onEvent: (event) => at.events.push(event),
    }),
    ...overrides,
  })
  const start = { start: { data: { user: 'ada' } } }
  at.answer = (seen) =>
    seen.method === 'POST' && seen.url.endsWith('/login')
      ? new Response('in', {
          headers: {
            'portcullis-session': order(seen, start),
            'secure-session-registration': '(ES256);path="/steal";challenge="x"',
            'secure-session-challenge': '"x"',
          },
        })
      : new Response('upstream', { headers: { 'secure-session-challenge': '"x"' } })
  const gateway: App = {
    request: (url, init) => at.ask(url.replace('https://app.example.test', ''), init),
  }
  const app = tickAtChallenges(gateway, clock)
  return { at, app, clock, state, browser: new BoundBrowser(app, device) }
}

describe('a gateway whose sessions are bound', () => {
  it('offers registration itself, whatever the upstream says of it', async () => {
    const { at, browser } = await boundBench()
    const response = await browser.fetch('/login', { method: 'POST' })
    expect(response.headers.get('secure-session-registration')).toMatch(
      /^\(ES256 RS256\);path="\/\.portcullis\/dbsc\/register";challenge="/,
    )
    expect(response.headers.has('secure-session-challenge')).toBe(false)
    expect((await at.ask('/')).headers.has('secure-session-challenge')).toBe(false)
  })

  it('tells upstreams that a session is bound, and neither its cookie nor its headers', async () => {
    const { at, browser } = await boundBench()
    await browser.bind()
    await browser.fetch('/account', {
      headers: {
        'secure-session-response': 'x',
        'secure-session-skipped': 'unreachable',
        'sec-secure-session-id': 'x',
        'sec-secure-session-other': 'x',
      },
    })
    const names = [...at.last().headers.keys()]
    expect(names.filter((name) => name.includes('secure-session'))).toEqual([])
    expect(at.last().headers.get('cookie')).toBeNull()
    expect(claimsOf(at.last().headers.get('portcullis-assertion'))).toMatchObject({
      sub: 'ada',
      bound: true,
    })
  })

  it('asserts nothing of a device for a session without one', async () => {
    const { at, browser } = await boundBench()
    await browser.login()
    await browser.fetch('/account')
    expect(claimsOf(at.last().headers.get('portcullis-assertion'))).not.toHaveProperty('bound')
  })

  it('refuses a copied session cookie, and never asks the upstream', async () => {
    const { at, app, browser } = await boundBench()
    await browser.bind()
    at.seen.length = 0
    const thief = browser.copy(app, device, ['__Host-session'])
    expect((await thief.fetch('/account')).status).toBe(401)
    expect(at.seen).toEqual([])
  })

  it('answers browsers although everything else is refused', async () => {
    const limit = limitGate({
      name: 'all',
      limiter: memoryLimiter({ limit: 1, window: 60 }),
      platform: 'cloudflare',
    })
    const { browser, at } = await boundBench({ limit })
    const challenge = await browser.login()
    expect((await browser.fetch('/x')).status).toBe(429)
    // Chromium of about 145 says neither Origin nor Sec-Fetch-Site: an empty Origin here is none.
    const none = { origin: '' }
    const registered = await browser.fetch('/.portcullis/dbsc/register', {
      method: 'POST',
      headers: { ...none, 'secure-session-response': await device.offer(challenge) },
    })
    browser.instructions = await registered.json()
    const refreshed = await browser.prove()
    expect([registered.status, refreshed.status]).toEqual([200, 200])
    expect(at.seen).toHaveLength(1)
  })

  it('answers browsers whose cookies are larger than a request may be', async () => {
    const { browser } = await boundBench()
    await browser.bind()
    browser.cookies.delete(bound)
    browser.cookies.set('analytics', 'x'.repeat(20_000))
    expect((await browser.fetch('/account')).status).toBe(431)
    expect((await browser.prove()).status).toBe(200)
    browser.cookies.delete('analytics')
    expect((await browser.fetch('/account')).status).toBe(200)
  })

  it('takes a bound cookie away that does not count, on a public page as well', async () => {
    const { browser } = await boundBench({
      routes: [
        { path: '/login', to: 'app', access: 'public', sessions: ['start'] },
        { path: '/feed', to: 'app', access: 'public', sessions: ['set'] },
        { path: '/*', to: 'app', access: 'session' },
      ],
    } as never)
    await browser.bind()
    const value = browser.cookies.get(bound) ?? ''
    for (const path of ['/account', '/feed']) {
      browser.cookies.set(bound, 'junk')
      const answer = await browser.fetch(path)
      expect([path, answer.status, browser.cookies.has(bound)]).toEqual([
        path,
        path === '/feed' ? 200 : 401,
        false,
      ])
    }
    browser.cookies.set(bound, value)
    expect((await browser.fetch('/account')).status).toBe(200)
  })

  it('lets no upstream set or end the cookie that binds', async () => {
    const { at, browser } = await boundBench()
    await browser.bind()
    const value = browser.cookies.get(bound)
    at.answer = () =>
      new Response('upstream', {
        headers: [
          ['set-cookie', `${bound}=x; Path=/; Secure; HttpOnly`],
          ['set-cookie', 'theme=dark; Path=/'],
        ],
      })
    const answer = await browser.fetch('/account')
    expect(answer.headers.getSetCookie().filter((line) => line.startsWith(bound))).toEqual([])
    expect(browser.cookies.get(bound)).toBe(value)
  })

  it('answers browsers during maintenance', async () => {
    const state = { closed: false }
    const { browser } = await boundBench({ maintenance: () => state.closed } as Overrides)
    const challenge = await browser.login()
    state.closed = true
    expect((await browser.fetch('/')).status).toBe(503)
    expect((await browser.register(await device.offer(challenge))).status).toBe(200)
    expect((await browser.prove()).status).toBe(200)
  })

  it('answers 503 while the store is down, and the session goes on afterwards', async () => {
    const { browser, state } = await boundBench()
    await browser.bind()
    browser.cookies.delete(bound)
    state.down = true
    const down = await browser.prove()
    expect([down.status, down.headers.get('retry-after')]).toEqual([503, '5'])
    state.down = false
    expect((await browser.prove()).status).toBe(200)
    expect((await browser.fetch('/account')).status).toBe(200)
  })

  it('begins a link from elsewhere again before the upstream hears of it', async () => {
    const { at, browser } = await boundBench()
    await browser.bind()
    browser.cookies.delete(bound)
    at.seen.length = 0
    for (const path of ['/account', '/', '/admin/x']) {
      const response = await browser.fetch(path, { headers: link })
      expect([response.status, await response.text()]).toEqual([
        200,
        '<!doctype html><script>document.write("<template>");location.reload()</script><meta http-equiv="refresh" content="0;url=?"><title>…</title>',
      ])
    }
    expect(at.seen).toEqual([])
    const { headers } = await browser.fetch('/account', { headers: link })
    // Policies of the gateway's own must let the script of the page run.
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'sha256-XN94+9K1rmhisX4EYYA+tzJvYHKqGoP8Zk3Xc38n6bY='",
    )
    expect(at.events.at(-1)).toMatchObject({ reason: 'not-bound-navigation' })
  })

  it('answers 503 where the browser says that it could not prove itself', async () => {
    const { at, browser } = await boundBench()
    await browser.bind()
    browser.cookies.delete(bound)
    const id = browser.instructions?.session_identifier
    const response = await browser.fetch('/account', {
      headers: { 'secure-session-skipped': `quota_exceeded;session_identifier="${id}"` },
    })
    expect([response.status, response.headers.has('retry-after')]).toEqual([503, true])
    expect(at.events.at(-1)).toMatchObject({ reason: 'device-not-proved' })
  })

  it('refuses browsers without a bound session where access asks for one, and nowhere else', async () => {
    const { browser } = await boundBench({
      routes: [
        { path: '/login', to: 'app', access: 'public', sessions: ['start'] },
        { path: '/admin', to: 'app', access: { device: true } },
        { path: '/*', to: 'app', access: 'session' },
      ],
    })
    await browser.login()
    expect((await browser.fetch('/x')).status).toBe(200)
    expect((await browser.fetch('/admin')).status).toBe(403)
    await browser.bind()
    expect((await browser.fetch('/admin')).status).toBe(200)
  })

  it('asks for a proof of this minute, with the method and the body of the request', async () => {
    const { at, browser, clock } = await boundBench({
      routes: [
        { path: '/login', to: 'app', access: 'public', sessions: ['start'] },
        { path: '/pay', to: 'app', access: { device: { proof: 60 } } },
        { path: '/*', to: 'app', access: 'session' },
      ],
    })
    await browser.bind()
    const pay = (): Promise<Response> => browser.fetch('/pay?a=1', { method: 'POST', body: 'x=1' })
    expect((await pay()).status).toBe(200)
    clock.now += 61_000
    at.seen.length = 0
    const asked = await pay()
    expect([asked.status, asked.headers.get('location'), browser.cookies.has(bound)]).toEqual([
      307,
      '/pay?a=1',
      false,
    ])
    expect(at.seen).toEqual([])
    await browser.prove()
    expect((await pay()).status).toBe(200)
  })

  it('serves the well-known file of a site only where the session is one of a site', async () => {
    const path = '/.well-known/device-bound-sessions'
    const { at } = await boundBench()
    expect(await (await at.ask(path)).text()).toBe('upstream')

    const site = await bench({
      session: storedSessions<Data>({
        secret,
        domain: 'example.com',
        store: memoryStore(),
        device: deviceBound({
          site: { origin: 'https://example.com', registering: ['https://app.example.com'] },
        }),
      }),
    })
    const response = await site.ask(path)
    expect([response.headers.get('content-type'), await response.json()]).toEqual([
      'application/json',
      { registering_origins: ['https://app.example.com'] },
    ])
  })

  it('takes no rule on a device where sessions have none', async () => {
    const wrong = bench({ routes: [{ path: '/*', to: 'app', access: { device: true } }] })
    await expect(wrong).rejects.toThrow(ConfigError)
    await expect(wrong).rejects.toThrow(/access\.device.*needs sessions with the option device/)
  })

  it('leaves the two addresses to nobody where sessions have no device', async () => {
    const at = await bench()
    const response = await at.ask('/.portcullis/dbsc/refresh', { method: 'POST' })
    expect([response.status, at.seen.length]).toEqual([404, 0])
    expect(() => readChallenge(response)).toThrow('no challenge: 404')
  })
})
