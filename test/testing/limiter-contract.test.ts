import { describe, expect, it } from 'vitest'
import type { Limiter } from '../../src/limit/index.ts'
import { type LimiterUnderTest, limiterContract, type Rate } from '../../src/testing/index.ts'
import { memoryAt } from '../limit/support.ts'

/** Titles of the contract's tests that this limiter fails. */
async function failuresOf(make: (rate: Rate) => LimiterUnderTest, exact = true): Promise<string[]> {
  const tests: Array<[title: string, body: () => Promise<void>]> = []
  const tools = {
    describe: (_: string, body: () => void): void => body(),
    it: (name: string, body: () => Promise<void>): unknown => tests.push([name, body]),
    expect,
  }
  limiterContract(tools, make, { exact })
  const failed: string[] = []
  for (const [title, body] of tests) await body().catch(() => failed.push(title))
  return failed
}

/** A limiter with a fault, and what the contract says about it, among other things. */
const faults: Array<
  [fault: string, change: (limiter: Limiter) => Partial<Limiter>, title: string]
> = [
  [
    'that mixes keys up without their case',
    (limiter) => ({ take: (key, cost) => limiter.take(key.toLowerCase(), cost) }),
    'counts each key for itself, whatever is in it',
  ],
  [
    'that cuts keys',
    (limiter) => ({ take: (key, cost) => limiter.take(key.slice(0, 9_000), cost) }),
    'counts each key for itself, whatever is in it',
  ],
  [
    'that reads lone surrogates as UTF-8',
    (limiter) => ({
      take: (key, cost) =>
        limiter.take(new TextDecoder().decode(new TextEncoder().encode(key)), cost),
    }),
    'counts each key for itself, whatever is in it',
  ],
  [
    'that looks before it takes',
    (limiter) => ({
      async take(key, cost) {
        const seen = await limiter.peek(key)
        await undefined
        const taken = await limiter.take(key, cost)
        return seen.allowed ? { ...taken, allowed: true } : taken
      },
    }),
    'lets exactly five of 200 pass that come at once',
  ],
  [
    'that takes while it looks',
    (limiter) => ({ peek: (key) => limiter.take(key) }),
    'looks without taking',
  ],
  ['that forgets nothing', () => ({ forget: async () => {} }), 'forgets one key and no other'],
  [
    'that takes a cost for one',
    (limiter) => ({ take: (key) => limiter.take(key) }),
    'takes several units at once',
  ],
  [
    'that takes part of a cost',
    (limiter) => ({
      async take(key, cost = 1) {
        const taken = await limiter.take(key, cost)
        if (!taken.allowed && taken.remaining > 0) await limiter.take(key)
        return taken
      },
    }),
    'takes all units of a cost or none',
  ],
  [
    'that counts what it denies',
    (limiter) => {
      const late = new Map<string, number>()
      return {
        async take(key, cost) {
          const taken = await limiter.take(key, cost)
          const extra = late.get(key) ?? 0
          if (!taken.allowed) late.set(key, extra + 1_000)
          return { ...taken, retryAt: taken.retryAt + (taken.allowed ? 0 : extra) }
        },
      }
    },
    'is not changed by what it denies',
  ],
  [
    'that names a retry time a millisecond early',
    (limiter) => ({
      async take(key, cost) {
        const taken = await limiter.take(key, cost)
        return taken.allowed ? taken : { ...taken, retryAt: taken.retryAt - 1 }
      },
    }),
    'allows at the retry time, and not a millisecond before',
  ],
  [
    'that names a time for what will never be',
    (limiter) => ({
      async take(key, cost) {
        const taken = await limiter.take(key, cost)
        return Number.isFinite(taken.retryAt)
          ? taken
          : { ...taken, retryAt: taken.resetAt, retryAfter: 10 }
      },
    }),
    'says so if it will never allow a cost',
  ],
  [
    'that lets one more pass now and then',
    (limiter) => {
      let calls = 0
      return {
        async take(key, cost) {
          const taken = await limiter.take(key, cost)
          return ++calls % 50 === 0 ? { ...taken, allowed: true } : taken
        },
      }
    },
    'never lets more than 5 pass in any window',
  ],
]

describe('the contract of a limiter', () => {
  it('passes one that keeps it', async () => {
    expect(await failuresOf((rate) => memoryAt(rate))).toEqual([])
  })

  it.each(faults)('finds one %s', async (_, change, title) => {
    expect(await failuresOf((rate) => memoryAt(rate, change))).toContain(title)
  })

  it('finds one that counts in fixed windows', async () => {
    const fixed = (rate: Rate): LimiterUnderTest => {
      const under = memoryAt(rate)
      const at = (key: string): string => `${Math.floor(under.now() / (rate.window * 1000))} ${key}`
      const { limiter } = under
      return { ...under, limiter: { ...limiter, take: (key, cost) => limiter.take(at(key), cost) } }
    }
    expect(await failuresOf(fixed)).toContain('never lets more than 5 pass in any window')
  })

  it('finds one that a clock set back blocks for ever', async () => {
    const stuck = (rate: Rate): LimiterUnderTest => {
      const under = memoryAt(rate)
      let latest = 0
      const { limiter } = under
      const take: Limiter['take'] = async (key, cost) => {
        if (under.now() < latest) return { ...(await limiter.peek(key)), allowed: false }
        latest = under.now()
        return limiter.take(key, cost)
      }
      return { ...under, limiter: { ...limiter, take } }
    }
    expect(await failuresOf(stuck)).toContain('outlives a clock that is set back')
  })
})
