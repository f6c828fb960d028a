/** What use has found wrong with stored sessions, as visitors meet it. */
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/store/index.ts'
import { handled, memoryAt, siteWith, type Visitor } from './stored-support.ts'
import { hours, minutes, noon } from './support.ts'

describe('S5: a version belongs to its session', () => {
  // alice opens a form, bob signs in with the same browser, alice's form is sent.
  it('a form of alice stores nothing in the session of bob, although both counted one write', async () => {
    const { visitor } = siteWith(memoryAt({ now: noon }))
    const browser = visitor()
    await browser.login('alice')
    const { version } = (await browser.visit((s) => s.info())).body
    await browser.login('bob')
    const sent = await browser.visit((s) =>
      s.update((data) => ({ ...data, theme: 'of alice' }), { ifVersion: version }),
    )
    expect(sent.status).toBe(409)
    expect(await browser.get()).toEqual({ userId: 'bob' })
  })

  it('neither does a form of a visitor after the login, nor a bare count', async () => {
    const { visitor } = siteWith(memoryAt({ now: noon }))
    const browser = visitor()
    await browser.visit((s) => s.update(() => ({ cart: ['one'] })))
    const { version } = (await browser.visit((s) => s.info())).body
    await browser.login('ada')
    for (const ifVersion of [version, '1', '']) {
      const sent = await browser.visit((s) =>
        s.update((data) => ({ ...data, theme: 'old' }), { ifVersion }),
      )
      expect(sent.status).toBe(409)
    }
    expect(await browser.get()).toEqual({ userId: 'ada' })
  })
})

describe('S7: clocks that are further apart than a minute', () => {
  it.each([2 * minutes, 3 * hours, 50 * hours])(
    'a request on a machine %d ms behind shows no session, and puts none in the place of the login',
    async (apart) => {
      const [fast, slow] = [{ now: noon + apart }, { now: noon }]
      const store = memoryStore({ clock: () => noon })
      const ahead = siteWith(store, {}, fast)
      const behind = siteWith(store, { initial: () => ({}) }, slow)
      const signedIn = ahead.visitor()
      await signedIn.login('ada')

      const browser = behind.visitor()
      for (const [name, value] of signedIn.cookies) browser.cookies.set(name, value)
      expect(await browser.get()).toBe(null)
      for (const write of [
        (it: Visitor) => it.visit((s) => s.set('theme', 'dark')),
        (it: Visitor) => it.visit((s) => s.flash('notice', 'Hello')),
        (it: Visitor) => it.visit((s) => s.update(() => ({ visits: 1 }))),
      ]) {
        expect((await write(browser)).cookies).toEqual([])
      }
      expect(behind.heard()).toContain('session-write-dropped: from-the-future')

      for (const [name, value] of browser.cookies) signedIn.cookies.set(name, value)
      expect(await signedIn.get()).toEqual({ userId: 'ada' })
      expect((await browser.visit((s) => s.start({ userId: 'bob' }))).cookies).toHaveLength(1)
      expect(await browser.get()).toEqual({ userId: 'bob' })
    },
  )
})

describe('S8: a login form that is sent twice', () => {
  it.each(['before it', 'after it'])(
    'keeps the cart, with the second copy read %s',
    async (when) => {
      for (let round = 0; round < 20; round++) {
        const store = handled(memoryAt({ now: noon }))
        const { visitor } = siteWith(store.store)
        const browser = visitor()
        await browser.visit((s) => s.update(() => ({ cart: ['book'] })))
        const [one, two] = [browser.twin(), browser.twin()]
        const login = (it: Visitor) =>
          it.visit((s) => s.start({ userId: 'ada' }, { keep: ['cart'] }))
        if (when === 'before it') await Promise.all([login(one), login(two)])
        else {
          await login(one)
          await login(two)
        }
        for (const it of [one, two])
          expect(await it.get()).toEqual({ userId: 'ada', cart: ['book'] })
      }
    },
  )

  it('takes along a message of before, too', async () => {
    const { visitor } = siteWith(memoryAt({ now: noon }))
    const browser = visitor()
    await browser.visit((s) => s.flash('notice', 'Sign in first'))
    const [one, two] = [browser.twin(), browser.twin()]
    await Promise.all([one.login(), two.login()])
    expect((await two.visit((s) => s.takeFlash('notice'))).body).toBe('Sign in first')
  })
})

describe('S9: a user with as many sessions as allowed', () => {
  it('loses the four that idled out, not the one that is in use', async () => {
    const clock = { now: noon }
    const store = memoryStore({ clock: () => clock.now, maxPerUser: 5 })
    const { visitor, sessions } = siteWith(store, {}, clock)
    const inUse = visitor()
    await inUse.login()
    for (let n = 0; n < 4; n++) await visitor().login()
    for (let n = 0; n < 3; n++) {
      clock.now += 30 * minutes
      await inUse.get()
    }
    await visitor().login()
    expect(await inUse.get()).toEqual({ userId: 'ada' })
    expect(await sessions.list({ user: 'ada' })).toHaveLength(2)
  })
})

describe('S11: messages around a login and a logout', () => {
  it('end() and then flash() shows the message to whoever signed out', async () => {
    const { visitor } = siteWith(memoryAt({ now: noon }))
    const browser = visitor()
    await browser.login()
    const { status, cookies } = await browser.visit(async (s) => {
      await s.end()
      s.flash('notice', 'Bye')
    })
    expect([status, cookies.length]).toEqual([200, 1])
    expect(await browser.get()).toBe(null)
    expect((await browser.visit((s) => s.takeFlash('notice'))).body).toBe('Bye')
    expect((await browser.visit((s) => s.takeFlash('notice'))).body).toBe(null)
  })

  it('after end() nothing else is written', async () => {
    const { visitor } = siteWith(memoryAt({ now: noon }))
    const browser = visitor()
    await browser.login()
    const { status } = await browser.visit(async (s) => {
      await s.end()
      s.set('theme', 'dark')
    })
    expect(status).toBe(401)
    expect(await browser.get()).toBe(null)
  })

  it('a message of an earlier request survives start(), for the same user', async () => {
    const { visitor } = siteWith(memoryAt({ now: noon }))
    const browser = visitor()
    await browser.visit((s) => s.flash('notice', 'Sign in first'))
    await browser.login('ada')
    await browser.login('ada')
    expect((await browser.visit((s) => s.takeFlash('notice'))).body).toBe('Sign in first')
    expect((await browser.visit((s) => s.takeFlash('notice'))).body).toBe(null)
  })

  it('a message for ada is not shown to bob', async () => {
    const { visitor } = siteWith(memoryAt({ now: noon }))
    const browser = visitor()
    await browser.login('ada')
    await browser.visit((s) => s.flash('notice', 'Your order 4711'))
    await browser.login('bob')
    expect((await browser.visit((s) => s.takeFlash('notice'))).body).toBe(null)
  })

  it('a message that was taken before start() is not shown again', async () => {
    const { visitor } = siteWith(memoryAt({ now: noon }))
    const browser = visitor()
    await browser.visit((s) => s.flash('notice', 'Sign in first'))
    const taken = await browser.visit(async (s) => {
      const message = await s.takeFlash('notice')
      await s.start({ userId: 'ada' })
      return message
    })
    expect(taken.body).toBe('Sign in first')
    expect((await browser.visit((s) => s.takeFlash('notice'))).body).toBe(null)
  })
})
