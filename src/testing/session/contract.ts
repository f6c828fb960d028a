/**
 * Declares tests of whole sessions over a store, from login to logout, which check the data that an
 * application sees, however the store's client changes values on the way. `sessionContract()` is
 * called by test files and by `storeContract()`; `life.ts` and `users.ts` hold the tests. A store
 * that breaks a promise fails the test of that name. Each test creates its own users, so all may
 * share one store.
 */

import type { FlushableHandle, StoredStrategy } from '../../session/core/types.ts'
import { storedSessions } from '../../session/stored/sessions.ts'
import {
  isAtomic,
  type SessionStore,
  type StoreContext,
  type StoreOption,
} from '../../store/contract.ts'
import type { Expectation, TestTools } from '../store/contract.ts'
import { sessionLifePromises } from './life.ts'
import { sessionUserPromises } from './users.ts'

/** A store and its clock. Tests create their own users, so all may share one store. */
export interface SessionStoreUnderTest {
  /**
   * The store under test, as `storedSessions` accepts it: with all seven methods, or with `get`,
   * `set` and `delete`.
   */
  readonly store: StoreOption
  /** Returns the current time in ms since the epoch. Default `Date.now`. */
  now?(): number
  /**
   * Moves `now` and the store's own expiry forward by some ms. Without it, only the clock of the
   * sessions moves.
   */
  elapse?(ms: number): unknown
  /** The last argument of the store's methods. Default `{}`. */
  readonly context?: StoreContext
}

/** The data of the sessions in these tests. */
export interface TestData {
  readonly user?: string
  readonly count?: number
  readonly note?: unknown
}

/** A site whose sessions are in the store under test. */
export interface TestSite {
  readonly sessions: StoredStrategy<TestData>
  /** Whether the store has all seven methods. */
  readonly atomic: boolean
  /** Whether the store has the optional method `readReplaced`. */
  readonly remembers: boolean
  readonly env: unknown
  elapse(ms: number): unknown
  browser(): SessionBrowser
  /** Returns a user name that no other test uses. */
  user(): string
}

/** A browser, which stores cookies between requests. */
export interface SessionBrowser {
  /** Sends a request that `handler` handles, and stores the cookies of its response. */
  visit<T>(handler: (session: FlushableHandle<TestData>) => Promise<T> | T): Promise<T>
  /** Returns another browser with the same cookies: a second tab, or a thief's. */
  copy(): SessionBrowser
}

/**
 * The functions with which tests are declared. `that` has a title and a body, which receives its
 * own site.
 */
export interface SessionCheck {
  that(title: string, body: (site: TestSite) => Promise<void>): void
  expect(value: unknown): Expectation
}

const SECRET = 'mT4-zQ8vXc1LrW6pYb9KdHs2NfGj7EaU'

/**
 * Declares tests that run whole sessions over a store: login, reads, parallel writes, messages,
 * lists and logout. A store with only `get`, `set` and `delete` is tested for what it can
 * guarantee. `storeContract` includes these tests.
 *
 * @param makeStore - called once for each test.
 * @example
 * sessionContract({ describe, it, expect }, () => ({ store: unstorageStore(createStorage({ driver })) }))
 */
export function sessionContract(
  tools: TestTools,
  makeStore: () => SessionStoreUnderTest | Promise<SessionStoreUnderTest>,
): void {
  const check: SessionCheck = {
    that: (title, body) => void tools.it(title, async () => body(createSite(await makeStore()))),
    expect: (value) => tools.expect(value),
  }

  tools.describe('whole sessions', () => {
    sessionLifePromises(check)
    sessionUserPromises(check)
  })
}

function createSite({
  store,
  now = Date.now,
  elapse,
  context = {},
}: SessionStoreUnderTest): TestSite {
  const sessionStore: SessionStore = typeof store === 'function' ? store({ maxAge: 28_800 }) : store
  let skippedMs = 0
  const clock = (): number => now() + skippedMs

  const sessions = storedSessions<TestData>({
    secret: SECRET,
    store: sessionStore,
    user: (data) => data.user,
    clock,
  })

  return {
    sessions,
    atomic: isAtomic(sessionStore),
    remembers: 'readReplaced' in sessionStore && typeof sessionStore.readReplaced === 'function',
    env: context.env,
    browser: () => createBrowser(sessions, context.env, new Map()),
    user: () => `user ${crypto.randomUUID()}`,
    elapse(ms): unknown {
      if (elapse !== undefined) return elapse(ms)
      // The store's own clock does not move. The times sealed in the cookie end the session
      // nevertheless.
      skippedMs += ms
      return undefined
    },
  }
}

function createBrowser(
  sessions: StoredStrategy<TestData>,
  env: unknown,
  cookies: Map<string, string>,
): SessionBrowser {
  return {
    copy: () => createBrowser(sessions, env, new Map(cookies)),

    async visit(handler) {
      const headers = new Headers()
      if (cookies.size > 0)
        headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '))

      const session = sessions.open({ request: { headers }, headers: new Headers(), env })
      const result = await handler(session)
      const response = await session.flush(new Response())

      for (const text of response.headers.getSetCookie()) {
        const [pair = ''] = text.split(';')
        const equalsIndex = pair.indexOf('=')
        if (/; Max-Age=0(?:;|$)/.test(text)) cookies.delete(pair.slice(0, equalsIndex))
        else cookies.set(pair.slice(0, equalsIndex), pair.slice(equalsIndex + 1))
      }

      return result
    },
  }
}
