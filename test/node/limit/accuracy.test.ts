import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  exactLimiter,
  memoryLimiter,
  prepareTakes,
  type RedisLimiter,
} from '../../../src/limit/index.ts'
import { askAlone } from '../../../src/limit/takes.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { clientAt, noon, secret } from './support.ts'

/** The same numbers each time, from 0 to 1. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 4_294_967_296
  }
}

const windowMs = 60_000

describe.skipIf(noRedis)('exactLimiter, in a real Redis', () => {
  let server: TestRedis
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())
  beforeEach(() => server.flush({ keepScripts: true }))

  it('agrees with a list of all that passed on 10,000 arrivals, decision, rest and retry time', async () => {
    const { client, env } = clientAt(server)
    let now = noon
    const limit = 10
    const limiter = exactLimiter({
      redis: client,
      secret,
      limit,
      window: 60,
      maxBlocked: 0,
      clock: () => now,
    })
    const random = numbers(7)
    const keys = Array.from({ length: 20 }, (_, i) => `client ${i}`)
    const passed = new Map<string, number[]>(keys.map((key) => [key, []]))
    // Fifty at a time, as one request, so that the test is about the script and not about the way there.
    for (let round = 0; round < 200; round++) {
      const ask = client.ask(env)
      const expected: Array<[allowed: boolean, remaining: number, retryAt: number]> = []
      const answers = []
      for (let i = 0; i < 50; i++) {
        now += Math.floor(random() ** 3 * 4_000)
        const key = keys[Math.floor(random() * keys.length)] ?? ''
        const cost = random() < 0.2 ? 1 + Math.floor(random() * 4) : 1
        const list = (passed.get(key) ?? []).filter((at) => at > now - windowMs)
        const free = limit - list.length
        if (cost <= free) {
          expected.push([true, free - cost, now])
          list.push(...Array.from({ length: cost }, () => now))
        } else expected.push([false, free, (list[cost - free - 1] ?? 0) + windowMs])
        passed.set(key, list)
        const prepared = await prepareTakes([{ limiter, key, cost }], { env })
        answers.push(prepared.decide(() => ask))
      }
      await ask.send()
      const got = (await Promise.all(answers)).map(([outcome]) => {
        if (outcome?.status !== 'fulfilled') throw outcome?.reason
        const { allowed, remaining, retryAt } = outcome.value
        return [allowed, remaining, retryAt]
      })
      expect(got).toEqual(expected)
    }
  })

  it.each([[1], [7], [100], [101], [500]])(
    'with a limit of %i says what memoryLimiter says',
    async (limit) => {
      const { client, env } = clientAt(server)
      let now = noon
      const clock = (): number => now
      const redis = exactLimiter({ redis: client, secret, limit, window: 60, maxBlocked: 0, clock })
      const memory = memoryLimiter({ limit, window: 60, clock })
      const random = numbers(limit)
      for (let i = 0; i < 250; i++) {
        now += [0, 1, 77, 468, 469, 5_000, 30_000, 59_999, 60_000][Math.floor(random() * 9)] ?? 0
        // A clock that is set back now and then.
        if (random() < 0.02) now -= 20_000
        const cost = random() < 0.5 ? 1 + Math.floor(random() * Math.ceil(limit / 2)) : 1
        const look = random() < 0.2
        const ours = await (look ? redis.peek('a', { env }) : redis.take('a', cost, { env }))
        const theirs = await (look ? memory.peek('a') : memory.take('a', cost))
        expect(ours).toEqual(theirs)
      }
    },
  )

  it('by GCRA outlives a clock that is set back', async () => {
    const { client, env } = clientAt(server)
    let now = noon
    const limiter = exactLimiter({
      ...{ redis: client, secret, limit: 10, window: 10, maxBlocked: 0, clock: () => now },
      ...{ algorithm: 'gcra' },
    })
    expect((await limiter.take('a', 10, { env })).allowed).toBe(true)
    now -= 3_600_000
    const { allowed, retryAt, resetAt } = await limiter.take('a', 1, { env })
    expect([allowed, retryAt - now, resetAt - now]).toEqual([false, 1_000, 10_000])
    now += 1_000
    expect((await limiter.take('a', 1, { env })).allowed).toBe(true)
    expect((await limiter.take('a', 1, { env })).allowed).toBe(false)
  })

  it('by GCRA agrees with a model of it, at every step', async () => {
    const { client, env } = clientAt(server)
    let now = noon
    const [limit, burst] = [600, 20]
    const limiter = exactLimiter({
      ...{ redis: client, secret, limit, window: 60, maxBlocked: 0, clock: () => now },
      ...{ algorithm: 'gcra', burst },
    })
    const random = numbers(11)
    const step = windowMs / limit
    let full = 0
    for (let i = 0; i < 500; i++) {
      now += Math.floor(random() ** 2 * 400)
      const cost = 1 + Math.floor(random() * 5)
      const base = Math.max(full, now)
      const free = Math.floor((now + burst * step - base) / step)
      const { allowed, remaining, retryAt, resetAt } = await limiter.take('a', cost, { env })
      if (allowed) full = base + cost * step
      expect([allowed, remaining]).toEqual([cost <= free, allowed ? free - cost : free])
      expect(retryAt).toBe(allowed ? now : base + (cost - burst) * step)
      expect(resetAt).toBe(allowed ? full : base)
    }
    expect((await limiter.take('b', 21, { env })).retryAt).toBe(Number.POSITIVE_INFINITY)
  })

  // Save the limit for the last millisecond of a window, then hammer for one more.
  it.each([[5], [100], [300]])(
    'with a limit of %i lets it pass once across the edge of a window',
    async (limit) => {
      const { client, env } = clientAt(server)
      let now = noon + windowMs - 1
      const limiter = exactLimiter({ redis: client, secret, limit, window: 60, clock: () => now })
      let passed = 0
      for (const end = now + windowMs; now < end; now += 500) {
        for (const cost of [limit, Math.ceil(limit / 5), 1]) {
          if ((await limiter.take('a', cost, { env })).allowed) passed += cost
        }
      }
      expect(passed).toBe(limit)
    },
  )

  it('takes from all policies of a request or from none', async () => {
    const { client, env } = clientAt(server)
    const make = (limit: number, window: number): RedisLimiter =>
      exactLimiter({ redis: client, secret, limit, window, maxBlocked: 0, clock: () => noon })
    const policies = [make(10, 10), make(3, 60), make(500, 3_600)]
    const takes = policies.map((limiter) => ({ limiter, key: 'a', cost: 1 }))
    const seen = []
    for (let i = 0; i < 5; i++) {
      const outcomes = await askAlone(await prepareTakes(takes, { env }), env)
      seen.push(
        outcomes.map((outcome) =>
          outcome?.status === 'fulfilled' ? outcome.value.remaining : outcome,
        ),
      )
    }
    expect(seen).toEqual([
      [9, 2, 499],
      [8, 1, 498],
      [7, 0, 497],
      [7, 0, 497],
      [7, 0, 497],
    ])
    for (const [at, remaining] of [7, 0, 497].entries()) {
      expect((await policies[at]?.peek('a', { env }))?.remaining).toBe(remaining)
    }
  })

  it('holds 200 parallel guesses to the limit from several isolates', async () => {
    const isolates = Array.from({ length: 8 }, () => {
      const { client, env } = clientAt(server)
      return { limiter: exactLimiter({ redis: client, secret, limit: 5, window: 60 }), env }
    })
    const all = await Promise.all(
      Array.from({ length: 200 }, (_, i) => {
        const { limiter, env } = isolates[i % 8] as (typeof isolates)[number]
        return limiter.take('ann', 1, { env })
      }),
    )
    expect(all.filter(({ allowed }) => allowed)).toHaveLength(5)
  })

  it('is off by what falls between two clocks that differ, and by no more', async () => {
    const { client, env } = clientAt(server)
    const at = (now: number): RedisLimiter =>
      exactLimiter({ redis: client, secret, limit: 10, window: 2, maxBlocked: 0, clock: () => now })
    const burst = async (limiter: RedisLimiter): Promise<number> => {
      let passed = 0
      for (let i = 0; i < 20; i++) if ((await limiter.take('a', 1, { env })).allowed) passed++
      return passed
    }
    // The slow clock bursts; one second later one that is a second ahead takes the window for over.
    expect(await burst(at(noon))).toBe(10)
    expect(await burst(at(noon + 1_000 + 999))).toBe(0)
    expect(await burst(at(noon + 1_000 + 1_000))).toBe(10)
  })
})
