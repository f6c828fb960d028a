import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AtomicStore } from '../../src/store/index.ts'
import { memoryAt, siteWith, type Visit, type Visitor } from './stored-support.ts'
import { noon } from './support.ts'

/** What one tab does. All of them do it at the same time, with the same cookie. */
const acts: Readonly<Record<string, (tab: Visitor) => Promise<Visit>>> = {
  read: (tab) => tab.visit((s) => s.get()),
  theme: (tab) => tab.visit((s) => s.set('theme', 'dark')),
  cart: (tab) =>
    tab.visit(async (s) => {
      await s.get()
      s.set('cart', ['book'])
    }),
  count: (tab) =>
    tab.visit((s) => s.update((data) => ({ ...data, visits: (data?.visits ?? 0) + 1 }))),
  take: (tab) => tab.visit((s) => s.takeFlash('notice')),
  flash: (tab) => tab.visit((s) => s.flash('other', 'x')),
  logout: (tab) => tab.logout(),
  login: (tab) => tab.login('ada'),
  keep: (tab) => tab.visit((s) => s.start({ userId: 'ada' }, { keep: ['visits'] })),
  endAll: (tab) => tab.visit((s) => s.endAll()),
}
/** Acts that end the session all tabs have, and may answer with a cookie. */
const ENDING = ['logout', 'login', 'keep', 'endAll']

describe('three or four tabs of one browser with parallel requests in any order', () => {
  it('no ended session returns, no write is lost and no needless cookie is sent', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.constantFrom(...Object.keys(acts)), { minLength: 2, maxLength: 4 }),
        async (scheduler, names) => {
          const clock = { now: noon }
          const inner = memoryAt(clock)
          const plain = siteWith(inner, {}, clock)
          const owner = plain.visitor()
          await owner.visit((s) => s.start({ userId: 'ada', visits: 0 }))
          await owner.visit((s) => s.flash('notice', 'Saved'))

          const raced = siteWith(scheduled(inner, scheduler), {}, clock)
          const tabs = names.map(() => raced.visitor())
          for (const tab of tabs)
            tab.cookies.set('__Host-session', owner.cookies.get('__Host-session') ?? '')
          const visits = await scheduler.waitFor(
            Promise.all(
              names.map((name, at) =>
                (acts[name] as (tab: Visitor) => Promise<Visit>)(tabs[at] as Visitor),
              ),
            ),
          )

          const done = names.map((name, at) => ({
            name,
            tab: tabs[at] as Visitor,
            visit: visits[at] as Visit,
          }))
          const count = (name: string): number => done.filter((each) => each.name === name).length
          const over = ENDING.some((name) => count(name) > 0)
          for (const { name, visit } of done) {
            expect([
              name,
              visit.status === 200 || (over && visit.status === 401 && name === 'count'),
            ]).toEqual([name, true])
            if (!ENDING.includes(name)) expect([name, visit.cookies]).toEqual([name, []])
          }
          const shown = done.filter(({ name, visit }) => name === 'take' && visit.body !== null)
          expect(shown.length).toBeLessThanOrEqual(1)

          const left = (await owner.get()) as {
            visits: number
            theme?: string
            cart?: string[]
          } | null
          const counted = done.filter(
            ({ name, visit }) => name === 'count' && visit.status === 200,
          ).length
          if (over) expect(left).toBe(null)
          else {
            expect(left?.visits).toBe(count('count'))
            expect(left?.theme).toBe(count('theme') > 0 ? 'dark' : undefined)
            expect(left?.cart).toEqual(count('cart') > 0 ? ['book'] : undefined)
            expect(shown).toHaveLength(Math.min(1, count('take')))
          }
          // Every login stands, but for an endAll that came after it; what it kept is no more than what was acknowledged.
          for (const { name, tab } of done.filter(
            (each) => each.name === 'login' || each.name === 'keep',
          )) {
            const after = plain.visitor()
            after.cookies.set('__Host-session', tab.cookies.get('__Host-session') ?? '')
            const data = (await after.get()) as { visits?: number } | null
            if (count('endAll') === 0)
              expect([name, data]).toEqual([name, expect.objectContaining({ userId: 'ada' })])
            expect(data?.visits ?? 0).toBeLessThanOrEqual(counted)
          }
          if (count('endAll') === 0) {
            const logins = count('login') + count('keep')
            expect(await plain.sessions.list({ user: 'ada' })).toHaveLength(over ? logins : 1)
          }
        },
      ),
      { numRuns: 150 },
    )
  })
})

/** The store, hearing and answering when the scheduler says. */
function scheduled(inner: AtomicStore, scheduler: fc.Scheduler): AtomicStore {
  const verbs = Object.entries(inner) as Array<[string, (...args: unknown[]) => Promise<unknown>]>
  return Object.fromEntries(
    verbs.map(([name, verb]) => [
      name,
      async (...args: unknown[]): Promise<unknown> => {
        await scheduler.schedule(Promise.resolve(), `${name} asked`)
        const answer = await verb(...args)
        await scheduler.schedule(Promise.resolve(), `${name} answered`)
        return answer
      },
    ]),
  ) as unknown as AtomicStore
}
