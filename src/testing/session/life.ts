/**
 * Declares the tests of a single session over any store: it exists after the login, returns the
 * data that was written, shows messages once, and ends at logout and at its limits.
 * `sessionContract()` calls it. A store that breaks a promise fails the test of that name; a store
 * without atomic methods is not tested for lost parallel writes.
 */
import type { SessionCheck, TestData } from './contract.ts'

/**
 * Values that clients and drivers of stores are known to change: numbers as text, JSON as text,
 * quotes, empty text.
 */
const AWKWARD: readonly unknown[] = [
  '1',
  '1e3',
  '0123456789012345678901',
  'true',
  'null',
  'undefined',
  'NaN',
  '',
  ' ',
  '"quoted"',
  "it's",
  'back\\slash',
  '{"a":1}',
  '[1,2]',
  'line\nbreak\r\n\ttab',
  'é ß 漢字 😀 \u2028',
  '%00 %22 +',
  '2026-11-30T01:02:03.456Z',
  0,
  -0.5,
  12_345_678_901_234,
  true,
  null,
  [],
  [null, [1, ['x']]],
  {},
  { constructor: 'x', toString: 'y', $type: 'Date', type: 'Buffer', data: [1, 2] },
]

const HOUR = 3_600_000

/** Declares the tests of one session. */
export function sessionLifePromises(check: SessionCheck): void {
  declareLoginToLogout(check)
  declareWrites(check)
  declareMessages(check)
  declareEnds(check)
}

/** Declares that a session lasts from login to logout and returns the data that was written. */
function declareLoginToLogout({ that, expect }: SessionCheck): void {
  that(
    'a session lasts from login to logout, and no copy of its cookie outlasts it',
    async (site) => {
      const [browser, user] = [site.browser(), site.user()]
      expect(await browser.visit((s) => s.get())).toEqual(undefined)

      await browser.visit((s) => s.start({ user }))
      expect(await browser.visit((s) => s.get())).toEqual({ user })
      expect(await browser.visit(async (s) => (await s.info())?.signedIn)).toEqual(true)

      await browser.visit((s) => s.set('note', 'kept'))
      expect(await browser.visit((s) => s.update((data) => ({ ...data, count: 1 })))).toEqual({
        user,
        note: 'kept',
        count: 1,
      })

      await browser.visit((s) => s.unset('note'))
      expect(await browser.visit((s) => s.get())).toEqual({ user, count: 1 })

      const thief = browser.copy()
      await browser.visit((s) => s.end())
      expect(await browser.visit((s) => s.get())).toEqual(undefined)
      expect(await thief.visit((s) => s.get())).toEqual(undefined)
    },
  )

  that('what is written comes back as it was, whatever it looks like', async (site) => {
    const [browser, user] = [site.browser(), site.user()]
    await browser.visit((s) => s.start({ user, note: AWKWARD }))
    expect(await browser.visit((s) => s.get())).toEqual({ user, note: AWKWARD })

    for (const note of AWKWARD) {
      await browser.visit((s) => s.set('note', note))
      expect(((await browser.visit((s) => s.get())) as TestData).note).toEqual(note)
    }
  })
}

/** Declares that sequential and parallel writes are kept. */
function declareWrites({ that, expect }: SessionCheck): void {
  that('writes of one browser follow each other and none is lost', async (site) => {
    const browser = site.browser()
    await browser.visit((s) => s.start({ user: site.user(), count: 0 }))

    for (let round = 0; round < 12; round++) {
      await browser.visit((s) => s.update((data) => ({ ...data, count: (data?.count ?? 0) + 1 })))
    }

    expect((await browser.visit((s) => s.get()))?.count).toEqual(12)
  })

  that('parallel writes are all counted where the store is atomic', async (site) => {
    const browser = site.browser()
    await browser.visit((s) => s.start({ user: site.user(), count: 0 }))

    const tabs = Array.from({ length: 6 }, () => browser.copy())
    const writes = await Promise.allSettled(
      tabs.map((tab) =>
        tab.visit((s) => s.update((data) => ({ ...data, count: (data?.count ?? 0) + 1 }))),
      ),
    )

    // Without an atomic step for reading and writing, a parallel write may be lost or rejected, and
    // a file may be half written.
    if (site.atomic) expect(writes.map(({ status }) => status)).toEqual(tabs.map(() => 'fulfilled'))
    const count = (await browser.visit((s) => s.get()))?.count ?? 0
    expect(site.atomic ? count : count >= 1 && count <= 6).toEqual(site.atomic ? 6 : true)
  })
}

/** Declares that a flash message is shown once. */
function declareMessages({ that, expect }: SessionCheck): void {
  that('a message is shown once', async (site) => {
    const [browser, user] = [site.browser(), site.user()]
    await browser.visit((s) => s.start({ user }))
    await browser.visit((s) => s.flash('notice', { text: 'Saved "it"', at: '1' }))
    expect(await browser.visit((s) => s.takeFlash('notice'))).toEqual({
      text: 'Saved "it"',
      at: '1',
    })
    expect(await browser.visit((s) => s.takeFlash('notice'))).toEqual(undefined)
    expect(await browser.visit((s) => s.get())).toEqual({ user })
  })

  that(
    'a message to somebody without a session is shown once, also after a login and after a logout',
    async (site) => {
      const browser = site.browser()
      await browser.visit((s) => s.flash('notice', 'Sign in first'))
      await browser.visit((s) => s.start({ user: site.user() }))
      expect(await browser.visit((s) => s.takeFlash('notice'))).toEqual('Sign in first')

      await browser.visit(async (s) => {
        await s.end()
        s.flash('notice', 'Bye')
      })
      expect(await browser.visit((s) => s.get())).toEqual(undefined)
      expect(await browser.visit((s) => s.takeFlash('notice'))).toEqual('Bye')
      expect(await browser.visit((s) => s.takeFlash('notice'))).toEqual(undefined)
    },
  )
}

/** Declares that a login ends the previous session, and when the limits end a session. */
function declareEnds({ that, expect }: SessionCheck): void {
  that(
    'a login ends the session before it, and takes along what it is told to keep',
    async (site) => {
      const [browser, user] = [site.browser(), site.user()]
      await browser.visit((s) => s.update(() => ({ note: 'cart', count: 3 })))

      const before = browser.copy()
      await browser.visit((s) => s.start({ user }, { keep: ['note'] }))
      expect(await browser.visit((s) => s.get())).toEqual({ user, note: 'cart' })
      expect(await before.visit((s) => s.get())).toEqual(undefined)
    },
  )

  that('a session ends at its limits', async (site) => {
    const [idle, busy] = [site.browser(), site.browser()]
    for (const browser of [idle, busy]) await browser.visit((s) => s.start({ user: site.user() }))

    for (let half = 0; half < 15; half++) {
      await site.elapse(HOUR / 2)
      if (half === 0) expect((await idle.visit((s) => s.get())) !== undefined).toEqual(true)
      expect((await busy.visit((s) => s.get())) !== undefined).toEqual(true)
    }

    expect(await idle.visit((s) => s.get())).toEqual(undefined)

    await site.elapse(HOUR / 2)
    expect(await busy.visit((s) => s.get())).toEqual(undefined)
  })
}
