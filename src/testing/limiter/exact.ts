/**
 * Declares what an exact limiter promises in addition: its decisions are compared with everything
 * that it allowed. `contract.ts` calls it. A promise that is broken fails its test.
 */
import type { LimiterBench, LimiterCheck } from './contract.ts'

/** A take that was allowed. */
interface PassedTake {
  readonly at: number
  readonly units: number
}

/** Bursts, gaps, and the edges of windows, in milliseconds. */
const gaps = [0, 0, 1, 50, 400, 2_500, 9_999, 10_000]

/** Declares the promises. */
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

/** Takes at random and compares each answer with everything that passed before. */
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

    // Large enough to reach the limit.
    const cost = random() < 0.5 ? 1 + Math.floor(random() * Math.ceil(limit / 2)) : 1
    const free = limit - countUnits(passed, now())
    const { allowed, remaining } = await take('a', cost)

    if (allowed) passed.push({ at: now(), units: cost })
    // Up to 100 it remembers each take: it neither lets too many pass nor too few.
    if (limit <= 100) {
      expect(allowed).toEqual(cost <= free)
      // What is remembered of a denial may have grown since.
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

      // Nothing is free that was not, and nothing is blocked for longer than a window.
      expect(await passes('a')).toEqual(false)
      await elapse(5_000)
      expect(await passes('a')).toEqual(false)
      await elapse(5_001)
      expect([await passes('a'), await passes('a'), await passes('a')]).toEqual([true, true, false])
    },
  )
}

/** Adds up the units that passed in the 10 seconds before a time. */
function countUnits(passed: readonly PassedTake[], end: number): number {
  return passed
    .filter(({ at }) => at > end - 10_000 && at <= end)
    .reduce((sum, { units }) => sum + units, 0)
}

/** The same numbers from 0 to 1 each time (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed

    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
