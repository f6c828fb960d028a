/**
 * Declares tests of whole sessions over a store, from login to logout: what an application sees,
 * whatever the store's client does to values. Test files and `storeContract` call it. A promise
 * that is broken fails its test.
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

/** A store of either kind and its time. Tests bring their own users, so all may share one store. */
export interface SessionStoreUnderTest {
  /** What is tested, as it is given to `storedSessions`: all seven verbs, or `get`, `set` and `delete`. */
  readonly store: StoreOption
  /** Now, in ms since the epoch. Default `Date.now`. */
  now?(): number
  /** Lets milliseconds pass, for `now` and for the store’s own expiry. Without it only the sessions’ clock moves. */
  elapse?(ms: number): unknown
  /** What the store's verbs get as their last argument. Default `{}`. */
  readonly context?: StoreContext
}

/** What the sessions of these tests hold. */
export interface TestData {
  readonly user?: string
  readonly count?: number
  readonly note?: unknown
}

/** A site whose sessions are in the store. */
export interface TestSite {
  readonly sessions: StoredStrategy<TestData>
  /** Whether the store has all seven verbs. */
  readonly atomic: boolean
  /** Whether the store has the optional verb `readReplaced`. */
  readonly remembers: boolean
  readonly env: unknown
  elapse(ms: number): unknown
  browser(): SessionBrowser
  /** A name that no other test uses. */
  user(): string
}

/** What keeps cookies between requests. */
export interface SessionBrowser {
  /** Sends a request whose handler is given, and keeps the cookies of its answer. */
  visit<T>(handler: (session: FlushableHandle<TestData>) => Promise<T> | T): Promise<T>
  /** Another browser with the same cookies: a second tab, or a thief. */
  copy(): SessionBrowser
}

/** How the promises are declared: a title, and what happens on a site of its own. */
export interface SessionCheck {
  that(title: string, body: (site: TestSite) => Promise<void>): void
  expect(value: unknown): Expectation
}

const SECRET = 'mT4-zQ8vXc1LrW6pYb9KdHs2NfGj7EaU'

/**
 * Declares tests that run whole sessions over a store: login, reads, parallel writes, messages, lists and logout. A store of
 * `get`, `set` and `delete` is held to what it can keep. `storeContract` includes them.
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
  const made: SessionStore = typeof store === 'function' ? store({ maxAge: 28_800 }) : store
  let skipped = 0
  const clock = (): number => now() + skipped

  const sessions = storedSessions<TestData>({
    secret: SECRET,
    store: made,
    user: (data) => data.user,
    clock,
  })

  return {
    sessions,
    atomic: isAtomic(made),
    remembers: 'readReplaced' in made && typeof made.readReplaced === 'function',
    env: context.env,
    browser: () => createBrowser(sessions, context.env, new Map()),
    user: () => `user ${crypto.randomUUID()}`,
    elapse(ms): unknown {
      if (elapse !== undefined) return elapse(ms)
      // The store's own clock stands still: the sealed times end the session all the same.
      skipped += ms
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
        const at = pair.indexOf('=')
        if (/; Max-Age=0(?:;|$)/.test(text)) cookies.delete(pair.slice(0, at))
        else cookies.set(pair.slice(0, at), pair.slice(at + 1))
      }

      return result
    },
  }
}
