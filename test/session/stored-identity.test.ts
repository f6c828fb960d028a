import { describe, expect, it } from 'vitest'
import { handled, kinds, mapStore, memoryAt, siteWith } from './stored-support.ts'
import { type Data, minutes, noon, ourCookie } from './support.ts'

describe.each(kinds)('in %s, start', (_, make) => {
  const site = (options: Parameters<typeof siteWith>[1] = {}) => {
    const clock = { now: noon }
    return siteWith(make(clock), options, clock)
  }

  it('gives a new id, keeps only what is asked for, and the old id opens nothing', async () => {
    const visitor = site().visitor()
    const before = await visitor.visit(async (s) => {
      await s.update(() => ({ cart: ['book'], theme: 'dark' }))
      return s.info()
    })
    const twin = visitor.twin()
    const login = await visitor.visit(async (s) => {
      await s.start({ userId: 'ada' }, { keep: ['cart'] })
      return s.info()
    })
    expect(login.body.id).not.toBe(before.body.id)
    expect(login.cookies).toHaveLength(1)
    expect(await visitor.get()).toEqual({ userId: 'ada', cart: ['book'] })
    expect(await twin.get()).toBe(null)
  })

  it.each([
    ['another user’s session', { userId: 'eve' }, { userId: 'ada' }],
    ['a session of the same user', { userId: 'ada' }, { userId: 'ada', cart: ['book'] }],
  ])('from %s keeps what it may', async (_, first, expected) => {
    const visitor = site().visitor()
    await visitor.visit((s) => s.start({ ...first, cart: ['book'] }))
    await visitor.visit((s) => s.start({ userId: 'ada' }, { keep: ['cart'] }))
    expect(await visitor.get()).toEqual(expected)
  })

  it('keeps what was set in the same request before it', async () => {
    const visitor = site().visitor()
    await visitor.visit((s) => s.update(() => ({ cart: [] })))
    await visitor.visit((s) => {
      s.set('cart', ['late'])
      return s.start({ userId: 'ada' }, { keep: ['cart'] })
    })
    expect(await visitor.get()).toEqual({ userId: 'ada', cart: ['late'] })
  })

  it('works on a cookie that opens nothing, and replaces it', async () => {
    const visitor = site().visitor()
    visitor.cookies.set('__Host-session', 'garbage')
    expect((await visitor.login()).cookies).toHaveLength(1)
    expect(await visitor.get()).toEqual({ userId: 'ada' })
  })

  it('works on a session that expired, keeping nothing', async () => {
    const { visitor, clock } = site()
    const owner = visitor()
    await owner.visit((s) => s.update(() => ({ cart: ['book'] })))
    clock.now += 16 * minutes
    await owner.visit((s) => s.start({ userId: 'ada' }, { keep: ['cart'] }))
    expect(await owner.get()).toEqual({ userId: 'ada' })
  })

  it('after end in one request leaves exactly the new session; before end none', async () => {
    const visitor = site().visitor()
    await visitor.login('eve')
    const [old, first] = [
      visitor.twin(),
      await visitor.visit((s) => s.end().then(() => s.start({ userId: 'ada' }))),
    ]
    expect(first.cookies).toHaveLength(1)
    expect([await visitor.get(), await old.get()]).toEqual([{ userId: 'ada' }, null])
    const copy = visitor.twin()
    const second = await visitor.visit((s) => s.start({ userId: 'bob' }).then(() => s.end()))
    expect(second.cookies[0]).toMatch(/^__Host-session=; Max-Age=0/)
    expect([visitor.cookies.size, await copy.get()]).toEqual([0, null])
  })

  it('twice in one request leaves the second', async () => {
    const visitor = site().visitor()
    const { cookies } = await visitor.visit((s) =>
      Promise.all([s.start({ userId: 'eve' }), s.start({ userId: 'ada' })]),
    )
    expect(cookies).toHaveLength(1)
    expect(await visitor.get()).toEqual({ userId: 'ada' })
  })

  // Session fixation: the attacker's visitor session, planted in the victim's browser, must not become the victim's login.
  it('is the only way to change the user', async () => {
    const visitor = site().visitor()
    await visitor.visit((s) => s.update(() => ({ theme: 'dark' })))
    const changes: Array<Parameters<typeof visitor.visit>[0]> = [
      (s) => s.set('userId', 'ada'),
      (s) => s.update((data) => ({ ...data, userId: 'ada' })),
    ]
    for (const change of changes) expect((await visitor.visit(change)).status).toBe(500)
    expect(await visitor.get()).toEqual({ theme: 'dark' })
    await visitor.login()
    const others: Array<Parameters<typeof visitor.visit>[0]> = [
      (s) => s.set('userId', 'eve'),
      (s) => s.unset('userId'),
      (s) => s.update(() => ({ userId: 'eve' })),
    ]
    for (const change of others) expect((await visitor.visit(change)).status).toBe(500)
    expect(await visitor.get()).toEqual({ userId: 'ada' })
  })
})

describe.each(kinds)('in %s, end', (_, make) => {
  const site = (options: Parameters<typeof siteWith>[1] = {}) => {
    const clock = { now: noon }
    const store = handled(make(clock))
    return { ...siteWith(store.store, options, clock), calls: store.calls }
  }

  it('expires the cookie as it was set, and a copy of it opens nothing', async () => {
    const visitor = site().visitor()
    await visitor.login()
    const copy = visitor.twin()
    const { response } = await visitor.logout()
    expect(ourCookie(response)).toEqual({
      value: '',
      attributes: [
        'Max-Age=0',
        'Expires=Thu, 01 Jan 1970 00:00:00 GMT',
        'Path=/',
        'Secure',
        'HttpOnly',
        'SameSite=Lax',
      ],
    })
    expect(await copy.get()).toBe(null)
  })

  it('works without reading first', async () => {
    const { visitor, calls } = site()
    const owner = visitor()
    await owner.login()
    calls.length = 0
    await owner.logout()
    expect(calls.filter((verb) => verb === 'read' || verb === 'get')).toEqual([])
  })

  it('works on a cookie that opens nothing, and sets nothing where none came', async () => {
    const visitor = site().visitor()
    expect((await visitor.logout()).cookies).toEqual([])
    visitor.cookies.set('__Host-session', 'garbage')
    expect((await visitor.logout()).cookies[0]).toMatch(/^__Host-session=; Max-Age=0/)
  })

  it('end twice is harmless; later reads are empty and writes throw', async () => {
    const visitor = site().visitor()
    await visitor.login()
    const { body } = await visitor.visit(async (s) => {
      await s.end()
      await s.end()
      const code = await s.update(() => ({})).catch((error: { code: string }) => error.code)
      return [(await s.get()) ?? null, (await s.info()) ?? null, code]
    })
    expect(body).toEqual([null, null, 'ERR_SESSION_ENDED'])
  })

  it('of a session that this request made leaves nothing, in the store neither', async () => {
    const visitor = site().visitor()
    const { cookies } = await visitor.visit((s) => s.start({ userId: 'ada' }).then(() => s.end()))
    expect(cookies).toEqual([])
  })
})

describe('ids', () => {
  it('are 256 random bits: no two alike, and none of them in what the store is given', async () => {
    const clock = { now: noon }
    const inner = memoryAt(clock)
    const given: string[] = []
    const { visitor } = siteWith(
      {
        ...inner,
        create(row, context) {
          given.push(JSON.stringify(row))
          return inner.create(row, context)
        },
      },
      {},
      clock,
    )
    const ids = new Set<string>()
    const browsers = Array.from({ length: 50 }, () => visitor())
    for (const browser of browsers) {
      await browser.login('ada@example.org')
      ids.add((await browser.visit((s) => s.info())).body.id)
    }
    expect(ids.size).toBe(50)
    const all = given.join()
    for (const id of ids) expect(all).not.toContain(id)
    expect(all).not.toContain('example.org')
    for (const { cookies } of browsers) expect(all).not.toContain(cookies.get('__Host-session'))
    expect(new Set(given.map((row) => (JSON.parse(row) as { key: string }).key)).size).toBe(50)
    // base64url of SHA-256.
    expect(given.every((row) => /^[\w-]{43}$/.test((JSON.parse(row) as { key: string }).key))).toBe(
      true,
    )
  })

  it('never issued, or issued by another secret, are not adopted', async () => {
    const store = mapStore()
    const { visitor } = siteWith(store)
    const forger = visitor()
    for (const value of ['my-own-id', 'a'.repeat(43), crypto.randomUUID()]) {
      forger.cookies.set('__Host-session', value)
      await forger.visit((s) => s.update(() => ({ visits: 1 })))
      expect(forger.cookies.get('__Host-session')).not.toBe(value)
      expect([...store.rows.keys()].some((key) => key.includes(value))).toBe(false)
    }
  })

  it('of a user who has no name are a visitor’s: nobody shares a list with strangers', async () => {
    const clock = { now: noon }
    const store = handled(memoryAt(clock))
    const { visitor, sessions } = siteWith(
      store.store,
      { user: (data: Data) => data.userId ?? '' },
      clock,
    )
    const [one, two] = [visitor(), visitor()]
    await one.visit((s) => s.update(() => ({ visits: 1 })))
    await two.visit((s) => s.update(() => ({ visits: 2 })))
    expect((await one.visit((s) => s.list())).body).toEqual([])
    await one.visit((s) => s.endAll())
    expect(await sessions.endAll({ user: '' })).toBe(0)
    expect(await two.get()).toEqual({ visits: 2 })
  })
})
