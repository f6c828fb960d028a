import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import {
  absoluteEnd,
  checkLifetimes,
  cookieAge,
  idleEnd,
  isSlideDue,
} from '../../src/session/core/lifetimes.ts'
import { session } from '../../src/session/index.ts'
import { Browser, hours, minutes, noon, ourCookie, sessionsAt } from './support.ts'

const limits = { maxAge: 28_800, idleTimeout: 3600, anonymousIdle: 900 }
const at = 1_000_000

describe('absolute and idle timeout', () => {
  it.each([
    ['just made', { created: at, seen: at, authenticated: at }, at, 'alive'],
    ['a second before idle', { created: at, seen: at, authenticated: at }, at + 3599, 'alive'],
    ['at exactly idle', { created: at, seen: at, authenticated: at }, at + 3600, 'idle'],
    ['a visitor a second before idle', { created: at, seen: at }, at + 899, 'alive'],
    ['a visitor at exactly idle', { created: at, seen: at }, at + 900, 'idle'],
    [
      'imported, on the idle clock of users',
      { created: at, seen: at, authenticated: 0 },
      at + 3599,
      'alive',
    ],
    [
      'active, a second before the end',
      { created: at, seen: at + 28_700, authenticated: at },
      at + 28_799,
      'alive',
    ],
    [
      'active, at exactly the end',
      { created: at, seen: at + 28_799, authenticated: at },
      at + 28_800,
      'expired',
    ],
    [
      'from a clock a minute ahead',
      { created: at + 60, seen: at + 60, authenticated: at },
      at,
      'alive',
    ],
    [
      'from a clock further ahead',
      { created: at + 61, seen: at + 61, authenticated: at },
      at,
      'from-the-future',
    ],
    [
      'seen further ahead',
      { created: at, seen: at + 61, authenticated: at },
      at,
      'from-the-future',
    ],
  ])('%s', (_, times, now, standing) => {
    expect(checkLifetimes(times, limits, now)).toBe(standing)
  })

  it('checkLifetimes tells when a session ends', () => {
    const times = { created: at, seen: at + 28_000, authenticated: at }
    expect([absoluteEnd(times, limits), idleEnd(times, limits)]).toEqual([at + 28_800, at + 28_800])
    expect(idleEnd({ created: at, seen: at }, limits)).toBe(at + 900)
  })

  it('a session slides once per tenth of the idle timeout', () => {
    const times = { created: at, seen: at, authenticated: at }
    expect([isSlideDue(times, limits, at + 359), isSlideDue(times, limits, at + 360)]).toEqual([
      false,
      true,
    ])
    expect([
      isSlideDue({ created: at, seen: at }, limits, at + 89),
      isSlideDue({ created: at, seen: at }, limits, at + 90),
    ]).toEqual([false, true])
  })

  it('a cookie lives until the nearer end, and at least a second', () => {
    expect(cookieAge({ created: at, seen: at, authenticated: at }, limits, at)).toBe(3600)
    expect(cookieAge({ created: at, seen: at }, limits, at)).toBe(900)
    expect(
      cookieAge({ created: at, seen: at + 27_000, authenticated: at }, limits, at + 27_000),
    ).toBe(1800)
    expect(
      cookieAge({ created: at, seen: at + 28_799, authenticated: at }, limits, at + 28_800),
    ).toBe(1)
  })
})

function app(options: Parameters<typeof sessionsAt>[0] = {}) {
  const made = sessionsAt(options)
  const routes = new Hono()
    .use(session(made.sessions))
    .get('/login', async (c) => c.json((await c.var.session.start({ userId: 'ada' })) ?? null))
    .get('/visit', async (c) => c.json(await c.var.session.update((d) => ({ ...d, visits: 1 }))))
    .get('/read', async (c) => c.json((await c.var.session.get()) ?? null))
    .get('/info', async (c) => c.json((await c.var.session.info()) ?? null))
    .get('/idle', (c) => c.text('not looked at'))
  return { ...made, browser: new Browser(routes) }
}

describe('a signed-in session', () => {
  it('a signed-in session ends an hour after its last request', async () => {
    const { browser, clock } = app()
    await browser.fetch('/login')
    clock.now += 59 * minutes
    expect(await browser.json('/read')).toEqual({ userId: 'ada' })
    clock.now += 59 * minutes
    expect(await browser.json('/read')).toEqual({ userId: 'ada' })
    clock.now += 60 * minutes
    expect(await browser.json('/read')).toBe(null)
  })

  it('a signed-in session ends eight hours after login despite activity', async () => {
    const { browser, clock, events } = app()
    await browser.fetch('/login')
    for (let passed = 0; passed < 8 * hours - 30 * minutes; passed += 30 * minutes) {
      clock.now += 30 * minutes
      expect(await browser.json('/read')).toEqual({ userId: 'ada' })
    }
    clock.now = noon + 8 * hours - 1000
    expect(await browser.json('/read')).toEqual({ userId: 'ada' })
    clock.now = noon + 8 * hours
    expect(await browser.json('/read')).toBe(null)
    expect(events.at(-1)).toMatchObject({ type: 'session-rejected', reason: 'expired' })
  })

  it('is sealed again at most once per tenth of the hour, with Max-Age of what is left', async () => {
    const { browser, clock } = app()
    expect(ourCookie(await browser.fetch('/login'))?.attributes).toContain('Max-Age=3600')
    clock.now += 6 * minutes - 1000
    expect(ourCookie(await browser.fetch('/read'))).toBe(undefined)
    clock.now += 1000
    expect(ourCookie(await browser.fetch('/read'))?.attributes).toContain('Max-Age=3600')
    clock.now += minutes
    expect(ourCookie(await browser.fetch('/read'))).toBe(undefined)
    clock.now = noon
    await browser.fetch('/login')
    for (let hour = 0; hour < 15; hour++) {
      clock.now += 30 * minutes
      await browser.fetch('/read')
    }
    clock.now += 6 * minutes
    expect(ourCookie(await browser.fetch('/read'))?.attributes).toContain(`Max-Age=${24 * 60}`)
  })

  it('never outlives the idle limit, and when active never falls short of it by more than a tenth', async () => {
    const { browser, clock } = app()
    await browser.fetch('/login')
    clock.now += 6 * minutes - 1000 // not noted: the window still counts from the login
    await browser.fetch('/read')
    clock.now += 54 * minutes
    expect(await browser.json('/read')).toEqual({ userId: 'ada' })
  })

  it('a session that no handler reads does not slide', async () => {
    const { browser, clock } = app()
    await browser.fetch('/login')
    clock.now += 30 * minutes
    expect((await browser.fetch('/idle')).headers.getSetCookie()).toEqual([])
  })

  it('re-authentication restarts both timeouts', async () => {
    const { browser, clock } = app()
    await browser.fetch('/login')
    clock.now += 50 * minutes
    await browser.fetch('/login')
    expect(await browser.json('/info')).toMatchObject({
      createdAt: noon + 50 * minutes,
      expiresAt: noon + 50 * minutes + 8 * hours,
      idleExpiresAt: noon + 110 * minutes,
      authenticatedAt: noon + 50 * minutes,
      signedIn: true,
    })
  })
})

describe('a visitor’s session', () => {
  it("a visitor's session ends after 15 minutes and is not signed in", async () => {
    const { browser, clock } = app()
    expect(ourCookie(await browser.fetch('/visit'))?.attributes).toContain('Max-Age=900')
    const info = await browser.json('/info')
    expect(info).toMatchObject({ signedIn: false, idleExpiresAt: noon + 15 * minutes })
    expect(info).not.toHaveProperty('authenticatedAt')
    clock.now += 15 * minutes
    expect(await browser.json('/read')).toBe(null)
  })
})

describe("the reader's limits", () => {
  it("a cookie that was made under longer limits ends by the reader's shorter ones", async () => {
    const long = app({ maxAge: 34_560_000, idleTimeout: 34_560_000 })
    await long.browser.fetch('/login')
    const short = app({ maxAge: 60, idleTimeout: 60 })
    short.browser.cookies.set('__Host-session', long.browser.cookies.get('__Host-session') ?? '')
    expect(await short.browser.json('/read')).toEqual({ userId: 'ada' })
    short.clock.now += minutes
    expect(await short.browser.json('/read')).toBe(null)
  })

  it('a cookie lives for at most 400 days', async () => {
    const { browser } = app({ maxAge: 34_560_000, idleTimeout: 34_560_000 })
    expect(ourCookie(await browser.fetch('/login'))?.attributes).toContain('Max-Age=34560000')
  })
})
