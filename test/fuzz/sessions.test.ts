/**
 * Sessions against a model, under random interleavings, over a store that loses replies: in memory, in a real Redis over
 * HTTP and TCP, in a real PostgreSQL and in Durable Objects of a real workerd.
 * `npm run fuzz -- sessions 20000 [seed] [store]` runs as many as are asked for; the stores are in race-stores.ts.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import type { AtomicStore } from '../../src/store/index.ts'
import { siteWith, type Visit, type Visitor } from '../session/stored-support.ts'
import { noon } from '../session/support.ts'
import { listVerbs, type RaceServer, type RaceStore, raceStores } from './race-stores.ts'
import { holds } from './support.ts'

// What the model knows of a browser: who it is, and what was acknowledged to it.
interface Known {
  user: string | undefined
  /** Increments that were answered with 200 since this session began. */
  counted: number
  /** A message that waits to be shown. */
  flash: boolean
}

type Act = 'read' | 'count' | 'login' | 'logout' | 'endAll' | 'flash' | 'take' | 'theme'

const users = ['ada', 'bob']
const act = fc.constantFrom<Act>(
  'read',
  'count',
  'count',
  'login',
  'login',
  'logout',
  'endAll',
  'flash',
  'take',
  'theme',
)
/**
 * A history, step by step: several requests at the same time, of any browsers, then a look at what is left. `pause` is in
 * seconds; `fault` the store call of the step that fails (0: none), `lost` whether only its answer does.
 */
const steps = fc.array(
  fc.record({
    acts: fc.array(fc.record({ who: fc.nat(2), act, user: fc.nat(1) }), {
      minLength: 1,
      maxLength: 4,
    }),
    pause: fc.constantFrom(0, 0, 1, 59, 400, 1000),
    fault: fc.constantFrom(0, 0, 0, 1, 2, 3),
    lost: fc.boolean(),
  }),
  { minLength: 1, maxLength: 5 },
)
const changing: ReadonlySet<Act> = new Set(['login', 'logout', 'endAll'])

/** Of every hundred replies three are lost on their way; the client asks again, as that of `portcullis/redis` does. */
const lostReplies = 0.03

const only = process.env.FUZZ_STORE

describe('sessions against a model, under random interleavings', () => {
  for (const store of raceStores) if (!only || only === store.name) race(store)
})

function race({ title, runs, lanes, start }: RaceStore): void {
  let server: RaceServer | undefined
  beforeAll(async () => {
    server = await start()
  })
  afterAll(() => server?.stop())

  holds(
    `${title}: three browsers of two users, several tabs each, a store that loses calls and answers: nobody is somebody else, nothing ended comes back, nothing acknowledged is lost`,
    runs,
    (lane) => createRace(() => server as RaceServer, lane),
    { kind: 'interleaving', lanes },
  )
}

/** One history after another, in an order of their steps that fast-check chooses. */
function createRace(find: () => RaceServer, lane: number) {
  return fc.asyncProperty(fc.scheduler(), steps, fc.integer(), async (scheduler, history, seed) => {
    const clock = { now: noon }
    const broken = { at: 0, lost: false, calls: 0, failed: false }
    const random = mulberry(seed)
    const server = find()
    const stores = await server.open({ clock, lose: () => random() < lostReplies, lane })
    const failures: unknown[] = []
    const raced = siteWith(unreliable(stores.lossy, scheduler, broken), {}, clock)
    const calm = siteWith(noting(stores.calm, failures), {}, clock)
    const browsers = [raced.visitor(), raced.visitor(), raced.visitor()]
    const known: Known[] = browsers.map(() => ({ user: undefined, counted: 0, flash: false }))
    /** Cookies whose session was ended, with an answer that said so. */
    const dead: string[] = []

    for (const step of history) {
      clock.now += step.pause * 1000
      Object.assign(broken, { at: step.fault, lost: step.lost, calls: 0, failed: false })
      const before = browsers.map((browser) => browser.cookies.get('__Host-session'))
      // Tabs of one browser send the cookie it had when the step began.
      const tabs = step.acts.map(({ who }) => (browsers[who] as Visitor).twin())
      const [first] = step.acts
      const leaving = step.acts.length === 1 && first?.act === 'logout' ? browsers[first.who] : null
      const isLeaving = leaving != null && (await look(calm, leaving.cookies, failures)) !== null
      raced.heard()
      const visits = await scheduler.waitFor(
        Promise.all(
          step.acts.map(({ act, user }, at) =>
            perform(tabs[at] as Visitor, act, users[user] as string),
          ),
        ),
      )
      broken.at = 0
      // Where an answer was lost, the logout has still ended a session, and its event says so.
      if (isLeaving && !broken.failed) expect(raced.heard()).toContain('session-ended: ended')

      for (const [who, browser] of browsers.entries()) {
        const mine = step.acts.flatMap((each, at) =>
          each.who === who
            ? [{ ...each, visit: visits[at] as Visit, tab: tabs[at] as Visitor }]
            : [],
        )
        const model = known[who] as Known
        for (const { act, visit } of mine) {
          expect([200, 401, 409, 503]).toContain(visit.status)
          // Without a fault of the store a request is refused only where another one ended its session.
          if (!broken.failed) expect(visit.status).not.toBe(503)
          if (act === 'read' && visit.status === 200 && visit.body !== null) {
            const names = [
              model.user,
              ...mine.filter((each) => each.act === 'login').map((each) => users[each.user]),
            ]
            expect(names).toContain(visit.body.userId)
          }
          // A read sets no cookie, and neither does a write to a stored session that was there.
          if (!changing.has(act) && before[who] !== undefined && act !== 'count')
            expect(visit.cookies).toEqual([])
        }
        const everywhere = visits.some(
          ({ status, body }, at) =>
            step.acts[at]?.act === 'endAll' &&
            status === 200 &&
            body !== null &&
            body === model.user,
        )
        const ended = mine.some(
          ({ act, visit }) =>
            changing.has(act) && visit.status === 200 && (act !== 'endAll' || visit.body !== null),
        )
        const old = before[who]
        if ((ended || everywhere) && old !== undefined) dead.push(old)
        const shown = mine.filter(
          ({ act, visit }) => act === 'take' && visit.status === 200 && visit.body !== null,
        )
        if (!mine.some(({ act }) => act === 'flash'))
          expect(shown.length).toBeLessThanOrEqual(model.flash ? 1 : 0)

        // What the browser keeps is what its last answer set: the jar is the browser's, not ours.
        for (const { tab } of mine) {
          const now = tab.cookies.get('__Host-session')
          if (now === old) continue
          if (now === undefined) browser.cookies.delete('__Host-session')
          else browser.cookies.set('__Host-session', now)
        }
        const left = await look(calm, browser.cookies, failures)
        const logins = mine.filter(({ act }) => act === 'login').map(({ user }) => users[user])
        if (left?.userId !== undefined) expect([model.user, ...logins]).toContain(left.userId)
        const untouched = !step.acts.some(({ act }) => changing.has(act)) && !broken.failed
        if (untouched && model.user !== undefined && left !== null) {
          const counts = mine.filter(
            ({ act, visit }) => act === 'count' && visit.status === 200,
          ).length
          expect(left.visits ?? 0).toBe(model.counted + counts)
        }
        Object.assign(model, {
          user: left?.userId,
          counted: left?.visits ?? 0,
          flash: left !== null && (model.flash || mine.some(({ act }) => act === 'flash')),
        })
      }

      for (const cookie of dead) {
        const stolen = new Map([['__Host-session', cookie]])
        expect(await look(calm, stolen, failures)).toBe(null)
      }
    }
    // A store asks once more by itself: that must not hide a server that failed where nothing was lost.
    expect(server.failures).toEqual([])
  })
}

/** A generator of numbers from 0 to 1, the same ones for the same seed. */
function mulberry(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

function perform(tab: Visitor, act: Act, user: string): Promise<Visit> {
  if (act === 'read') return tab.visit((s) => s.get())
  if (act === 'count')
    return tab.visit((s) => s.update((data) => ({ ...data, visits: (data?.visits ?? 0) + 1 })))
  if (act === 'login') return tab.login(user)
  if (act === 'logout') return tab.logout()
  if (act === 'take') return tab.visit((s) => s.takeFlash('notice'))
  if (act === 'flash')
    return tab.visit(async (s) => void ((await s.get()) && s.flash('notice', 'Saved')))
  if (act === 'theme')
    return tab.visit(async (s) => void ((await s.get()) && s.set('theme', 'dark')))
  return tab.visit(async (s) => {
    const user = (await s.get())?.userId
    if (user !== undefined) await s.endAll()
    return user
  })
}

/**
 * The session that cookies stand for. An error page is no session and no lack of one: it fails the race, with the
 * reason of the store.
 */
async function look(
  site: ReturnType<typeof siteWith>,
  cookies: ReadonlyMap<string, string>,
  failures: readonly unknown[],
): Promise<{ userId?: string; visits?: number } | null> {
  const other = site.visitor()
  for (const [name, value] of cookies) other.cookies.set(name, value)
  const { status, body } = await other.visit((s) => s.get())
  if (status !== 200)
    throw new Error(`The calm store answered ${status}`, { cause: new AggregateError(failures) })
  return body
}

/** The calm store, which loses nothing and is asked once. `failures` keeps why a call failed all the same. */
function noting(inner: AtomicStore, failures: unknown[]): AtomicStore {
  return Object.fromEntries(
    listVerbs(inner).map(([name, verb]) => [
      name,
      (...args: unknown[]): Promise<unknown> =>
        verb(...args).catch((error: unknown) => {
          failures.push(error)
          throw error
        }),
    ]),
  ) as unknown as AtomicStore
}

/** A store that hears and answers when the scheduler says, and loses the call that was chosen, or its answer. */
function unreliable(
  inner: AtomicStore,
  scheduler: fc.Scheduler,
  broken: { at: number; lost: boolean; calls: number; failed: boolean },
): AtomicStore {
  return Object.fromEntries(
    listVerbs(inner).map(([name, verb]) => [
      name,
      async (...args: unknown[]): Promise<unknown> => {
        const fails = ++broken.calls === broken.at
        await scheduler.schedule(Promise.resolve(), `${name} asked`)
        if (fails) broken.failed = true
        if (fails && !broken.lost) throw new Error('the store is down')
        const answer = await verb(...args).catch((error: unknown) => {
          broken.failed = true
          throw error
        })
        await scheduler.schedule(Promise.resolve(), `${name} answered`)
        if (fails) throw new Error('the answer was lost')
        return answer
      },
    ]),
  ) as unknown as AtomicStore
}
