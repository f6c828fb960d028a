import * as Iron from 'iron-webcrypto'
import { describe, expect, it } from 'vitest'
import { ironCookie, type StoredOptions } from '../../src/session/index.ts'
import type { SessionStore } from '../../src/store/index.ts'
import {
  gate,
  type Handled,
  handled,
  kinds,
  memoryAt,
  siteWith,
  type Visitor,
} from './stored-support.ts'
import { type Data, hours, minutes, noon, otherSecret, secret } from './support.ts'

const password = 'Vb3kQ9xW2mZ7rT5yN8pL1sD4fG6hJ0cA'
const legacyName = 'keystonejs-session'

function keystone(data: unknown = { itemId: 'ada' }, ttl = 8 * hours): Promise<string> {
  return Iron.seal(data, password, {
    ...Iron.defaults,
    ttl,
    localtimeOffsetMsec: noon - Date.now(),
  })
}

function site(
  make: (clock: { now: number }) => SessionStore = memoryAt,
  options: Partial<StoredOptions<Data>> = {},
) {
  const clock = { now: noon }
  const store = handled(make(clock)) as Handled<ReturnType<typeof memoryAt>>
  const made = siteWith(
    store.store,
    {
      legacy: [
        ironCookie<Data>({
          library: 'keystone',
          name: legacyName,
          password,
          data: ({ itemId }) => (typeof itemId === 'string' ? { userId: itemId } : undefined),
        }),
      ],
      ...options,
    },
    clock,
  )
  return {
    ...made,
    store,
    with(cookie: string): Visitor {
      const browser = made.visitor()
      browser.cookies.set(legacyName, cookie)
      return browser
    },
  }
}

describe.each(kinds)('a legacy cookie, stored in %s', (_, make) => {
  it('becomes a session of ours at the first request, and is removed', async () => {
    const made = site(make)
    const browser = made.with(await keystone())
    const { body, cookies } = await browser.visit((s) => s.get())
    expect(body).toEqual({ userId: 'ada' })
    expect(cookies.map((text) => text.split(';', 2).join(';'))).toEqual([
      expect.stringMatching(/^__Host-session=[^;]{100,}; Max-Age=28800$/),
      'keystonejs-session=; Max-Age=0',
    ])
    expect(made.heard()).toEqual(['session-imported'])
    expect([...browser.cookies.keys()]).toEqual(['__Host-session'])
    const again = await browser.visit(async (s) => [await s.get(), await s.info()])
    expect(again.body[0]).toEqual({ userId: 'ada' })
    expect(again.body[1]).toMatchObject({ signedIn: true, createdAt: noon })
    expect(again.body[1]).not.toHaveProperty('authenticatedAt')
    expect(again.cookies).toEqual([])
  })

  it('takes what the first request wrote', async () => {
    const browser = site(make).with(await keystone())
    await browser.visit((s) => s.set('theme', 'dark'))
    expect(await browser.get()).toEqual({ userId: 'ada', theme: 'dark' })
  })

  it('is not imported by a handler that fails, nor by one that does not look', async () => {
    const browser = site(make).with(await keystone())
    await browser.visit(async (s) => {
      await s.get()
      throw new Error('later')
    })
    await browser.visit(() => undefined)
    expect([...browser.cookies.keys()]).toEqual([legacyName])
    expect(await browser.get()).toEqual({ userId: 'ada' })
  })

  it('in parallel first requests is one session', async () => {
    const made = site(make)
    const cookie = await keystone()
    const browsers = Array.from({ length: 5 }, () => made.with(cookie))
    const infos = await Promise.all(browsers.map((browser) => browser.visit((s) => s.info())))
    expect(new Set(infos.map(({ body }) => body.id)).size).toBe(1)
    for (const browser of browsers) expect(await browser.get()).toEqual({ userId: 'ada' })
    await (browsers[0] as Visitor).visit((s) => s.set('theme', 'dark'))
    expect(await (browsers[4] as Visitor).get()).toEqual({ userId: 'ada', theme: 'dark' })
  })

  it('that is expired, of another password or garbage means nothing, and is left alone', async () => {
    const made = site(make)
    for (const cookie of [
      await keystone({ itemId: 'ada' }, -61_000),
      `Fe26.2*${'x'.repeat(80)}`,
      'garbage',
    ]) {
      const { body, cookies } = await made.with(cookie).visit((s) => s.get())
      expect([body, cookies]).toEqual([null, []])
    }
  })
})

describe('a legacy cookie in an atomic store', () => {
  it('that did not come costs nothing', async () => {
    const made = site()
    const { body, cookies } = await made.visitor().visit((s) => s.get())
    expect([body, cookies, made.store.calls]).toEqual([null, [], []])
  })

  it('whose parallel imports meet at the store is one row; what each of them wrote persists', async () => {
    const made = site()
    const cookie = await keystone()
    const [one, two] = [made.with(cookie), made.with(cookie)]
    const held = made.store.hold('rotate')
    const slow = one.visit((s) => s.set('theme', 'dark'))
    await held.arrived
    await two.visit((s) => s.set('cart', ['book']))
    held.release()
    expect((await slow).cookies).toHaveLength(2)
    const both = { userId: 'ada', theme: 'dark', cart: ['book'] }
    expect([await one.get(), await two.get()]).toEqual([both, both])
    expect(await made.sessions.list({ user: 'ada' })).toHaveLength(1)
  })

  it('that a parallel request imports between two reads of this one is one session', async () => {
    const made = site()
    const cookie = await keystone()
    const [slow, quick] = [made.with(cookie), made.with(cookie)]
    const held = made.store.hold('read', 'after')
    const late = slow.visit((s) => s.info())
    await held.arrived
    const { body: first } = await quick.visit((s) => s.info())
    held.release()
    expect((await late).body).toMatchObject({ id: first.id, signedIn: true })
    expect(made.heard()).toEqual(['session-imported'])
    expect(await slow.get()).toEqual({ userId: 'ada' })
  })

  it('that comes late is given the rest of the session’s life, not a new one', async () => {
    const made = site()
    const cookie = await keystone()
    await made.with(cookie).get()
    made.clock.now += 30 * minutes
    const { body, cookies } = await made.with(cookie).visit((s) => s.get())
    expect(body).toEqual({ userId: 'ada' })
    expect(cookies[0]).toContain('Max-Age=27000')
  })

  // Whoever copied the old cookie comes back with it after the owner logged out.
  it.each([
    ['logged out', (owner: Visitor) => owner.logout()],
    ['signed in anew', (owner: Visitor) => owner.login('ada')],
    ['ended all sessions', (owner: Visitor) => owner.visit((s) => s.endAll())],
    ['stayed away until it was idle', () => undefined],
  ])(
    'is no session any more once its owner %s, for as long as its seal would open',
    async (_, over) => {
      const made = site()
      const cookie = await keystone({ itemId: 'ada' }, 100 * hours)
      const owner = made.with(cookie)
      await owner.get()
      await over(owner)
      for (const later of [61 * minutes, 9 * hours, 90 * hours]) {
        made.clock.now = noon + later
        const { body, cookies } = await made.with(cookie).visit((s) => s.get())
        expect([body, cookies]).toEqual([null, []])
      }
    },
  )

  it.each([
    ['logged out', (owner: Visitor) => owner.logout()],
    ['signed in', (owner: Visitor) => owner.login('ada')],
  ])('is none either when its owner %s before it was imported at all', async (_, over) => {
    const made = site()
    const cookie = await keystone({ itemId: 'ada' }, 100 * hours)
    const owner = made.with(cookie)
    const { cookies } = await over(owner)
    expect(cookies.some((text) => text.startsWith('keystonejs-session=; Max-Age=0'))).toBe(true)
    for (const later of [0, 61 * minutes, 90 * hours]) {
      made.clock.now = noon + later
      expect(await made.with(cookie).get()).toBe(null)
    }
  })

  it('a slow request with it does not come back after a logout, and sets no cookie', async () => {
    const made = site()
    const cookie = await keystone()
    const between = gate()
    const slow = made.with(cookie).visit(async (s) => {
      await s.get()
      await between.pass()
    })
    await between.arrived
    await made.with(cookie).logout()
    between.release()
    expect((await slow).cookies).toEqual([])
    expect(made.heard()).not.toContain('session-imported')
    expect(await made.sessions.list({ user: 'ada' })).toEqual([])
  })

  // The logout's answer, or the login's, is on its way; a new visitor's cookie from here would replace what it brings.
  it.each([
    ['logout', (owner: Visitor) => owner.logout()],
    ['login', (owner: Visitor) => owner.login('ada')],
  ])(
    'a request that comes with it within a minute of a %s writes nothing and sets no cookie',
    async (_, over) => {
      const made = site(memoryAt, { initial: () => ({}) })
      const cookie = await keystone()
      await over(made.with(cookie))
      made.clock.now += 59_000
      const { status, cookies } = await made.with(cookie).visit((s) => s.set('theme', 'dark'))
      expect([status, cookies]).toEqual([200, []])
      expect(made.heard().slice(-2)).toEqual([
        'session-rejected: ended',
        'session-write-dropped: ended',
      ])
    },
  )

  it('of an ended session still lets its browser sign in', async () => {
    const made = site()
    const cookie = await keystone()
    await made.with(cookie).logout()
    const browser = made.with(cookie)
    await browser.login('ada')
    expect(await browser.get()).toEqual({ userId: 'ada' })
    expect([...browser.cookies.keys()]).toEqual(['__Host-session'])
  })

  it('without an end of its own is remembered for 400 days', async () => {
    const made = site()
    const cookie = await keystone({ itemId: 'ada' }, 0)
    await made.with(cookie).get()
    await made.sessions.endAll({ user: 'ada' })
    made.clock.now = noon + 399 * 24 * hours
    expect(await made.with(cookie).get()).toBe(null)
  })

  it('that was imported under the older of two secrets is found, not imported again', async () => {
    const clock = { now: noon }
    const store = memoryAt(clock)
    const [old, fresh] = [site(() => store), site(() => store, { secret: [otherSecret, secret] })]
    const cookie = await keystone({ itemId: 'ada' }, 100 * hours)
    const before = old.with(cookie)
    await before.visit((s) => s.set('theme', 'dark'))
    expect(await fresh.with(cookie).get()).toEqual({ userId: 'ada', theme: 'dark' })
    expect(await fresh.sessions.list({ user: 'ada' })).toHaveLength(1)
    await before.logout()
    expect(await fresh.with(cookie).get()).toBe(null)
    for (const each of [old, fresh]) each.clock.now = clock.now = noon + 2 * hours
    expect(await fresh.with(cookie).get()).toBe(null)
  })
})
