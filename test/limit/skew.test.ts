import { describe, expect, it } from 'vitest'
import { readKeyTime } from '../../src/limit/exact/key-clock.ts'
import { type LimitResult, memoryLimiter } from '../../src/limit/index.ts'
import {
  arrivals,
  expectLogBounds,
  mostWithin,
  passedOf,
  spreadOf,
  type Traffic,
} from './skew-model.ts'
import { memoryAt, noon } from './support.ts'

const minute = 60_000

describe('the time of a key', () => {
  it.each<
    [title: string, now: number, last: number | undefined, shift: number, at: number, kept: number]
  >([
    ['begins with the first clock', 5_000, undefined, 0, 5_000, 0],
    ['follows a clock that is ahead', 9_000, 5_000, 0, 9_000, 0],
    ['keeps the shift of a clock that catches up', 9_000, 5_000, 200, 9_200, 200],
    ['forgets the shift of a clock that was put right', 9_000_000, 5_000, 3_600_000, 9_000_000, 0],
    ['is not moved back by a clock that is behind', 4_800, 5_000, 0, 5_000, 200],
    ['goes on with a clock that is behind', 4_900, 5_000, 200, 5_100, 200],
    ['does not go on by the clock that is further behind', 4_700, 5_000, 200, 5_000, 200],
    [
      'shifts once more by what no difference of clocks explains',
      4_700,
      5_000 + minute + 2_000,
      200,
      67_000,
      62_300,
    ],
  ])('%s', (_, now, last, shift, at, kept) => {
    expect(readKeyTime(now, { last, shift })).toMatchObject({ at, shift: kept })
  })
})

describe('memoryLimiter, where its clock jumps', () => {
  it.each([[10], [250]])(
    'L1: with a limit of %i is not opened by a clock that jumps to and fro',
    async (limit) => {
      for (const apart of [1, 200, 5_000, minute, 3_600_000]) {
        const at = memoryAt({ limit, window: 2 })
        let passed = 0
        for (let i = 0; i < 2_000; i++) {
          if ((await at.limiter.take('a', Math.ceil(limit / 10))).allowed)
            passed += Math.ceil(limit / 10)
          await (i % 2 === 0 ? at.elapse(apart) : at.setBack?.(apart))
        }
        // Once more where the first jump ends the window.
        expect(passed).toBeLessThanOrEqual(2 * limit)
      }
    },
  )

  it.each([[1], [10], [100], [101], [400]])(
    'L1: with a limit of %i agrees with a naive log of random arrivals, jitter and clocks',
    async (limit) => {
      for (let seed = 1; seed <= 12; seed++) {
        const window = [1, 2, 10, 60][seed % 4] ?? 1
        const jitter = [0, 40, 200][seed % 3] ?? 0
        const clocks = [[0], [0, 200], [0, 17_000, minute]][Math.floor(seed / 4)] ?? [0]
        const mostCost = Math.ceil(limit / 8)
        const traffic: Traffic = {
          seed,
          count: 1_500,
          clocks,
          jitter,
          gap: (window * 1000) / 40,
          mostCost,
        }
        let now = 0
        const limiter = memoryLimiter({ limit, window, clock: () => now })
        const list = arrivals(noon, traffic)
        const results: LimitResult[] = []
        for (const { clock, cost } of list) {
          now = clock
          results.push(await limiter.take('a', cost))
        }
        const passed = passedOf(list, results)
        const spread = spreadOf(traffic)
        expectLogBounds(passed, { limit, windowMs: window * 1000, spread })
        // The difference is small beside the window: no more than the limit in what is left of it.
        if (spread < window * 250)
          expect(mostWithin(passed, window * 1000 - 2 * spread)).toBeLessThanOrEqual(limit)
        // Nobody waits for a minute because of somebody else's clock.
        const length = (list.at(-1)?.countedAt ?? 0) - noon
        const units = passed.reduce((sum, one) => sum + one.units, 0)
        expect(units).toBeGreaterThanOrEqual(
          Math.floor((limit - mostCost) * Math.floor(length / (window * 1000)) * 0.9),
        )
      }
    },
  )

  it.each([[1_000], [30_000], [minute], [3_600_000], [86_400_000]])(
    'L3: blocks for one window, and not for longer, after its clock was set back by %i ms',
    async (back) => {
      const at = memoryAt({ limit: 2, window: 10 })
      await at.limiter.take('a', 2)
      await at.setBack?.(back)
      const { allowed, retryAt, retryAfter } = await at.limiter.take('a')
      expect([allowed, retryAt - at.now(), retryAfter]).toEqual([false, 10_000, 10])
      await at.elapse(9_999)
      expect((await at.limiter.peek('a')).allowed).toBe(false)
      await at.elapse(1)
      expect((await at.limiter.take('a', 2)).allowed).toBe(true)
    },
  )

  it('L3: neither forget nor peek is misled by a clock that was set back', async () => {
    const at = memoryAt({ limit: 2, window: 10 })
    await at.limiter.take('a', 2)
    await at.setBack?.(3_600_000)
    expect((await at.limiter.peek('a')).remaining).toBe(0)
    await at.limiter.forget('a')
    expect(await at.limiter.take('a')).toMatchObject({
      allowed: true,
      remaining: 1,
      resetAt: at.now() + 10_000,
    })
  })
})
