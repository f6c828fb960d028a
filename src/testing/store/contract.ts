/**
 * Declares every promise of a session store as a test, for the stores of this library and for
 * those of applications. Test files call `storeContract()`. A promise that is broken fails its
 * test.
 */
import type { AtomicStore, StoreContext } from '../../store/contract.ts'
import { sessionContract } from '../session/contract.ts'
import { createStoreTestContext, type StoreTestContext } from './desk.ts'
import { lifetimePromises } from './lifetimes.ts'
import { markPromises } from './marks.ts'
import { racePromises } from './races.ts'
import { rotatePromises } from './rotate.ts'
import { userPromises } from './users.ts'
import { valuePromises } from './values.ts'
import { verbPromises } from './verbs.ts'

/** What `expect` must be able to say. */
export interface Expectation {
  /** Deep equality. */
  toEqual(expected: unknown): unknown
}

/** A test runner as far as the contract needs one: vitest, Jest, Deno's and Bun's have these names. */
export interface TestTools {
  /** Groups tests. */
  describe(name: string, body: () => void): unknown
  /** One test. */
  it(name: string, body: () => Promise<void>): unknown
  /** Says what must hold of a value. */
  expect(value: unknown): Expectation
}

/** A store and its time. Tests bring their own keys, so all may share one store. */
export interface StoreUnderTest {
  /** What is tested. */
  readonly store: AtomicStore
  /** Now, in ms since the epoch: where the tests begin, and what they give the store as `now`. */
  now(): number
  /**
   * Lets milliseconds pass, for `now` and for the store's own expiry. Where the clock cannot be moved, bring every expiry
   * nearer instead; without either, expiry cannot be tested.
   */
  elapse(ms: number): unknown
  /** What verbs get as their last argument. Default `{}`. */
  readonly context?: StoreContext
  /** Sessions a user may have. Default 100. */
  readonly maxPerUser?: number
}

/**
 * Declares the tests that a store has to pass: the result of each function, when sessions end, the list of a user's sessions,
 * races in every order in which the steps of two or three clients can happen, and whole sessions from login to logout.
 *
 * @param makeStore - called once for each test.
 * @example
 * storeContract({ describe, it, expect }, () => {
 *   let now = Date.now()
 *   return { store: myStore({ clock: () => now }), now: () => now, elapse: (ms) => (now += ms) }
 * })
 */
export function storeContract(
  tools: TestTools,
  makeStore: () => StoreUnderTest | Promise<StoreUnderTest>,
): void {
  const { describe, it, expect } = tools
  const check: Check = {
    group: (name, body) => void describe(name, body),
    that: (title, body) =>
      void it(title, async () => body(createStoreTestContext(await makeStore()))),
    expect: (value) => expect(value),
  }

  describe('a session store', () => {
    verbPromises(check)
    rotatePromises(check)
    valuePromises(check)
    lifetimePromises(check)
    userPromises(check)
    markPromises(check)
    racePromises(check)
    sessionContract(tools, makeStore)
  })
}

/** How the promises are written down: a title and what happens at a desk of its own. */
export interface Check {
  group(name: string, body: () => void): void
  that(title: string, body: (desk: StoreTestContext) => Promise<void>): void
  expect(value: unknown): Expectation
}
