/** What every store must keep when it fails at any of its calls: one set of tests for all of them. */
import { describe, expect, it } from 'vitest'
import type { SessionStore } from '../../src/store/index.ts'
import { type Handled, handled, siteWith, type Visitor } from './stored-support.ts'
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

/** A site over a store, with one visitor who is signed in and to whom a message waits. */
export async function site(
  make: (clock: { now: number }) => SessionStore | Promise<SessionStore>,
  name: string,
) {
  const clock = { now: noon }
  const store: Handled<SessionStore> = handled(await make(clock))
  const made = siteWith(store.store, {}, clock)
  const browser = made.visitor()
  await browser.visit((s) => s.start({ userId: 'ada', cart: [] }))
  await browser.visit((s) => s.flash('notice', 'Saved'))
  made.heard()
  const before = browser.cookies.get('__Host-session')
  const ending = name === 'end' || name === 'endAll'
  return { ...made, store, browser, before, ending }
}

/** Declares the tests. `atomic`: the store has all seven verbs. */
export function outagePromises(
  make: (clock: { now: number }) => SessionStore | Promise<SessionStore>,
  atomic = true,
): void {
  describe.each(requests.filter(([name]) => atomic || !/endAll|list/.test(name)))(
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
}
