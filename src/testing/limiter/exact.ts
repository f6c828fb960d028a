/**
 * Declares the further tests of an exact limiter, which compare its decisions with all takes that
 * it allowed before. `limiterContract()` calls it unless its option `exact` is false. A limiter
 * that breaks a promise fails the test of that name. The takes are pseudorandom with a fixed seed,
 * so a failure repeats.
 */
import type { LimiterBench, LimiterCheck } from './contract.ts'

/** A take that was allowed. */
interface PassedTake {
  readonly takenAt: number
  readonly units: number
}

/** Times between two takes in ms: bursts, gaps, and the edges of windows. */
const gaps = [0, 0, 1, 50, 400, 2_500, 9_999, 10_000]

/** Declares the tests. */
export function exactPromises(check: LimiterCheck): void {
  promiseRetryTimes(check)
  promiseCosts(check)
  promiseWindows(check)
  promiseShares(check)
  promiseClock(check)
}

function promiseRetryTimes({ that, expect }: LimiterCheck): void {
  that(
    'allows at the retry time, and not a millisecond before',
    { limit: 3, window: 10 },
    async (bench) => {
      const { take, passes, elapse, now } = bench
      for (const wait of [0, 1_234, 3]) {
        await elapse(wait)
        expect(await passes('a')).toEqual(true)
      }

      for (let i = 0; i < 4; i++) {
        const { allowed, retryAt } = await take('a')
        expect(allowed).toEqual(false)
        await elapse(retryAt - now() - 1)
        expect(await passes('a')).toEqual(false)
        await elapse(1)
        expect(await passes('a')).toEqual(true)
      }
    },
  )

  that(
    'is not changed by what it denies',
    { limit: 2, window: 10 },
    async ({ take, passes, peek, elapse, now }) => {
      await take('a')
      await elapse(2_000)
      await take('a')

      const { retryAt, resetAt } = await take('a')
      expect([retryAt - now(), resetAt - now()]).toEqual([8_000, 10_000])
      for (let i = 0; i < 20; i++) expect(await passes('a', 1 + (i % 3))).toEqual(false)
      expect((await take('a')).retryAt).toEqual(retryAt)

      const after = await peek('a')
      expect([after.retryAt, after.resetAt, after.remaining]).toEqual([retryAt, resetAt, 0])
      await elapse(8_000)
      expect(await passes('a')).toEqual(true)
    },
  )
}

function promiseCosts({ that, expect }: LimiterCheck): void {
  that(
    'takes all units of a cost or none',
    { limit: 5, window: 10 },
    async ({ take, passes, elapse }) => {
      await take('a', 3)
      await elapse(1_000)

      const { allowed, remaining, retryAfter } = await take('a', 3)
      expect([allowed, remaining, retryAfter]).toEqual([false, 2, 9])
      expect([await passes('a', 2), await passes('a')]).toEqual([true, false])
    },
  )

  that(
    'says so if it will never allow a cost',
    { limit: 5, window: 10 },
    async ({ take, peek }) => {
      const { allowed, remaining, retryAfter, retryAt } = await take('a', 6)
      const never = Number.POSITIVE_INFINITY
      expect([allowed, remaining, retryAfter, retryAt]).toEqual([false, 5, never, never])
      expect((await peek('a')).remaining).toEqual(5)
    },
  )
}

function promiseWindows({ that, expect }: LimiterCheck): void {
  for (const limit of [1, 5, 37, 250]) {
    that(`never lets more than ${limit} pass in any window`, { limit, window: 10 }, (bench) =>
      checkWindows(bench, limit, expect),
    )
  }
}

/**
 * Takes random numbers of units at random times, and compares each result with all takes that were
 * allowed before.
 */
async function checkWindows(
  { take, elapse, now }: LimiterBench,
  limit: number,
  expect: LimiterCheck['expect'],
): Promise<void> {
  const passed: PassedTake[] = []
  const random = createRandom(limit)

  for (let i = 0; i < 300; i++) {
    const gap = gaps[Math.floor(random() * gaps.length)] ?? 0
    if (gap > 0) await elapse(gap)

    // Half of the costs are large enough to reach the limit.
    const cost = random() < 0.5 ? 1 + Math.floor(random() * Math.ceil(limit / 2)) : 1
    const free = limit - countUnits(passed, now())
    const { allowed, remaining } = await take('a', cost)

    if (allowed) passed.push({ takenAt: now(), units: cost })
    // Up to a limit of 100, each take is stored exactly, so the limiter allows neither more nor
    // less than the limit.
    if (limit <= 100) {
      expect(allowed).toEqual(cost <= free)
      // A remembered denial may report fewer free units than there are by now.
      expect(allowed ? remaining === free - cost : remaining <= free).toEqual(true)
    }

    expect(countUnits(passed, now()) <= limit).toEqual(true)
  }
}

function promiseShares({ that, expect }: LimiterCheck): void {
  for (const limit of [10, 400]) {
    that(
      `gives ${limit} per window to who asks for ten times that`,
      { limit, window: 60 },
      async (bench) => {
        const { take, elapse, now } = bench
        const [start, windows, share] = [now(), 5, limit / 10]
        let passed = 0

        while (now() < start + windows * 60_000) {
          if ((await take('a', share)).allowed) passed += share
          await elapse(600)
        }

        expect(passed <= limit * (windows + 1) && passed >= limit * windows * 0.99).toEqual(true)
      },
    )
  }
}

function promiseClock({ that, expect }: LimiterCheck): void {
  that(
    'outlives a clock that is set back',
    { limit: 2, window: 10 },
    async ({ passes, setBack, elapse }) => {
      if (setBack === undefined) return

      expect([await passes('a'), await passes('a')]).toEqual([true, true])
      await setBack(3_600_000)

      // No units became free because of the clock, and no key is blocked for longer than a window.
      expect(await passes('a')).toEqual(false)
      await elapse(5_000)
      expect(await passes('a')).toEqual(false)
      await elapse(5_001)
      expect([await passes('a'), await passes('a'), await passes('a')]).toEqual([true, true, false])
    },
  )
}

/** Adds up the units that were allowed in the 10 seconds before a time. */
function countUnits(passed: readonly PassedTake[], end: number): number {
  return passed
    .filter(({ takenAt }) => takenAt > end - 10_000 && takenAt <= end)
    .reduce((sum, { units }) => sum + units, 0)
}

/** Creates a generator of pseudorandom numbers from 0 to 1 (mulberry32), the same for each seed. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed

    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
