/**
 * Declares the tests that a session store must pass. Test files call `storeContract()` for the
 * stores of this library and for those of applications; the other files of this folder hold the
 * tests. A store that breaks a promise fails the test of that name. Where the clock of the store
 * cannot be moved, expiry cannot be tested.
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

/** The part of `expect` that the tests need. */
export interface Expectation {
  /** Deep equality. */
  toEqual(expected: unknown): unknown
}

/**
 * The part of a test runner that the contracts need. The functions of vitest, Jest, Deno and Bun
 * have these names.
 */
export interface TestTools {
  /** Groups tests. */
  describe(name: string, body: () => void): unknown
  /** Declares one test. */
  it(name: string, body: () => Promise<void>): unknown
  /** Creates an assertion about a value. */
  expect(value: unknown): Expectation
}

/** A store and its clock. Tests create their own keys, so all may share one store. */
export interface StoreUnderTest {
  /** The store under test. */
  readonly store: AtomicStore
  /** Returns the current time in ms since the epoch, which the tests pass to the store as `now`. */
  now(): number
  /**
   * Moves `now` and the store's own expiry forward by some ms. Where the store's clock cannot be
   * moved, move every expiry nearer instead; without either, expiry cannot be tested.
   */
  elapse(ms: number): unknown
  /** The last argument of the store's methods. Default `{}`. */
  readonly context?: StoreContext
  /** The most sessions of a user. Default 100. */
  readonly maxPerUser?: number
}

/**
 * Declares the tests that a store must pass: the result of each method, when sessions end, the list
 * of a user's sessions, races in every order in which the steps of two to four clients can happen,
 * and whole sessions from login to logout.
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

/**
 * The functions with which tests are declared. `that` has a title and a body, which receives its
 * own tools.
 */
export interface Check {
  group(name: string, body: () => void): void
  that(title: string, body: (desk: StoreTestContext) => Promise<void>): void
  expect(value: unknown): Expectation
}
