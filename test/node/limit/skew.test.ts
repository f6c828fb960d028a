import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type ExactLimiterOptions,
  exactLimiter,
  type LimitResult,
  memoryLimiter,
  prepareTakes,
  type RedisLimiter,
} from '../../../src/limit/index.ts'
import { upstashLimiter } from '../../../src/limit/upstash.ts'
import {
  type Arrival,
  arrivals,
  expectLogBounds,
  mostWithin,
  numbers,
  passedOf,
  spreadOf,
  type Traffic,
} from '../../limit/skew-model.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { clientAt, noon, secret } from './support.ts'

const minute = 60_000

describe.skipIf(noRedis)('limits of isolates whose clocks differ', () => {
  let server: TestRedis
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())
  beforeEach(() => server.flush({ keepScripts: true }))

  type Rule = Pick<ExactLimiterOptions, 'limit' | 'window'> & Partial<ExactLimiterOptions>

  /** Counts arrivals in their order, each by the clock of its isolate; fifty travel as one request. */
  async function count(rule: Rule, list: readonly Arrival[]): Promise<LimitResult[]> {
    const { client, env } = clientAt(server)
    let now = noon
    const limiter = exactLimiter({
      redis: client,
      secret,
      maxBlocked: 0,
      clock: () => now,
      ...rule,
    })
    const results: LimitResult[] = []
    for (let from = 0; from < list.length; from += 50) {
      const ask = client.ask(env)
      const answers = []
      for (const { clock, cost } of list.slice(from, from + 50)) {
        now = clock
        answers.push((await prepareTakes([{ limiter, key: 'a', cost }], { env })).decide(() => ask))
      }
      await ask.send()
      for (const [outcome] of await Promise.all(answers)) {
        if (outcome?.status !== 'fulfilled') throw outcome?.reason
        results.push(outcome.value as LimitResult)
      }
    }
    return results
  }

  const everyTraffic: Array<[title: string, traffic: Omit<Traffic, 'count' | 'gap' | 'mostCost'>]> =
    [
      ['jitter of 40 ms', { seed: 1, clocks: [0], jitter: 40 }],
      ['jitter of 200 ms', { seed: 2, clocks: [0], jitter: 200 }],
      ['two clocks 200 ms apart and jitter', { seed: 3, clocks: [0, 200], jitter: 200 }],
      ['two clocks a minute apart', { seed: 4, clocks: [0, minute], jitter: 0 }],
      [
        'five clocks within a minute and jitter',
        { seed: 5, clocks: [0, 150, 9_000, 31_000, minute], jitter: 200 },
      ],
    ]

  // A key lives for its window and five seconds of Redis's own time: windows are long beside the time that a test takes.
  describe.each([[1], [10], [100], [101], [400]])('L1: the log with a limit of %i', (limit) => {
    it.each(everyTraffic)('holds against a naive log of random arrivals: %s', async (_, more) => {
      const window = 60
      const mostCost = Math.ceil(limit / 8)
      const list = arrivals(noon, { ...more, count: 1_000, gap: 1_500, mostCost })
      const results = await count({ limit, window }, list)
      const passed = passedOf(list, results)
      const spread = spreadOf(more)
      expectLogBounds(passed, { limit, windowMs: window * 1000, spread })
      if (spread < 1_000)
        expect(mostWithin(passed, window * 1000 - 2 * spread)).toBeLessThanOrEqual(limit)

      const length = (list.at(-1)?.countedAt ?? 0) - noon
      const units = passed.reduce((sum, one) => sum + one.units, 0)
      expect(units).toBeGreaterThanOrEqual(
        Math.floor((limit - mostCost) * Math.floor(length / minute) * 0.9),
      )

      // One process with the same clock says the same.
      let now = 0
      const memory = memoryLimiter({ limit, window, clock: () => now })
      for (const [i, { clock, cost }] of list.entries()) {
        now = clock
        expect(results[i]).toEqual(await memory.take('a', cost))
      }
    })
  })

  describe.each([
    [10, 10],
    [600, 20],
    [600, 600],
  ])('L1: GCRA of %i a minute, %i at once', (limit, burst) => {
    it.each(everyTraffic)('holds against a naive log of random arrivals: %s', async (_, more) => {
      const window = 60
      const mostCost = Math.ceil(burst / 8)
      const list = arrivals(noon, { ...more, count: 1_500, gap: 600, mostCost })
      const results = await count({ limit, window, burst, algorithm: 'gcra' }, list)
      const passed = passedOf(list, results)
      const length = (list.at(-1)?.countedAt ?? 0) - noon
      const ahead = 2 * spreadOf(more)
      for (const real of [1_000, 10_000, minute, length + 1]) {
        const most = burst + Math.ceil(((real + ahead) * limit) / minute)
        expect(mostWithin(passed, real)).toBeLessThanOrEqual(most)
      }
      const units = passed.reduce((sum, one) => sum + one.units, 0)
      const asked = list.reduce((sum, one) => sum + one.cost, 0)
      // Whoever asks more gets the rate, but for what a denied cost leaves over.
      expect(units).toBeGreaterThanOrEqual(Math.min(asked * 0.5, (limit * length * 0.5) / minute))
    })
  })

  it('L1: GCRA with 10 in 2 s lets 10 and what 200 ms are worth pass, two clocks 200 ms apart in turns', async () => {
    const list = Array.from({ length: 1_000 }, (_, i) => ({
      countedAt: noon,
      clock: noon + (i % 2) * 200,
      cost: 1,
    }))
    const results = await count({ limit: 10, window: 2, algorithm: 'gcra' }, list)
    // At once: 200 ms are worth one unit. Both ways, as either clock may be the right one.
    expect(results.filter(({ allowed }) => allowed).length).toBeLessThanOrEqual(10 + 2)
  })

  it.each([
    ['gcra', { limit: 100, window: 1, burst: 10, algorithm: 'gcra' }, 40, [400, 10 + 400 + 8]],
    // A hundred times 60 as well, but in windows that are long beside the time that Redis keeps a key.
    ['log', { limit: 100, window: 20 }, 800, [400, 500]],
    ['coarse log', { limit: 400, window: 40 }, 800, [800, 1_200]],
  ] as const)(
    'L1: %s, 60 at a time a hundred times with 0 to 40 ms on the way',
    async (_, rule, gap, [least, most]) => {
      const random = numbers(9)
      const list: Arrival[] = []
      for (let at = noon; at < noon + 100 * gap; at += gap) {
        for (let i = 0; i < 60; i++)
          list.push({ countedAt: at, clock: at - Math.floor(random() * 41), cost: 1 })
      }
      const results = await count(rule, list)
      const passed = results.filter(({ allowed }) => allowed).length
      expect(passed).toBeLessThanOrEqual(most)
      expect(passed).toBeGreaterThanOrEqual(least)
    },
    120_000, // 6,000 requests to Redis, on a machine that may be busy
  )

  it.each([
    ['log', {}],
    ['gcra', { algorithm: 'gcra' }],
  ] as const)(
    'L1: %s, a denied take, a look and a cost that never fits move nothing',
    async (_, more) => {
      const { client, env } = clientAt(server)
      const at = (now: number): RedisLimiter =>
        exactLimiter({
          redis: client,
          secret,
          limit: 10,
          window: 60,
          maxBlocked: 0,
          clock: () => now,
          ...more,
        })
      await at(noon + 200).take('a', 10, { env })
      const before = await at(noon + 200).take('a', 1, { env })
      for (let i = 0; i < 20; i++) {
        for (const behind of [0, 50, 100, 150]) {
          expect((await at(noon + behind).take('a', 1, { env })).allowed).toBe(false)
          expect((await at(noon + behind).take('a', 11, { env })).retryAt).toBe(
            Number.POSITIVE_INFINITY,
          )
          expect((await at(noon + behind).peek('a', { env })).remaining).toBe(0)
        }
      }
      // Whoever denied more often would have let the next one pass earlier or later.
      const after = await at(noon + 200).take('a', 1, { env })
      expect(before.retryAt - after.retryAt).toBeLessThanOrEqual(200)
      expect(after.retryAt).toBeLessThanOrEqual(before.retryAt)
    },
  )

  it.each([
    ['log', {}],
    ['gcra', { algorithm: 'gcra' }],
  ] as const)(
    'L3: %s blocks for one window after a clock was set back, and says when',
    async (_, more) => {
      for (const back of [1_000, 30_000, minute, 3_600_000]) {
        await server.flush({ keepScripts: true })
        const { client, env } = clientAt(server)
        let now = noon
        const rule = { limit: 10, window: 120, ...more }
        const limiter = exactLimiter({ redis: client, secret, clock: () => now, ...rule })
        await limiter.take('a', 10, { env })
        now -= back
        const { allowed, retryAt } = await limiter.take('a', 10, { env })
        expect([allowed, retryAt - now]).toEqual([false, 120_000])
        now = retryAt - 1
        expect((await limiter.take('a', 10, { env })).allowed).toBe(false)
        now = retryAt
        expect((await limiter.take('a', 10, { env })).allowed).toBe(true)
      }
    },
  )

  it('L1: a key lives as long as it counts, by every clock', async () => {
    for (const more of [{}, { algorithm: 'gcra' }] as const) {
      await server.flush({ keepScripts: true })
      const { client, env } = clientAt(server)
      const at = (now: number): RedisLimiter =>
        exactLimiter({
          redis: client,
          secret,
          limit: 10,
          window: 60,
          maxBlocked: 0,
          clock: () => now,
          ...more,
        })
      for (const now of [noon + minute, noon, noon + minute, noon]) {
        await at(now).take('a', 6, { env })
        const [held] = Object.values(await server.raw.dump())
        expect(held?.ttl).toBeGreaterThan(30_000)
        expect(held?.ttl).toBeLessThanOrEqual(65_000)
      }
    }
  })

  describe('L2: two takes of one limiter and key in one request', () => {
    const take = async (
      limiter: RedisLimiter,
      costs: readonly number[],
      env: object,
    ): Promise<boolean[]> => {
      const takes = costs.map((cost) => ({ limiter, key: 'a', cost }))
      const ask = limiter.redis.ask(env)
      const outcomes = (await prepareTakes(takes, { env })).decide(() => ask)
      await ask.send()
      return (await outcomes).map((outcome) => {
        if (outcome?.status !== 'fulfilled') throw outcome?.reason
        return outcome.value.allowed
      })
    }

    it.each([
      ['log', { limit: 10 }],
      ['coarse log', { limit: 110 }],
      ['gcra', { limit: 10, algorithm: 'gcra' }],
    ] as const)(
      '%s: the second sees the first, and neither takes where both are too much',
      async (_, rule) => {
        const { client, env } = clientAt(server)
        const limiter = exactLimiter({
          redis: client,
          secret,
          window: 60,
          clock: () => noon,
          ...rule,
        })
        const more = rule.limit - 10
        expect(await take(limiter, [6 + more, 6], env)).toEqual([true, false])
        expect((await limiter.peek('a', { env })).remaining).toBe(10 + more)
        expect(await take(limiter, [4 + more, 3, 1], env)).toEqual([true, true, true])
        expect((await limiter.peek('a', { env })).remaining).toBe(2)
        expect(await take(limiter, [1, 1, 1], env)).toEqual([true, true, false])
        // The two together were too much, each of them is not.
        expect((await limiter.take('a', 2, { env })).remaining).toBe(0)
      },
    )

    it('says when both would fit, or that they never will', async () => {
      const { client, env } = clientAt(server)
      let now = noon
      const limiter = exactLimiter({
        redis: client,
        secret,
        limit: 10,
        window: 60,
        clock: () => now,
      })
      await limiter.take('a', 3, { env })
      now += 1_000
      const together = async (...costs: number[]): Promise<LimitResult> => {
        const ask = client.ask(env)
        const takes = costs.map((cost) => ({ limiter, key: 'a', cost }))
        const outcomes = (await prepareTakes(takes, { env })).decide(() => ask)
        await ask.send()
        const last = (await outcomes).at(-1)
        if (last?.status !== 'fulfilled') throw last?.reason
        return last.value as LimitResult
      }
      expect(await together(4, 4)).toMatchObject({ allowed: false, retryAt: noon + minute })
      expect((await together(6, 6)).retryAt).toBe(Number.POSITIVE_INFINITY)
      now = noon + minute
      expect(await together(4, 4)).toMatchObject({ allowed: true, remaining: 2 })
    })

    it.each(['fixedWindow', 'slidingWindow', 'tokenBucket'] as const)(
      'upstashLimiter, %s',
      async (algorithm) => {
        const { client, env } = clientAt(server)
        const limiter = upstashLimiter({
          redis: client,
          secret,
          limit: 10,
          window: 86_400,
          algorithm,
          maxBlocked: 0,
        })
        expect(await take(limiter, [6, 6], env)).toEqual([true, false])
      },
    )
  })
})
