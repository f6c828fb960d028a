import { Hono } from 'hono'
import * as Iron from 'iron-webcrypto'
import { describe, expect, it } from 'vitest'
import { ironCookie, requireFresh, requireSession, session } from '../../src/session/index.ts'
import { Browser, type Data, hours, minutes, noon, sessionsAt } from './support.ts'

const password = 'Vb3kQ9xW2mZ7rT5yN8pL1sD4fG6hJ0cA'

async function keystoneCookie(data: unknown, ttl = 8 * hours): Promise<string> {
  return Iron.seal(data, password, {
    ...Iron.defaults,
    ttl,
    localtimeOffsetMsec: noon - Date.now(),
  })
}

function app(options: Partial<Parameters<typeof ironCookie<Data>>[0]> = {}) {
  const made = sessionsAt({
    legacy: [
      ironCookie<Data>({
        library: 'keystone',
        name: 'keystonejs-session',
        password,
        data: ({ itemId }) => (typeof itemId === 'string' ? { userId: itemId } : undefined),
        ...options,
      }),
    ],
  })
  const routes = new Hono()
    .use(session(made.sessions))
    .get('/read', async (c) => c.json((await c.var.session.get()) ?? null))
    .get('/info', async (c) => c.json((await c.var.session.info()) ?? null))
    .get('/ignore', (c) => c.text('ok'))
    .get('/login', async (c) => c.json((await c.var.session.start({ userId: 'eve' })) ?? null))
    .get('/logout', async (c) => c.json((await c.var.session.end()) ?? null))
    .get('/private', requireSession(), (c) => c.text('in'))
    .get('/password', requireFresh(600), (c) => c.text('in'))
  return { ...made, routes, browser: new Browser(routes) }
}

describe('a Keystone cookie', () => {
  it('a Keystone cookie is imported once and removed', async () => {
    const { browser, events } = app()
    browser.cookies.set(
      'keystonejs-session',
      await keystoneCookie({ listKey: 'User', itemId: 'ada' }),
    )
    expect(await browser.json('/read')).toEqual({ userId: 'ada' })
    expect([...browser.cookies.keys()]).toEqual(['__Host-session'])
    expect(await browser.json('/read')).toEqual({ userId: 'ada' })
    expect(events.map(({ type }) => type)).toEqual(['session-imported'])
  })

  it('a Keystone cookie in parallel first requests becomes one session', async () => {
    const { browser } = app()
    const value = await keystoneCookie({ itemId: 'ada' })
    const ids = []
    for (let i = 0; i < 3; i++) {
      browser.cookies.clear()
      browser.cookies.set('keystonejs-session', value)
      ids.push(((await browser.json('/info')) as { id: string }).id)
    }
    expect(new Set(ids).size).toBe(1)
  })

  it('an imported session counts as signed in at an unknown time', async () => {
    const { browser } = app()
    browser.cookies.set('keystonejs-session', await keystoneCookie({ itemId: 'ada' }))
    expect((await browser.fetch('/private')).status).toBe(200)
    expect((await browser.fetch('/password')).status).toBe(401)
    const info = await browser.json('/info')
    expect(info).toMatchObject({ signedIn: true, createdAt: noon })
    expect(info).not.toHaveProperty('authenticatedAt')
  })

  it('a Keystone cookie whose conversion throws is rejected, and the request is answered', async () => {
    const { browser, events } = app({
      data: ({ itemId }) => ({ userId: (itemId as { id: string }).id.toUpperCase() }),
    })
    browser.cookies.set('keystonejs-session', await keystoneCookie({ itemId: 'ada' }))
    expect(await browser.json('/read')).toBe(null)
    expect(events.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      'session-rejected legacy',
    ])
  })

  it('a Keystone cookie stays if no handler reads the session', async () => {
    const { browser } = app()
    browser.cookies.set('keystonejs-session', await keystoneCookie({ itemId: 'ada' }))
    await browser.fetch('/ignore')
    expect([...browser.cookies.keys()]).toEqual(['keystonejs-session'])
  })

  it.each([
    ['/logout', []],
    ['/login', ['__Host-session']],
  ])('is removed by %s too, and cannot come back', async (path, left) => {
    const { browser } = app()
    browser.cookies.set('keystonejs-session', await keystoneCookie({ itemId: 'ada' }))
    await browser.fetch(path)
    expect([...browser.cookies.keys()]).toEqual(left)
  })

  it.each<[string, () => Promise<string>]>([
    [
      'sealed with another password',
      () => Iron.seal({ itemId: 'a' }, `${password}!`, Iron.defaults),
    ],
    [
      'that has ended',
      () =>
        Iron.seal({ itemId: 'a' }, password, {
          ...Iron.defaults,
          ttl: 1000,
          localtimeOffsetMsec: noon - Date.now() - 2 * minutes,
        }),
    ],
    ['that its mapping refuses', () => keystoneCookie({ itemId: 7 })],
    ['that holds a text', () => keystoneCookie('ada')],
    ['that is rubbish', async () => 'Fe26.2**a*b*c*d*e*f'],
  ])('%s is no session and fails nothing', async (_, make) => {
    const { browser, events } = app()
    browser.cookies.set('keystonejs-session', await make())
    expect(await browser.json('/read')).toBe(null)
    expect(events).toEqual([
      { type: 'session-rejected', reason: 'legacy', subject: 'keystonejs-session' },
    ])
  })

  it('a Keystone cookie is ignored without the option legacy', async () => {
    const { sessions } = sessionsAt()
    const cookie = `keystonejs-session=${await keystoneCookie({ itemId: 'ada' })}`
    const context = { request: new Request('https://app.example.test/', { headers: { cookie } }) }
    expect(await sessions.get({ context })).toBe(undefined)
  })
})

describe('an iron cookie that cannot be served', () => {
  it.each([
    [{ name: 'x', password }, 'ironCookie.library is required'],
    [{ library: 'iron', name: 'x', password }, 'ironCookie.library must be one of'],
    [
      { library: 'keystone', name: 'x', password: 'short' },
      'ironCookie.password must have at least 32 characters',
    ],
    [{ library: 'keystone', name: 'a b', password }, 'ironCookie.name'],
    [{ library: 'keystone', name: 'x' }, 'ironCookie.password is required'],
    [
      { library: 'keystone', name: 'x', passwrd: password },
      'ironCookie.passwrd is not an option; did you mean password?',
    ],
  ])('%j', (options, words) => {
    expect(() => ironCookie(options as never)).toThrow(words)
  })
})
