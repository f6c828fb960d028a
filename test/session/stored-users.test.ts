import { describe, expect, it } from 'vitest'
import { storedSessions } from '../../src/session/index.ts'
import type { AtomicStore } from '../../src/store/index.ts'
import { handled, mapStore, memoryAt, siteWith, type Visitor } from './stored-support.ts'
import { type Data, hours, minutes, noon, otherSecret, secret } from './support.ts'

function site(options: Parameters<typeof siteWith>[1] = {}) {
  const clock = { now: noon }
  const store = handled(memoryAt(clock))
  return { ...siteWith(store.store, options, clock), store }
}

/** Devices of ada, and one of eve's. */
async function devices(count = 3) {
  const made = site()
  const mine = Array.from({ length: count }, () => made.visitor())
  for (const browser of mine) {
    await browser.login()
    made.clock.now += minutes
  }
  const eve = made.visitor()
  await eve.login('eve')
  made.heard()
  return { ...made, mine, first: mine[0] as Visitor, last: mine.at(-1) as Visitor, eve }
}

const alive = async (browsers: readonly Visitor[]): Promise<number> => {
  let count = 0
  for (const browser of browsers) if ((await browser.get()) !== null) count += 1
  return count
}

describe('list', () => {
  it('shows every session of this user, those seen last first, marks this one, and no other user’s', async () => {
    const { first } = await devices()
    const { body } = await first.visit(async (s) => [await s.list(), await s.info()])
    expect(body[0]).toHaveLength(3)
    expect(body[0].filter((each: { current: boolean }) => each.current)).toEqual([
      expect.objectContaining({
        id: body[1].id,
        createdAt: noon,
        seenAt: noon,
        signedIn: true,
        authenticatedAt: noon,
      }),
    ])
    expect(body[0].map((each: { createdAt: number }) => each.createdAt - noon)).toEqual([
      2 * minutes,
      minutes,
      0,
    ])
  })

  it('a list contains no cookie and no data', async () => {
    const { mine, first } = await devices()
    const text = JSON.stringify((await first.visit((s) => s.list())).body)
    for (const { cookies } of mine) expect(text).not.toContain(cookies.get('__Host-session'))
    // Quoted: random letters may spell a name.
    expect(text).not.toMatch(/"ada|ada@/)
    expect(Object.keys(JSON.parse(text)[0]).sort()).toEqual([
      'authenticatedAt',
      'createdAt',
      'current',
      'expiresAt',
      'id',
      'idleExpiresAt',
      'seenAt',
      'signedIn',
    ])
  })

  it('a list leaves out expired and idle sessions', async () => {
    const { mine, clock, last } = await devices()
    for (let n = 0; n < 3; n++) {
      clock.now += 25 * minutes
      await last.get()
    }
    expect((await last.visit((s) => s.list())).body).toHaveLength(1)
    expect(await alive(mine)).toBe(1)
  })

  it('leaves out what is over by the limits of today, though it was made under longer ones', async () => {
    const clock = { now: noon }
    const store = memoryAt(clock)
    const before = siteWith(store, { idleTimeout: 8 * 3600 }, clock)
    for (let n = 0; n < 3; n++) {
      await before.visitor().login()
      clock.now += 45 * minutes
    }
    expect(await before.sessions.list({ user: 'ada' })).toHaveLength(3)
    expect(
      await siteWith(store, { idleTimeout: 3600 }, clock).sessions.list({ user: 'ada' }),
    ).toHaveLength(1)
  })

  it('a list is empty for a visitor', async () => {
    const { visitor } = site()
    expect((await visitor().visit((s) => s.list())).body).toEqual([])
    const browser = visitor()
    await browser.visit((s) => s.update(() => ({ visits: 1 })))
    expect((await browser.visit((s) => s.list())).body).toEqual([])
  })
})

describe('endOne', () => {
  it('ends the session whose id the list gave, once, and no other', async () => {
    const { first, last, mine, heard } = await devices()
    const { body } = await last.visit((s) => s.info())
    expect((await first.visit((s) => s.endOne(body.id))).body).toBe(true)
    expect(heard()).toEqual(['session-ended: ended-by-user'])
    expect(await last.get()).toBe(null)
    expect(await alive(mine)).toBe(2)
    expect((await first.visit((s) => s.endOne(body.id))).body).toBe(false)
  })

  it('endOne ends the current session like a logout', async () => {
    const { first } = await devices()
    const { body, cookies } = await first.visit(async (s) => s.endOne((await s.info())?.id ?? ''))
    expect(body).toBe(true)
    expect(cookies[0]).toMatch(/^__Host-session=; Max-Age=0/)
    expect(await first.get()).toBe(null)
  })

  it('endOne ends no session of another user or of an unknown id', async () => {
    const { first, eve } = await devices()
    const { body } = await eve.visit((s) => s.info())
    expect((await first.visit((s) => s.endOne(body.id))).body).toBe(false)
    expect((await first.visit((s) => s.endOne('made-up'))).body).toBe(false)
    expect(await eve.get()).toEqual({ userId: 'eve' })
  })
})

describe('endAll', () => {
  it('ends every session of this user, this one too, with its cookie', async () => {
    const { first, mine, eve, heard } = await devices()
    const { cookies } = await first.visit((s) => s.endAll())
    expect(cookies[0]).toMatch(/^__Host-session=; Max-Age=0/)
    expect(heard()).toContain('sessions-ended: all')
    expect(await alive(mine)).toBe(0)
    expect(await eve.get()).toEqual({ userId: 'eve' })
  })

  it('endAll with exceptCurrent ends all but the current session', async () => {
    const { first, mine, eve, heard } = await devices()
    const { cookies } = await first.visit((s) => s.endAll({ exceptCurrent: true }))
    expect(cookies).toEqual([])
    expect(heard()).toEqual(['sessions-ended: all-others'])
    expect([await alive(mine), await first.get()]).toEqual([1, { userId: 'ada' }])
    expect((await first.visit((s) => s.list())).body).toHaveLength(1)
    expect(await eve.get()).toEqual({ userId: 'eve' })
  })

  it('a slow writer of an ended device writes nothing and sets no cookie', async () => {
    const { first, last, store, heard } = await devices()
    const held = store.hold('replace')
    const slow = last.visit((s) => s.set('theme', 'dark'))
    await held.arrived
    await first.visit((s) => s.endAll({ exceptCurrent: true }))
    held.release()
    expect((await slow).cookies).toEqual([])
    expect(heard()).toEqual(['sessions-ended: all-others', 'session-write-dropped: ended'])
    expect(await last.get()).toBe(null)
  })

  it('a login that is on its way meanwhile lives, or does not, as it came after or before; no third', async () => {
    const { first, visitor, store } = await devices(1)
    const late = visitor()
    const held = store.hold('create')
    const login = late.login()
    await held.arrived
    await first.visit((s) => s.endAll())
    held.release()
    await login
    expect([await first.get(), await late.get()]).toEqual([null, { userId: 'ada' }])
    const early = visitor()
    const after = store.hold('create', 'after')
    const second = early.login()
    await after.arrived
    await late.visit((s) => s.endAll({ exceptCurrent: true }))
    after.release()
    await second
    expect([await late.get(), await early.get()]).toEqual([{ userId: 'ada' }, null])
  })

  it('without a session ends nothing', async () => {
    const { visitor, mine } = await devices()
    expect((await visitor().visit((s) => s.endAll())).status).toBe(200)
    expect(await alive(mine)).toBe(3)
  })
})

describe('an end whose answer was lost', () => {
  // The client of a store sends the call again, which must not come to "there was no such session".
  function resending(inner: AtomicStore): AtomicStore {
    return {
      ...inner,
      end: async (...args) => (await inner.end(...args)) && inner.end(...args),
      endAll: async (...args) => {
        await inner.endAll(...args)
        return inner.endAll(...args)
      },
    }
  }

  it('of a device is told as done, with its event', async () => {
    const clock = { now: noon }
    const { visitor, sessions, heard } = siteWith(resending(memoryAt(clock)), {}, clock)
    const [laptop, phone] = [visitor(), visitor()]
    for (const each of [laptop, phone]) await each.login()
    const [device] = (await laptop.visit((s) => s.list())).body.filter(
      ({ current }: { current: boolean }) => !current,
    )
    heard()
    expect((await laptop.visit((s) => s.endOne(device.id))).body).toBe(true)
    expect(heard()).toEqual(['session-ended: ended-by-user'])
    expect(await sessions.endAll({ user: 'ada' })).toBe(1)
  })

  it('of the own session emits its event once', async () => {
    const clock = { now: noon }
    const { visitor, heard } = siteWith(resending(memoryAt(clock)), {}, clock)
    const laptop = visitor()
    await laptop.login()
    heard()
    await laptop.logout()
    expect(heard()).toEqual(['session-ended: ended'])
  })
})

describe('an administrator', () => {
  it('lists and ends the sessions of a user, outside of any request', async () => {
    const { sessions, mine, eve } = await devices()
    const list = await sessions.list({ user: 'ada' })
    expect(list.map(({ createdAt }) => createdAt - noon)).toEqual([2 * minutes, minutes, 0])
    expect(list.every((each) => !('current' in each))).toBe(true)
    expect(await sessions.endAll({ user: 'ada' })).toBe(3)
    expect([await alive(mine), await eve.get()]).toEqual([0, { userId: 'eve' }])
    expect([await sessions.list({ user: 'ada' }), await sessions.endAll({ user: 'ada' })]).toEqual([
      [],
      0,
    ])
    expect(await sessions.list({ user: 'nobody' })).toEqual([])
  })

  it('reaches sessions that were made before the secrets rotated, and their own users do', async () => {
    const clock = { now: noon }
    const store = memoryAt(clock)
    const old = siteWith(store, { secret }, clock)
    const fresh = siteWith(store, { secret: [otherSecret, secret] }, clock)
    const [before, after] = [old.visitor(), fresh.visitor()]
    await before.login()
    await after.login()
    expect(await fresh.sessions.list({ user: 'ada' })).toHaveLength(2)
    const here = fresh.visitor()
    here.cookies.set('__Host-session', before.cookies.get('__Host-session') ?? '')
    const { body } = await here.visit((s) => s.list())
    expect(body.map((each: { current: boolean }) => each.current).sort()).toEqual([false, true])
    // exceptCurrent from a session under the older tag keeps that one.
    await here.visit((s) => s.endAll({ exceptCurrent: true }))
    expect([await here.get(), await after.get()]).toEqual([{ userId: 'ada' }, null])
    expect(await fresh.sessions.endAll({ user: 'ada' })).toBe(1)
    expect(await here.get()).toBe(null)
  })
})

// A writer of the store puts another user's row into their own list: it must not be shown to them.
it('a row that was listed under another user is not shown', async () => {
  const clock = { now: noon }
  const inner = memoryAt(clock)
  const indexes: string[] = []
  const { visitor } = siteWith(
    {
      ...inner,
      create(row, context) {
        indexes.push(row.index ?? '')
        return inner.create(row, context)
      },
      list: async (_, context) => [
        ...(await inner.list(indexes[0] ?? '', context)),
        ...(await inner.list(indexes[1] ?? '', context)),
      ],
    },
    {},
    clock,
  )
  const [admin, eve] = [visitor(), visitor()]
  await admin.login('admin')
  await eve.login('eve')
  expect((await eve.visit((s) => s.list())).body).toHaveLength(1)
  const { body } = await admin.visit((s) => s.info())
  expect((await eve.visit((s) => s.endOne(body.id))).body).toBe(false)
})

describe.each([
  [
    'a store of three verbs',
    { store: mapStore(), user: (data: Data) => data.userId },
    'session.store',
  ],
  ['no option user', { store: memoryAt({ now: noon }) }, 'session.user'],
])('with %s', (_, options, option) => {
  it.each(['list', 'endAll', 'endOne'] as const)(
    '%s is a fault of the configuration that names it',
    async (verb) => {
      const { user: _user, ...rest } = options as {
        user?: (data: Data) => string | undefined
        store: never
      }
      const sessions = storedSessions<Data>({
        secret,
        clock: () => noon,
        ...rest,
        ...(_user && { user: _user }),
      })
      const fault = { code: 'ERR_CONFIG', faults: [expect.objectContaining({ option })] }
      if (verb !== 'endOne')
        await expect(sessions[verb]({ user: 'ada' })).rejects.toMatchObject(fault)
      const { visitor } = siteWith(rest.store, {
        user: undefined as never,
        ...(_user && { user: _user }),
      })
      const browser = visitor()
      await browser.login()
      let caught: unknown
      await browser.visit(async (s) => {
        caught = await (verb === 'endOne' ? s.endOne('x') : s[verb]()).catch(
          (error: unknown) => error,
        )
      })
      expect(caught).toMatchObject(fault)
      // And nobody was logged out by it.
      expect(await browser.get()).toEqual({ userId: 'ada' })
    },
  )
})

it('a user has at most as many sessions as the store allows; the oldest goes', async () => {
  const made = site()
  const browsers = Array.from({ length: 101 }, () => made.visitor())
  for (const browser of browsers) {
    await browser.login()
    made.clock.now += 1000
  }
  expect([await browsers[0]?.get(), await browsers[1]?.get()]).toEqual([null, { userId: 'ada' }])
  expect(await made.sessions.list({ user: 'ada' })).toHaveLength(100)
  expect(made.clock.now).toBeLessThan(noon + hours)
})
