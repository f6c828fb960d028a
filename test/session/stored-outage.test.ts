import { describe, expect, it } from 'vitest'
import type { SessionStore } from '../../src/store/index.ts'
import { type Handled, handled, kinds, memoryAt, siteWith, type Visitor } from './stored-support.ts'
import { noon } from './support.ts'

type Handler = Parameters<Visitor['visit']>[0]

/** What a request does, and which data may be there once the store is back, besides what was there before. */
const requests: ReadonlyArray<
  readonly [name: string, handler: Handler, after: ReadonlyArray<unknown>]
> = [
  ['get', (s) => s.get(), []],
  ['set', (s) => s.set('theme', 'dark'), [{ userId: 'ada', cart: [], theme: 'dark' }]],
  [
    'update',
    (s) => s.update((data) => ({ ...data, visits: 1 })),
    [{ userId: 'ada', cart: [], visits: 1 }],
  ],
  [
    'commit',
    (s) => {
      s.set('theme', 'dark')
      return s.commit()
    },
    [{ userId: 'ada', cart: [], theme: 'dark' }],
  ],
  // A login whose answer was lost: the old id is over, so that nobody has two.
  ['start', (s) => s.start({ userId: 'ada' }), [null]],
  ['start with keep', (s) => s.start({ userId: 'ada' }, { keep: ['cart'] }), [null]],
  ['end', (s) => s.end(), [null]],
  ['takeFlash', (s) => s.takeFlash('notice'), []],
  ['flash', (s) => s.flash('other', 'x'), []],
  ['endAll', (s) => s.endAll(), [null]],
  ['endAll but this', (s) => s.endAll({ exceptCurrent: true }), []],
  ['list', (s) => s.list(), []],
]

async function site(make: (clock: { now: number }) => SessionStore, name: string) {
  const clock = { now: noon }
  const store: Handled<SessionStore> = handled(make(clock))
  const made = siteWith(store.store, {}, clock)
  const browser = made.visitor()
  await browser.visit((s) => s.start({ userId: 'ada', cart: [] }))
  await browser.visit((s) => s.flash('notice', 'Saved'))
  made.heard()
  const before = browser.cookies.get('__Host-session')
  const ending = name === 'end' || name === 'endAll'
  return { ...made, store, browser, before, ending }
}

describe.each(kinds)('%s that fails', (kind, make) => {
  describe.each(requests.filter(([name]) => kind === 'memoryStore' || !/endAll|list/.test(name)))(
    'while a request does %s',
    (name, handler, after) => {
      it.each(['before', 'after'] as const)(
        'at any of its calls, %s it does its work: 503, nobody is logged out, nothing is half done',
        async (when) => {
          const counted = await site(make, name)
          counted.store.calls.length = 0
          await counted.browser.visit(handler)
          const count = counted.store.calls.length
          expect(count).toBeGreaterThan(0)
          for (let n = 1; n <= count; n++) {
            const { store, browser, before, ending, heard } = await site(make, name)
            const owner = browser.twin()
            store.fail(n, when)
            const { status, body, cookies, response } = await browser.visit(handler)
            expect([n, status, body.status, response.headers.get('content-type')]).toEqual([
              n,
              503,
              503,
              'application/problem+json',
            ])
            expect(response.headers.get('retry-after')).toBe('10')
            if (ending) {
              expect(cookies).toEqual([expect.stringMatching(/^__Host-session=; Max-Age=0/)])
              // Whoever is told 503 may try again, without a cookie: there is nothing left to do for this browser.
              if (name === 'end') expect(heard()).toContain('session-end-incomplete')
            } else {
              expect(cookies).toEqual([])
              expect(browser.cookies.get('__Host-session')).toBe(before)
            }
            store.heal()
            expect([{ userId: 'ada', cart: [] }, ...after]).toContainEqual(await owner.get())
          }
        },
      )

      it('and stays down: 503 within that request, and all is back when it is back', async () => {
        const { store, browser, before, ending } = await site(make, name)
        const owner = browser.twin()
        store.fail(1, 'before', true)
        const { status, cookies } = await browser.visit(handler)
        expect([status, cookies.length]).toEqual([503, ending ? 1 : 0])
        store.heal()
        expect(await owner.get()).toEqual({ userId: 'ada', cart: [] })
        expect((await owner.visit((s) => s.takeFlash('notice'))).body).toBe('Saved')
        expect(owner.cookies.get('__Host-session')).toBe(before)
      })
    },
  )

  it('does not disturb a request that has no session, or does not look', async () => {
    const { store, browser, visitor } = await site(make, 'get')
    store.fail(1, 'before', true)
    expect((await visitor().visit((s) => s.get())).status).toBe(200)
    expect((await browser.visit(() => 'static')).body).toBe('static')
  })

  it('in a handler that catches it: the answer is the handler’s, the cookie stays', async () => {
    const { store, browser, before } = await site(make, 'get')
    store.fail(1, 'before')
    const caught = await browser.visit((s) =>
      s.get().catch((error: { code: string }) => error.code),
    )
    expect([caught.status, caught.body, caught.cookies]).toEqual([200, 'ERR_STORE_UNAVAILABLE', []])
    expect(browser.cookies.get('__Host-session')).toBe(before)
  })

  it('once, then not: a read that failed may be tried again in the same request', async () => {
    const { store, browser } = await site(make, 'get')
    store.fail(1, 'before')
    const { body } = await browser.visit(async (s) => {
      await s.get().catch(() => {})
      return s.get()
    })
    expect(body).toEqual({ userId: 'ada', cart: [] })
  })

  it('says nothing of what the store’s own error said, but keeps it as the cause', async () => {
    const { store, browser } = await site(make, 'get')
    let error: unknown
    store.fail(1, 'before')
    const { body } = await browser.visit(async (s) => {
      try {
        await s.get()
      } catch (caught) {
        error = caught
        throw caught
      }
    })
    expect(error).toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      cause: expect.objectContaining({ message: 'the store is down' }),
    })
    expect(JSON.stringify(body)).not.toContain('the store is down')
  })
})

describe('a logout that the store could not hear of', () => {
  it('is tried again by a second end in the same request', async () => {
    const { store, browser } = await site(memoryAt, 'end')
    const copy = browser.twin()
    store.fail(1, 'before')
    const { status, cookies } = await browser.visit(async (s) => {
      await s.end().catch(() => {})
      await s.end()
    })
    expect([status, cookies.length]).toEqual([200, 1])
    expect(await copy.get()).toBe(null)
  })

  it('followed by a login in the same request ends the old session with it', async () => {
    const { store, browser } = await site(memoryAt, 'end')
    const copy = browser.twin()
    store.fail(1, 'before')
    await browser.visit(async (s) => {
      await s.end().catch(() => {})
      await s.start({ userId: 'bob' })
    })
    expect([await browser.get(), await copy.get()]).toEqual([{ userId: 'bob' }, null])
  })

  it('of all sessions: those that could be ended are, and the cookie goes', async () => {
    const { store, browser } = await site(memoryAt, 'endAll')
    // read, endAll, end: the last one fails, after the list was forgotten.
    const copy = browser.twin()
    store.fail(3, 'before')
    const { status, cookies } = await browser.visit((s) => s.endAll())
    expect([status, cookies.length]).toEqual([503, 1])
    store.heal()
    expect(await copy.get()).toBe(null)
  })
})
