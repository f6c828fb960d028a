import { describe, expect, it } from 'vitest'
import { gate, type Handled, handled, memoryAt, siteWith, type Visitor } from './stored-support.ts'
import { minutes, noon } from './support.ts'

// Every order here is forced: a request stops at a gate, in its handler or at the store, until another one is through.

function site(options: Parameters<typeof siteWith>[1] = {}) {
  const clock = { now: noon }
  const store: Handled<ReturnType<typeof memoryAt>> = handled(memoryAt(clock))
  return { ...siteWith(store.store, options, clock), store }
}

async function signedIn(options: Parameters<typeof siteWith>[1] = {}) {
  const made = site(options)
  const browser = made.visitor()
  await browser.login()
  made.heard()
  return { ...made, browser, twin: browser.twin() }
}

describe('a logout', () => {
  it('a logout wins over a slow reader', async () => {
    const { browser, twin, store } = await signedIn()
    const held = store.hold('read', 'after')
    const slow = twin.visit((s) => s.get())
    await held.arrived
    await browser.logout()
    held.release()
    expect((await slow).cookies).toEqual([])
    expect([browser.cookies.size, await browser.get(), await twin.get()]).toEqual([0, null, null])
  })

  // Two tabs: one saves a form for two seconds, the other one logs out.
  it('a logout wins over a slow writer: its write is dropped and sets no cookie', async () => {
    const { browser, twin, heard } = await signedIn()
    const between = gate()
    const slow = twin.visit(async (s) => {
      s.set('theme', 'dark')
      await s.get()
      await between.pass()
    })
    await between.arrived
    await browser.logout()
    between.release()
    const { status, cookies } = await slow
    expect([status, cookies]).toEqual([200, []])
    expect(heard()).toEqual(['session-ended: ended', 'session-write-dropped: ended'])
    expect(await twin.get()).toBe(null)
  })

  it('a logout wins over a write that is on its way to the store', async () => {
    const { browser, twin, store, heard } = await signedIn()
    const held = store.hold('replace')
    const slow = twin.visit((s) => s.set('theme', 'dark'))
    await held.arrived
    await browser.logout()
    held.release()
    expect((await slow).cookies).toEqual([])
    expect(heard()).toEqual(['session-ended: ended', 'session-write-dropped: ended'])
    expect(await twin.get()).toBe(null)
  })

  it.each([
    [
      'update',
      (s: Parameters<Parameters<Visitor['visit']>[0]>[0]) =>
        s.update((data) => ({ ...data, visits: 1 })),
    ],
    [
      'commit',
      (s: Parameters<Parameters<Visitor['visit']>[0]>[0]) => {
        s.set('visits', 1)
        return s.commit()
      },
    ],
  ])('makes an explicit %s fail with 401 and no cookie', async (_, write) => {
    const { browser, twin } = await signedIn()
    const between = gate()
    const slow = twin.visit(async (s) => {
      await s.get()
      await between.pass()
      await write(s)
    })
    await between.arrived
    await browser.logout()
    between.release()
    const { status, body, cookies } = await slow
    expect([status, body.title, cookies]).toEqual([401, 'Unauthorized', []])
    expect(await twin.get()).toBe(null)
  })

  it('is remembered for a minute: a request that comes late writes nothing, and makes no session either', async () => {
    const { browser, twin, clock, heard } = await signedIn({ initial: () => ({}) })
    await browser.logout()
    clock.now += 59_000
    const { cookies } = await twin.visit((s) => s.set('theme', 'dark'))
    expect(cookies).toEqual([])
    expect(heard().slice(1)).toEqual(['session-rejected: ended', 'session-write-dropped: ended'])
  })

  it('two parallel logouts are harmless and emit one event', async () => {
    const { browser, twin, heard } = await signedIn()
    const all = await Promise.all([browser.logout(), twin.logout(), browser.logout()])
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(heard()).toEqual(['session-ended: ended'])
  })
})

describe('writers', () => {
  it('parallel writes of different members both persist', async () => {
    const { browser, twin, store, heard } = await signedIn()
    const held = store.hold('replace')
    const slow = twin.visit((s) => s.set('theme', 'dark'))
    await held.arrived
    await browser.visit((s) => s.set('cart', ['book']))
    held.release()
    await slow
    expect(await browser.get()).toEqual({ userId: 'ada', theme: 'dark', cart: ['book'] })
    expect(heard()).toEqual(['session-conflict'])
  })

  it('of two parallel writes of one member the later wins', async () => {
    const { browser, twin, store } = await signedIn()
    const held = store.hold('replace')
    const slow = twin.visit((s) => s.set('theme', 'slow'))
    await held.arrived
    await browser.visit((s) => s.set('theme', 'fast'))
    held.release()
    await slow
    expect(await browser.get()).toMatchObject({ theme: 'slow' })
  })

  it('fifty parallel increments end at fifty', async () => {
    const { browser } = await signedIn()
    const all = await Promise.all(
      Array.from({ length: 50 }, () =>
        browser.visit((s) => s.update((data) => ({ ...data, visits: (data?.visits ?? 0) + 1 }))),
      ),
    )
    expect(all.map(({ body }) => body.visits).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, n) => n + 1),
    )
    expect(await browser.get()).toMatchObject({ visits: 50 })
  })

  it('an update that finds its work done by another goes on with what is there', async () => {
    const { browser, twin, store } = await signedIn()
    const held = store.hold('replace')
    const slow = twin.visit(async (s) => [
      await s.update((data) => ({ ...data, theme: 'dark' })),
      await s.get(),
    ])
    await held.arrived
    await browser.visit((s) => s.update((data) => ({ ...data, theme: 'dark', cart: ['book'] })))
    held.release()
    const both = { userId: 'ada', theme: 'dark', cart: ['book'] }
    expect((await slow).body).toEqual([both, both])
  })
})

describe('a login', () => {
  it('during another request’s write: the write is dropped, the old id is over, the login stands', async () => {
    const { browser, twin, store, heard } = await signedIn()
    const held = store.hold('replace')
    const slow = twin.visit((s) => s.set('theme', 'dark'))
    await held.arrived
    await browser.login()
    held.release()
    expect((await slow).cookies).toEqual([])
    expect(heard()).toEqual([
      'session-ended: replaced',
      'session-created: started',
      'session-write-dropped: ended',
    ])
    expect([await browser.get(), await twin.get()]).toEqual([{ userId: 'ada' }, null])
  })

  // The slow answer arrives last, so its cookie would be the browser's: a user who has just signed in would be a visitor.
  it('is not undone by a slow request with the cookie of before, whatever that one writes', async () => {
    const { visitor, heard } = site({ initial: () => ({}) })
    const browser = visitor()
    await browser.visit((s) => s.set('cart', ['book']))
    const between = gate()
    const slow = browser.visit(async (s) => {
      await between.pass()
      s.set('theme', 'dark')
      s.flash('notice', 'saved')
    })
    await between.arrived
    await browser.login()
    between.release()
    expect((await slow).cookies).toEqual([])
    expect(heard().slice(-2)).toEqual(['session-rejected: ended', 'session-write-dropped: ended'])
    expect(await browser.get()).toEqual({ userId: 'ada' })
  })

  it('is not undone by one whose cookie had expired, and who finds nothing and begins anew', async () => {
    const { visitor, clock, store, heard } = site({ initial: () => ({}) })
    const browser = visitor()
    await browser.visit((s) => s.set('cart', ['book']))
    clock.now += 16 * minutes
    const held = store.hold('create')
    const slow = browser.visit((s) => s.set('theme', 'dark'))
    await held.arrived
    await browser.login()
    held.release()
    const { cookies, status } = await slow
    expect([status, cookies]).toEqual([200, []])
    expect(heard()).toContain('session-write-dropped: ended')
    expect(await browser.get()).toEqual({ userId: 'ada' })
  })

  it('is not undone by a mere read, however late', async () => {
    const { browser, clock, store } = await signedIn()
    clock.now += 30 * minutes
    const held = store.hold('read', 'after')
    const slow = browser.visit((s) => s.get())
    await held.arrived
    await browser.login('ada')
    held.release()
    expect((await slow).cookies).toEqual([])
    expect(await browser.get()).toEqual({ userId: 'ada' })
  })

  it('that keeps a cart looks at it again when another request changes it meanwhile', async () => {
    const { visitor, store } = site()
    const browser = visitor()
    await browser.visit((s) => s.update(() => ({ cart: ['one'] })))
    const held = store.hold('rotate')
    const login = browser.visit((s) => s.start({ userId: 'ada' }, { keep: ['cart'] }))
    await held.arrived
    const twin = browser.twin()
    expect((await twin.visit((s) => s.set('cart', ['one', 'two']))).status).toBe(200)
    held.release()
    await login
    expect(await browser.get()).toEqual({ userId: 'ada', cart: ['one', 'two'] })
    expect(await twin.get()).toBe(null)
  })

  it.each([
    ['ended', (twin: Visitor) => twin.logout()],
    ['went to somebody else', (twin: Visitor) => twin.login('eve')],
  ])('that keeps a cart of a session that %s meanwhile happens without it', async (_, other) => {
    const { visitor, store } = site()
    const browser = visitor()
    await browser.visit((s) => s.update(() => ({ cart: ['one'] })))
    const held = store.hold('rotate')
    const login = browser.visit((s) => s.start({ userId: 'ada' }, { keep: ['cart'] }))
    await held.arrived
    await other(browser.twin())
    held.release()
    expect((await login).status).toBe(200)
    expect(await browser.get()).toEqual({ userId: 'ada' })
  })

  it('two parallel logins leave two sessions of the user and end the old one', async () => {
    const { visitor, sessions } = site()
    const browser = visitor()
    await browser.visit((s) => s.update(() => ({ cart: ['one'] })))
    const [one, two, before] = [browser.twin(), browser.twin(), browser.twin()]
    await Promise.all([one.login(), two.login()])
    expect([await one.get(), await two.get(), await before.get()]).toEqual([
      { userId: 'ada' },
      { userId: 'ada' },
      null,
    ])
    expect(await sessions.list({ user: 'ada' })).toHaveLength(2)
  })
})

describe('a message', () => {
  it('ten parallel requests show a message once', async () => {
    const { browser } = await signedIn()
    await browser.visit((s) => s.flash('notice', 'Saved'))
    const all = await Promise.all(
      Array.from({ length: 10 }, () => browser.visit((s) => s.takeFlash('notice'))),
    )
    expect(all.map(({ body }) => body).filter((body) => body !== null)).toEqual(['Saved'])
  })

  it('a message that two requests read goes to the one that takes it first', async () => {
    const { browser, twin, store } = await signedIn()
    await browser.visit((s) => s.flash('notice', 'Saved'))
    const held = store.hold('replace')
    const slow = twin.visit((s) => s.takeFlash('notice'))
    await held.arrived
    expect((await browser.visit((s) => s.takeFlash('notice'))).body).toBe('Saved')
    held.release()
    expect((await slow).body).toBe(null)
  })

  it('a message is not lost to a parallel reader', async () => {
    const { browser, twin, store } = await signedIn()
    const held = store.hold('read', 'after')
    const reader = twin.visit((s) => s.get())
    await held.arrived
    await browser.visit((s) => s.flash('notice', 'Saved'))
    held.release()
    await reader
    expect((await browser.visit((s) => s.takeFlash('notice'))).body).toBe('Saved')
  })

  it('a message of an ended session is not shown', async () => {
    const { browser, twin, store } = await signedIn()
    await browser.visit((s) => s.flash('notice', 'Saved'))
    const held = store.hold('replace')
    const slow = twin.visit((s) => s.takeFlash('notice'))
    await held.arrived
    await browser.logout()
    held.release()
    const { status, body, cookies } = await slow
    expect([status, body, cookies]).toEqual([200, null, []])
  })

  it('that waited for a login goes along with it, in the same write', async () => {
    const { visitor, store } = site()
    const browser = visitor()
    await browser.visit(async (s) => {
      s.flash('notice', 'Welcome')
      await s.start({ userId: 'ada' })
    })
    expect(store.calls).toEqual(['create'])
    expect((await browser.visit((s) => s.takeFlash('notice'))).body).toBe('Welcome')
    expect((await browser.visit((s) => s.takeFlash('notice'))).body).toBe(null)
  })
})
