import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { errorPage } from '../../src/page/index.ts'
import {
  revocable,
  type StatelessStrategy,
  session,
  statelessSessions,
} from '../../src/session/index.ts'
import { memoryRevocations, type RevocationStore } from '../../src/store/index.ts'
import type { SecurityEvent } from '../../src/types.ts'
import { Browser, type Data, hours, noon, otherSecret, ourCookie, secret } from './support.ts'

/** Counts what the store is asked; `down` makes it fail. */
function counted(store: RevocationStore): RevocationStore & { asked: string[]; down: boolean } {
  const asked: string[] = []
  const made = {
    asked,
    down: false,
    ...Object.fromEntries(
      (['check', 'revoke', 'generation', 'advance'] as const).map((verb) => [
        verb,
        (...args: never[]) => {
          asked.push(verb)
          if (made.down)
            return Promise.reject(
              Object.assign(new Error('down'), { code: 'ERR_STORE_UNAVAILABLE' }),
            )
          return (store[verb] as (...args: never[]) => Promise<unknown>)(...args)
        },
      ]),
    ),
  }
  return made as unknown as RevocationStore & { asked: string[]; down: boolean }
}

function app(
  options: { maxStale?: number; secrets?: string[]; store?: ReturnType<typeof counted> } = {},
) {
  const clock = { now: noon }
  const events: SecurityEvent[] = []
  const store = options.store ?? counted(memoryRevocations({ clock: () => clock.now }))
  const sessions = statelessSessions<Data>({
    secret: options.secrets ?? secret,
    user: (data) => data.userId,
    clock: () => clock.now,
    onEvent: (event) => events.push(event),
    revocation: revocable({
      store,
      ...(options.maxStale !== undefined && { maxStale: options.maxStale }),
    }),
  })
  const routes = new Hono()
    .onError(errorPage({ report: () => {} }))
    .use(session(sessions))
    .get('/login/:user', async (c) =>
      c.json((await c.var.session.start({ userId: c.req.param('user') })) ?? null),
    )
    .get('/visit', async (c) =>
      c.json(await c.var.session.update((d) => ({ ...d, visits: (d?.visits ?? 0) + 1 }))),
    )
    .get('/read', async (c) => c.json((await c.var.session.get()) ?? null))
    .get('/set', async (c) => {
      await c.var.session.get()
      c.var.session.set('theme', 'dark')
      return c.text('set')
    })
    .get('/logout', async (c) => c.json((await c.var.session.end()) ?? null))
    .get('/others', async (c) =>
      c.json((await c.var.session.endAll({ exceptCurrent: true })) ?? null),
    )
    .get('/all', async (c) => c.json((await c.var.session.endAll()) ?? null))
  return { sessions, clock, events, store, routes, browser: () => new Browser(routes) }
}

const copyOf = (from: Browser, to: Browser): void => {
  to.cookies.set('__Host-session', from.cookies.get('__Host-session') ?? '')
}

describe('a logout with revocation', () => {
  it('a logout is final: a copy of the cookie reads nothing, writes nothing and gets no cookie', async () => {
    const { browser, events } = app()
    const [mine, thief] = [browser(), browser()]
    await mine.fetch('/login/ada')
    copyOf(mine, thief)
    expect(await thief.json('/read')).toEqual({ userId: 'ada' })
    await mine.fetch('/logout')
    expect(await thief.json('/read')).toBe(null)
    expect((await thief.fetch('/set')).headers.getSetCookie()).toEqual([])
    expect(events.map(({ type, reason }) => `${type} ${reason}`)).toContain(
      'session-write-dropped ended',
    )
  })

  it('a logout works although the session was not read', async () => {
    const { browser, store } = app()
    const [mine, thief] = [browser(), browser()]
    await mine.fetch('/login/ada')
    copyOf(mine, thief)
    store.asked.length = 0
    await mine.fetch('/logout')
    expect(store.asked).toEqual(['revoke'])
    expect(await thief.json('/read')).toBe(null)
  })

  it('a new login ends the session before it', async () => {
    const { browser } = app()
    const [mine, thief] = [browser(), browser()]
    await mine.fetch('/login/ada')
    copyOf(mine, thief)
    await mine.fetch('/login/ada')
    expect([await thief.json('/read'), await mine.json('/read')]).toEqual([null, { userId: 'ada' }])
  })

  it('a logout holds for a cookie that was sealed again since', async () => {
    const { browser, clock } = app()
    const [mine, thief] = [browser(), browser()]
    await mine.fetch('/login/ada')
    clock.now += hours / 2
    await mine.fetch('/read')
    copyOf(mine, thief)
    await mine.fetch('/logout')
    expect(await thief.json('/read')).toBe(null)
  })
})

describe('endAll', () => {
  it('ends every session of the user, and nobody else’s', async () => {
    const { browser } = app()
    const [desk, phone, other] = [browser(), browser(), browser()]
    await desk.fetch('/login/ada')
    await phone.fetch('/login/ada')
    await other.fetch('/login/bob')
    const response = await desk.fetch('/all')
    expect(ourCookie(response)?.attributes).toContain('Max-Age=0')
    expect([await phone.json('/read'), await other.json('/read')]).toEqual([
      null,
      { userId: 'bob' },
    ])
    await phone.fetch('/login/ada')
    expect(await phone.json('/read')).toEqual({ userId: 'ada' })
  })

  it('endAll with exceptCurrent keeps the current session', async () => {
    const { browser } = app()
    const [desk, phone] = [browser(), browser()]
    await desk.fetch('/login/ada')
    await phone.fetch('/login/ada')
    expect(ourCookie(await desk.fetch('/others'))?.value).toMatch(/^eyJ/)
    expect([await desk.json('/read'), await phone.json('/read')]).toEqual([{ userId: 'ada' }, null])
  })

  // Isolates whose clocks differ by a minute made a not-before time miss 99 of 240 sessions.
  it('endAll does not depend on clocks', async () => {
    const { browser, clock } = app()
    const [desk, phone] = [browser(), browser()]
    clock.now += 55_000
    await phone.fetch('/login/ada')
    clock.now -= 55_000
    await desk.fetch('/login/ada')
    await desk.fetch('/all')
    await desk.fetch('/login/ada')
    expect([await desk.json('/read'), await phone.json('/read')]).toEqual([{ userId: 'ada' }, null])
  })

  it('from outside a request, also for sessions made before the secret was rotated', async () => {
    const old = app({ secrets: [otherSecret] })
    const mine = old.browser()
    await mine.fetch('/login/ada')
    const rotated = app({ secrets: [secret, otherSecret], store: old.store })
    const again = rotated.browser()
    copyOf(mine, again)
    expect(await again.json('/read')).toEqual({ userId: 'ada' })
    await (rotated.sessions as StatelessStrategy<Data>).endAll?.({ user: 'ada' })
    expect(await again.json('/read')).toBe(null)
  })
})

describe('what it costs', () => {
  it("a signed-in read costs one store request, a visitor's none", async () => {
    const { browser, store } = app()
    const mine = browser()
    await mine.fetch('/visit')
    await mine.fetch('/read')
    await app().routes.request('/read', { headers: { cookie: '__Host-session=forged' } })
    expect(store.asked).toEqual([])
    await mine.fetch('/login/ada')
    store.asked.length = 0
    await mine.fetch('/read')
    expect(store.asked).toEqual(['check'])
  })

  it('with maxStale a question in so many seconds, and a logout that takes as long elsewhere', async () => {
    const { browser, store, clock } = app({ maxStale: 30 })
    const [mine, thief] = [browser(), browser()]
    await mine.fetch('/login/ada')
    copyOf(mine, thief)
    store.asked.length = 0
    for (let i = 0; i < 5; i++) await mine.fetch('/read')
    expect(store.asked).toEqual(['check'])
    clock.now += 30_000
    await mine.fetch('/read')
    expect(store.asked).toEqual(['check', 'check'])
    await mine.fetch('/logout')
    expect(await thief.json('/read')).toBe(null) // this isolate knows at once
  })

  it('L3: asks again where the clock went back: what was ended elsewhere must not live for longer', async () => {
    const { browser, store, clock } = app({ maxStale: 30 })
    const mine = browser()
    await mine.fetch('/login/ada')
    await mine.fetch('/read')
    clock.now += 20_000
    await mine.fetch('/read')
    store.asked.length = 0
    clock.now -= 50_000
    await mine.fetch('/read')
    clock.now += 29_999
    await mine.fetch('/read')
    expect(store.asked).toEqual(['check'])
    clock.now += 1
    await mine.fetch('/read')
    expect(store.asked).toEqual(['check', 'check'])
  })
})

describe('a store that cannot be asked', () => {
  it('a store that is down fails the request and leaves the cookie', async () => {
    const { browser, store } = app()
    const mine = browser()
    await mine.fetch('/login/ada')
    store.down = true
    const response = await mine.fetch('/read')
    expect([response.status >= 500, response.headers.getSetCookie()]).toEqual([true, []])
    store.down = false
    expect(await mine.json('/read')).toEqual({ userId: 'ada' })
  })

  it('a store that is down still lets the browser log out and emits session-end-incomplete', async () => {
    const { browser, store, events } = app()
    const mine = browser()
    await mine.fetch('/login/ada')
    store.down = true
    const response = await mine.fetch('/logout')
    expect([response.status >= 500, ourCookie(response)?.attributes.includes('Max-Age=0')]).toEqual(
      [true, true],
    )
    expect(events.map(({ type }) => type)).toContain('session-end-incomplete')
  })
})

describe('revocation that cannot be served', () => {
  it.each([
    [{ store: {} }, 'session.revocation.store must be made by'],
    [
      { store: memoryRevocations(), maxStale: -1 },
      'session.revocation.maxStale must be a whole number of seconds',
    ],
    [
      { stor: 1, store: memoryRevocations() },
      'session.revocation.stor is not an option; did you mean store?',
    ],
  ])('%j', (revocation, words) => {
    expect(() => statelessSessions({ secret, revocation: revocable(revocation as never) })).toThrow(
      words,
    )
  })

  it.each([
    ['the bare options', { store: memoryRevocations() }],
    ['nothing', null],
  ])('%s are refused: their code comes with the function', (_, revocation) => {
    expect(() => statelessSessions({ secret, revocation } as never)).toThrow(
      'session.revocation must be revocable({ ... }), which comes from portcullis/session',
    )
  })

  it.each([null, undefined, 'store'])('revocable(%j) is a fault of the strategy', (options) => {
    expect(() => statelessSessions({ secret, revocation: revocable(options as never) })).toThrow(
      'session.revocation must be an object; session.revocation.store must be made by',
    )
  })

  it('remembered answers are evicted oldest first', async () => {
    const clock = { now: 0 }
    const store = memoryRevocations({ maxEntries: 2, clock: () => clock.now })
    await store.revoke('a', 1000, {})
    await store.revoke('b', 500, {})
    const live = async (id: string): Promise<boolean> => store.check({ id, generation: 0 }, {})
    expect([await live('a'), await live('b')]).toEqual([false, false])
    clock.now = 500
    expect([await live('a'), await live('b')]).toEqual([false, true])
    await store.revoke('c', 1000, {})
    await store.revoke('d', 1000, {})
    expect([await live('a'), await live('c'), await live('d')]).toEqual([true, false, false])
  })
})
