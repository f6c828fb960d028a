import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { gate } from '../../session/stored-support.ts'
import { noon } from '../../session/support.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { immortal } from '../store/support.ts'
import { rowsIn, siteOn, warm } from './support.ts'

// Two isolates on one Redis. Every order is forced by a gate: in a handler, or at Redis's door.
describe.skipIf(noRedis)('stored sessions in a real Redis, raced', () => {
  let server: TestRedis
  beforeAll(async () => {
    server = await startRedis()
    await warm(server)
  })
  afterAll(() => server.stop())
  beforeEach(() => server.flush({ keepScripts: true }))

  const isolates = () => {
    const clock = { now: noon }
    return [siteOn(server, {}, clock), siteOn(server, {}, clock)] as const
  }

  async function signedIn() {
    const [here, there] = isolates()
    const browser = here.visitor()
    await browser.login()
    const twin = there.visitor()
    for (const [name, value] of browser.cookies) twin.cookies.set(name, value)
    here.heard()
    return { here, there, browser, twin }
  }

  it.each(['before', 'after'] as const)(
    'a logout beats a slow reader that Redis answered %s it',
    async (when) => {
      const { browser, twin } = await signedIn()
      const held = server.control.hold({ script: 'session-read' }, when)
      const slow = twin.visit((s) => s.get())
      await held.arrived
      await browser.logout()
      held.release()
      const { body, cookies } = await slow
      expect([body, cookies]).toEqual([when === 'before' ? null : { userId: 'ada' }, []])
      expect(await twin.get()).toBe(null)
      expect(await immortal(server)).toEqual([])
    },
  )

  it('a logout beats a slow writer: the write is dropped with an event, and no cookie is set', async () => {
    const { there, browser, twin } = await signedIn()
    const held = server.control.hold({ script: 'session-replace' })
    const slow = twin.visit((s) => s.set('theme', 'dark'))
    await held.arrived
    await browser.logout()
    held.release()
    const { status, cookies } = await slow
    expect([status, cookies]).toEqual([200, []])
    expect(there.heard()).toEqual(['session-write-dropped: ended'])
    expect(await twin.get()).toBe(null)
    // Only the mark is there, and nothing of the write.
    expect((await rowsIn(server)).map(([, row]) => row)).toEqual([{ z: '1' }])
  })

  it('two writers of different members both persist', async () => {
    const { there, browser, twin } = await signedIn()
    const held = server.control.hold({ script: 'session-replace' })
    const slow = twin.visit((s) => s.set('theme', 'dark'))
    await held.arrived
    await browser.visit((s) => s.set('cart', ['book']))
    held.release()
    await slow
    expect(await browser.get()).toEqual({ userId: 'ada', theme: 'dark', cart: ['book'] })
    expect(there.heard()).toEqual(['session-conflict'])
  })

  it('fifty updates at once, from two isolates, end at exactly fifty', async () => {
    const { browser, twin } = await signedIn()
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        (n % 2 ? browser : twin).visit((s) =>
          s.update((data) => ({ ...data, visits: (data?.visits ?? 0) + 1 })),
        ),
      ),
    )
    expect(all.map(({ status }) => status).filter((status) => status !== 200)).toEqual([])
    expect(await browser.get()).toMatchObject({ visits: 50 })
  })

  it('an update whose answer was lost counts once', async () => {
    const { browser } = await signedIn()
    server.control.fault({ kind: 'drop-after' }, { match: { script: 'session-replace' } })
    const { body } = await browser.visit((s) =>
      s.update((data) => ({ ...data, visits: (data?.visits ?? 0) + 1 })),
    )
    expect(body).toMatchObject({ visits: 1 })
    expect(await browser.get()).toMatchObject({ visits: 1 })
  })

  it('a login whose answer was lost is one login', async () => {
    const { here, browser } = await signedIn()
    server.control.fault({ kind: 'drop-after' }, { match: { script: 'session-rotate' } })
    expect((await browser.login()).status).toBe(200)
    expect(await browser.get()).toEqual({ userId: 'ada' })
    expect(await here.sessions.list({ user: 'ada' })).toHaveLength(1)
  })

  it('a login during another request’s set: the set is dropped, the login stands, the old id is over', async () => {
    const { there, browser, twin } = await signedIn()
    const held = server.control.hold({ script: 'session-replace' })
    const slow = twin.visit((s) => s.set('theme', 'dark'))
    await held.arrived
    await browser.login()
    held.release()
    expect((await slow).cookies).toEqual([])
    expect(there.heard()).toEqual(['session-write-dropped: ended'])
    expect([await browser.get(), await twin.get()]).toEqual([{ userId: 'ada' }, null])
  })

  it('a set during another request’s login: what is kept is looked at again', async () => {
    const [here, there] = isolates()
    const browser = here.visitor()
    await browser.visit((s) => s.update(() => ({ cart: ['one'] })))
    const twin = there.visitor()
    twin.cookies.set('__Host-session', browser.cookies.get('__Host-session') ?? '')
    const held = server.control.hold({ script: 'session-rotate' })
    const login = browser.visit((s) => s.start({ userId: 'ada' }, { keep: ['cart'] }))
    await held.arrived
    await twin.visit((s) => s.set('cart', ['one', 'two']))
    held.release()
    await login
    expect([await browser.get(), await twin.get()]).toEqual([
      { userId: 'ada', cart: ['one', 'two'] },
      null,
    ])
  })

  // The later answer's cookie wins in the browser: it must not be one.
  it('a re-login leaves the old id ended: a parallel request with it writes nothing and sets no cookie', async () => {
    const clock = { now: noon }
    const site = siteOn(server, { session: { initial: () => ({}) } }, clock)
    const browser = site.visitor()
    await browser.login()
    const between = gate()
    const slow = browser.visit(async (s) => {
      await between.pass()
      s.set('theme', 'dark')
    })
    await between.arrived
    await browser.login()
    const cookie = browser.cookies.get('__Host-session')
    between.release()
    const { status, cookies } = await slow
    expect([status, cookies]).toEqual([200, []])
    expect(browser.cookies.get('__Host-session')).toBe(cookie)
    expect(await browser.get()).toEqual({ userId: 'ada' })
    expect((await rowsIn(server)).filter(([, row]) => 'v' in row)).toHaveLength(1)
  })

  it('endAll beside logins that are on their way: each lives or not as it came after or before', async () => {
    const { here, there, browser } = await signedIn()
    const [late, early] = [there.visitor(), there.visitor()]
    const before = server.control.hold({ script: 'session-create' })
    const one = late.login()
    await before.arrived
    const after = server.control.hold({ script: 'session-create' }, 'after')
    const two = early.login()
    await after.arrived
    expect((await browser.visit((s) => s.endAll())).status).toBe(200)
    before.release()
    after.release()
    await Promise.all([one, two])
    expect([await browser.get(), await early.get(), await late.get()]).toEqual([
      null,
      null,
      { userId: 'ada' },
    ])
    expect(await here.sessions.list({ user: 'ada' })).toHaveLength(1)
  })

  it('endAll but this one beside a slow writer of another device', async () => {
    const { here, there, browser } = await signedIn()
    const phone = there.visitor()
    await phone.login()
    there.heard()
    const held = server.control.hold({ script: 'session-replace' })
    const slow = phone.visit((s) => s.set('theme', 'dark'))
    await held.arrived
    await browser.visit((s) => s.endAll({ exceptCurrent: true }))
    held.release()
    expect((await slow).cookies).toEqual([])
    expect(there.heard()).toEqual(['session-write-dropped: ended'])
    expect([await phone.get(), await browser.get()]).toEqual([null, { userId: 'ada' }])
    expect((await here.sessions.list({ user: 'ada' })).length).toBe(1)
  })

  it('a message is shown once, of ten requests in two isolates', async () => {
    const { browser, twin } = await signedIn()
    await browser.visit((s) => s.flash('notice', 'Saved'))
    const all = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        (n % 2 ? browser : twin).visit((s) => s.takeFlash('notice')),
      ),
    )
    expect(all.map(({ body }) => body).filter((body) => body !== null)).toEqual(['Saved'])
  })

  // An eviction, a FLUSHALL, a TTL that ran out between read and write.
  it.each([
    ['a touch', 'session-read', (s: Parameters<Parameters<Visit>[0]>[0]) => s.get()],
    [
      'a write',
      'session-replace',
      (s: Parameters<Parameters<Visit>[0]>[0]) => s.set('theme', 'dark'),
    ],
    [
      'a login that keeps',
      'session-rotate',
      (s: Parameters<Parameters<Visit>[0]>[0]) => s.start({ userId: 'ada' }, { keep: ['cart'] }),
    ],
  ])('a row that was deleted is never made again by %s', async (_, script, handler) => {
    const { browser } = await signedIn()
    const old = (await rowsIn(server))[0]?.[0] ?? ''
    const held = server.control.hold({ script })
    const slow = browser.visit(handler)
    await held.arrived
    await server.raw.call('DEL', old)
    held.release()
    expect((await slow).status).toBe(200)
    const left = Object.fromEntries(await rowsIn(server))
    expect(left[old]?.v).toBe(undefined)
    expect(await immortal(server)).toEqual([])
  })

  it('a list that was deleted ends the user’s sessions: it fails closed', async () => {
    const { browser } = await signedIn()
    const [list = ''] = (await server.raw.call('KEYS', 'portcullis:u:*')) as string[]
    await server.raw.call('DEL', list)
    const { body, cookies } = await browser.visit((s) => s.get())
    expect([body, cookies]).toEqual([null, []])
  })
})

type Visit = ReturnType<ReturnType<typeof siteOn>['visitor']>['visit']
