/**
 * Declares every promise of a limiter as a test, for the limiters of this library and for those of
 * applications. Test files call `limiterContract()`. A promise that is broken fails its test.
 */
import type { LimitContext, Limiter } from '../../limit/contract.ts'
import type { Expectation, TestTools } from '../store/contract.ts'
import { exactPromises } from './exact.ts'
import { takePromises } from './takes.ts'

/** A limiter and its time. */
export interface LimiterUnderTest {
  /** What is tested. */
  readonly limiter: Limiter
  /** Now, in ms since the epoch, as the limiter's clock has it. */
  now(): number
  /** Lets milliseconds pass, for the limiter's clock and for the store's own expiry. */
  elapse(ms: number): unknown
  /** Sets the limiter's clock back, and nothing else; without it that is not tested. */
  setBack?(ms: number): unknown
  /** What verbs get as their last argument. Default `{}`. */
  readonly context?: LimitContext
}

/** How many units in how many seconds. */
export interface Rate {
  /** Units in a window. */
  readonly limit: number
  /** Seconds. */
  readonly window: number
}

/** What the limiter under test promises. */
export interface LimiterContractOptions {
  /**
   * Default true: never more than the limit in any window, denied takes change nothing, retry times hold to the
   * millisecond. false leaves these promises out.
   */
  readonly exact?: boolean
}

/**
 * Declares the tests that a limiter has to pass.
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

/** How the promises are written down: a title, a rate, and what happens to a limiter of its own. */
export interface LimiterCheck {
  that(title: string, rate: Rate, body: (bench: LimiterBench) => Promise<void>): void
  expect(value: unknown): Expectation
}

/** A limiter with its verbs shortened. */
export interface LimiterBench extends Required<Omit<LimiterUnderTest, 'setBack'>> {
  readonly setBack: ((ms: number) => unknown) | undefined
  take(key: string, cost?: number): ReturnType<Limiter['take']>
  peek(key: string): ReturnType<Limiter['peek']>
  forget(key: string): Promise<void>
  /** Whether a take is allowed. */
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
