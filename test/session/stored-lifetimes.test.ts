import { describe, expect, it } from 'vitest'
import { handled, kinds, mapStore, memoryAt, siteWith } from './stored-support.ts'
import { hours, minutes, noon } from './support.ts'

describe.each(kinds)('lifetimes in %s', (_, make) => {
  function site(options: Parameters<typeof siteWith>[1] = {}) {
    const clock = { now: noon }
    const store = handled(make(clock))
    return { ...siteWith(store.store, options, clock), calls: store.calls }
  }

  it.each([
    ['a user’s session an hour after its last request', 'ada', 60],
    ['a visitor’s a quarter of an hour after it', undefined, 15],
  ])('end %s', async (_, userId, limit) => {
    const { visitor, clock, heard } = site()
    const owner = visitor()
    await owner.visit((s) => (userId ? s.start({ userId }) : s.update(() => ({ theme: 'dark' }))))
    for (let n = 0; n < 3; n++) {
      clock.now += limit * minutes - 1
      expect(await owner.get()).not.toBe(null)
    }
    clock.now += limit * minutes
    heard()
    const { body, cookies } = await owner.visit((s) => s.get())
    expect([body, cookies]).toEqual([null, []])
    expect(heard()).toEqual([expect.stringMatching(/^session-rejected: (?:expired|unknown)$/)])
  })

  it('end eight hours after login however active it is', async () => {
    const { visitor, clock } = site()
    const owner = visitor()
    await owner.login()
    for (let n = 0; n < 16; n++) {
      expect(await owner.get()).toEqual({ userId: 'ada' })
      clock.now += 30 * minutes
    }
    expect(clock.now).toBe(noon + 8 * hours)
    expect(await owner.get()).toBe(null)
  })

  it('note a request at most once per tenth of the idle limit', async () => {
    const { visitor, clock } = site()
    const owner = visitor()
    await owner.login()
    const seen = []
    for (let n = 0; n < 12; n++) {
      clock.now += minutes
      seen.push(((await owner.visit((s) => s.info())).body.seenAt - noon) / minutes)
    }
    expect(seen).toEqual([0, 0, 0, 0, 0, 6, 6, 6, 6, 6, 6, 12])
  })

  it('are told: when it began, when it was seen, when it ends', async () => {
    const { visitor, clock } = site()
    const owner = visitor()
    await owner.login()
    clock.now += 10 * minutes
    const { body } = await owner.visit((s) => s.info())
    expect(body).toMatchObject({
      createdAt: noon,
      seenAt: noon + 10 * minutes,
      idleExpiresAt: noon + 70 * minutes,
      expiresAt: noon + 8 * hours,
      authenticatedAt: noon,
      signedIn: true,
    })
  })

  it('begin anew at re-authentication, and not with a mere write', async () => {
    const { visitor, clock } = site({ maxAge: 7200, idleTimeout: 7200 })
    const owner = visitor()
    await owner.login()
    clock.now += 90 * minutes
    await owner.visit((s) => s.set('theme', 'dark'))
    expect((await owner.visit((s) => s.info())).body).toMatchObject({ expiresAt: noon + 2 * hours })
    await owner.login()
    clock.now += 90 * minutes
    expect(await owner.get()).toEqual({ userId: 'ada' })
  })

  it('are the reader’s own: a shorter limit after a deploy ends at once what was made under a longer one', async () => {
    const clock = { now: noon }
    const store = make(clock)
    const before = siteWith(store, { maxAge: 86_400, idleTimeout: 86_400 }, clock).visitor()
    await before.login()
    clock.now += 2 * hours
    for (const shorter of [{ maxAge: 3600 }, { maxAge: 86_400, idleTimeout: 3600 }]) {
      const after = siteWith(store, shorter, clock).visitor()
      after.cookies.set('__Host-session', before.cookies.get('__Host-session') ?? '')
      expect([await after.get(), await after.get()]).toEqual([null, null])
    }
  })

  it('allow for clocks that differ by a minute, not by more', async () => {
    const { visitor, clock } = site()
    const owner = visitor()
    await owner.login()
    clock.now -= 60_000
    expect(await owner.get()).toEqual({ userId: 'ada' })
    clock.now -= 1_000
    expect(await owner.get()).toBe(null)
  })

  it('a session that nobody reads does not slide', async () => {
    const { visitor, clock, calls } = site()
    const owner = visitor()
    await owner.login()
    clock.now += 59 * minutes
    calls.length = 0
    await owner.visit(() => undefined)
    expect(calls).toEqual([])
    clock.now += minutes
    expect(await owner.get()).toBe(null)
  })

  it('an expired session is replaced by the next write of a visitor, with a new cookie', async () => {
    const { visitor, clock } = site()
    const owner = visitor()
    const before = (await owner.visit((s) => s.update(() => ({ visits: 1 })))).cookies[0]
    clock.now += 16 * minutes
    const after = await owner.visit((s) =>
      s.update((data) => ({ visits: (data?.visits ?? 0) + 1 })),
    )
    expect(after.body).toEqual({ visits: 1 })
    expect(after.cookies).toHaveLength(1)
    expect(after.cookies[0]).not.toBe(before)
  })

  it('a write to a session that expires meanwhile is dropped, and does not make it anew', async () => {
    const { visitor, clock, heard } = site()
    const owner = visitor()
    await owner.login()
    heard()
    const { status, cookies } = await owner.visit(async (s) => {
      await s.get()
      s.set('theme', 'dark')
      clock.now += 9 * hours
    })
    expect([status, cookies]).toEqual([200, []])
    expect(heard()).toEqual(['session-write-dropped: ended'])
    expect(await owner.get()).toBe(null)
  })
})

// Whoever can write to the store moves what it says of times; what is sealed counts besides.
describe('times that were moved in the store', () => {
  function moved(members: object) {
    const store = mapStore()
    const made = siteWith(store)
    const owner = made.visitor()
    return {
      ...made,
      owner,
      async move(): Promise<void> {
        const [key = '', row = '{}'] = [...store.rows].flat()
        store.rows.set(key, JSON.stringify({ ...JSON.parse(row), ...members }))
      },
    }
  }

  it('an end that is later than the sealed one does not count', async () => {
    const { owner, clock, move, heard } = moved({ x: noon + 900 * hours, t: noon + 8 * hours })
    await owner.login()
    await move()
    clock.now = noon + 8 * hours
    expect(await owner.get()).toBe(null)
    expect(heard().at(-1)).toBe('session-rejected: expired')
  })

  it('a last request in the future is not believed', async () => {
    const { owner, clock, move, heard } = moved({ t: noon + 5 * hours })
    await owner.login()
    await move()
    clock.now += minutes
    expect(await owner.get()).toBe(null)
    expect(heard().at(-1)).toBe('session-rejected: from-the-future')
  })

  it('an end that is nearer ends it: that is all a writer can do', async () => {
    const { owner, clock, move } = moved({ x: noon + minutes })
    await owner.login()
    await move()
    clock.now += minutes
    expect(await owner.get()).toBe(null)
  })
})

it('the store is given the life of a session in milliseconds, never more than what is left of it', async () => {
  const clock = { now: noon }
  const rows: Array<{ idle: number; end: number; now: number }> = []
  const inner = memoryAt(clock)
  const { visitor } = siteWith(
    {
      ...inner,
      create(row, context) {
        rows.push(row)
        return inner.create(row, context)
      },
      replace(row, version, context) {
        rows.push(row)
        return inner.replace(row, version, context)
      },
    },
    {},
    clock,
  )
  const owner = visitor()
  await owner.visit((s) => s.update(() => ({ visits: 1 })))
  clock.now += 10 * minutes
  await owner.visit((s) => s.set('visits', 2))
  await visitor().login()
  expect(
    rows.map(({ idle, end, now }) => [
      idle / minutes,
      (end - noon) / hours,
      (now - noon) / minutes,
    ]),
  ).toEqual([
    [15, 8, 0],
    [15, 8, 10],
    [60, 8 + 1 / 6, 10],
  ])
})
