/**
 * Declares the tests that a limiter must pass. Test files call `limiterContract()` for the limiters
 * of this library and for those of applications; `takes.ts` and `exact.ts` hold the tests. A
 * limiter that breaks a promise fails the test of that name. The limiter's clock must be movable;
 * without `setBack`, a clock that is set back is not tested.
 */
import type { LimitContext, Limiter } from '../../limit/contract.ts'
import type { Expectation, TestTools } from '../store/contract.ts'
import { exactPromises } from './exact.ts'
import { takePromises } from './takes.ts'

/** A limiter and its clock. */
export interface LimiterUnderTest {
  /** The limiter under test. */
  readonly limiter: Limiter
  /** Returns the time of the limiter's clock, in ms since the epoch. */
  now(): number
  /** Moves the limiter's clock and the store's own expiry forward by some ms. */
  elapse(ms: number): unknown
  /** Sets only the limiter's clock back. Without it, such a clock is not tested. */
  setBack?(ms: number): unknown
  /** The last argument of the limiter's methods. Default `{}`. */
  readonly context?: LimitContext
}

/** The rate of a limiter. */
export interface Rate {
  /** Units in a window. */
  readonly limit: number
  /** Seconds. */
  readonly window: number
}

/** The promises that the limiter makes. */
export interface LimiterContractOptions {
  /**
   * Whether the limiter is exact: it never allows more than the limit in any window, denied takes
   * change nothing, and retry times are exact to the millisecond. Default true; false omits these
   * tests.
   */
  readonly exact?: boolean
}

/**
 * Declares the tests that a limiter must pass.
 *
 * @param makeLimiter - called once for each test, with the rate that it needs.
 * @example
 * limiterContract({ describe, it, expect }, (rate) => {
 *   let now = Date.now()
 *   const limiter = myLimiter({ ...rate, clock: () => now })
 *   return { limiter, now: () => now, elapse: (ms) => (now += ms) }
 * })
 */
export function limiterContract(
  tools: TestTools,
  makeLimiter: (rate: Rate) => LimiterUnderTest | Promise<LimiterUnderTest>,
  { exact = true }: LimiterContractOptions = {},
): void {
  const { describe, it, expect } = tools
  const check: LimiterCheck = {
    that: (title, rate, body) =>
      void it(title, async () => body(createLimiterBench(await makeLimiter(rate)))),
    expect: (value) => expect(value),
  }

  describe('a limiter', () => {
    takePromises(check)
    if (exact) exactPromises(check)
  })
}

/**
 * The functions with which tests are declared. `that` has a title, a rate and a body, which
 * receives its own limiter.
 */
export interface LimiterCheck {
  that(title: string, rate: Rate, body: (bench: LimiterBench) => Promise<void>): void
  expect(value: unknown): Expectation
}

/** A limiter, with short forms of its methods. */
export interface LimiterBench extends Required<Omit<LimiterUnderTest, 'setBack'>> {
  readonly setBack: ((ms: number) => unknown) | undefined
  take(key: string, cost?: number): ReturnType<Limiter['take']>
  peek(key: string): ReturnType<Limiter['peek']>
  forget(key: string): Promise<void>
  /** Reports whether a take is allowed. */
  passes(key: string, cost?: number): Promise<boolean>
}

function createLimiterBench(value: LimiterUnderTest): LimiterBench {
  const { limiter, context = {} } = value
  return {
    limiter,
    context,
    now: () => value.now(),
    elapse: (ms) => value.elapse(ms),
    setBack: value.setBack && ((ms) => value.setBack?.(ms)),
    take: (key, cost) => limiter.take(key, cost, context),
    peek: (key) => limiter.peek(key, context),
    forget: (key) => limiter.forget(key, context),
    passes: async (key, cost) => (await limiter.take(key, cost, context)).allowed,
  }
}
