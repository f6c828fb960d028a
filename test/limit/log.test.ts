import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evaluateLog, findResolution, type KeptLog } from '../../src/limit/exact/log.ts'
import { memoryLimiter } from '../../src/limit/index.ts'
import { noon } from './support.ts'

const windowMs = 10_000

/** Everything that passed, never forgotten. */
interface Naive {
  readonly passed: Array<readonly [at: number, units: number]>
  free(limit: number, now: number): number
  /** The first ms, from now on, at which so many are free. */
  retryAt(limit: number, cost: number, now: number): number
}

function naive(): Naive {
  const passed: Naive['passed'] = []
  const free = (limit: number, now: number): number =>
    passed.reduce((left, [at, units]) => (at > now - windowMs ? left - units : left), limit)
  return {
    passed,
    free,
    retryAt(limit, cost, now) {
      const moments = [now, ...passed.map(([at]) => at + windowMs).filter((at) => at > now)].sort(
        (a, b) => a - b,
      )
      return moments.find((at) => free(limit, at) >= cost) ?? Number.POSITIVE_INFINITY
    },
  }
}

const arrivals = fc.array(
  fc.tuple(fc.oneof(fc.nat(3), fc.nat(3_000), fc.constant(9_999)), fc.integer({ min: 1, max: 7 })),
  {
    minLength: 1,
    maxLength: 120,
  },
)

describe('the log', () => {
  it('agrees with a list of everything that ever passed, decision and retry time', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(51, 99, 100)),
        arrivals,
        (limit, list) => {
          const rule = { limit, windowMs, grainMs: findResolution(limit, windowMs) }
          const reference = naive()
          let kept: KeptLog = { log: [], shift: 0 }
          let now = noon
          for (const [gap, cost] of list) {
            now += gap
            const free = reference.free(limit, now)
            const answer = evaluateLog(kept, rule, cost, now)
            expect([answer.allowed, answer.free]).toEqual([cost <= free, free])
            expect(answer.retryAt).toBe(reference.retryAt(limit, cost, now))
            if (!answer.allowed) continue
            kept = answer.next
            reference.passed.push([now, cost])
            expect(kept.log.length).toBeLessThanOrEqual(limit)
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('above 100 never lets more pass in any window, in at most 129 moments, and its retry time holds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 101, max: 400 }), arrivals, (limit, list) => {
        const rule = { limit, windowMs, grainMs: findResolution(limit, windowMs) }
        const reference = naive()
        let kept: KeptLog = { log: [], shift: 0 }
        let now = noon
        for (const [gap, small] of list) {
          now += gap
          const cost = small * 14
          const { allowed, next, retryAt } = evaluateLog(kept, rule, cost, now)
          if (allowed) {
            kept = next
            reference.passed.push([now, cost])
          } else {
            expect(evaluateLog(kept, rule, cost, retryAt).allowed).toBe(true)
            expect(evaluateLog(kept, rule, cost, retryAt - 1).allowed).toBe(false)
            expect(retryAt).toBeLessThanOrEqual(reference.retryAt(limit, cost, now) + rule.grainMs)
          }
          expect(reference.free(limit, now)).toBeGreaterThanOrEqual(0)
          expect(kept.log.length).toBeLessThanOrEqual(129)
        }
      }),
      { numRuns: 200 },
    )
  })

  // An adversary saves the limit for the end of a window, then hammers for one more.
  it.each([[1], [10], [100], [101], [1_000]])(
    'with a limit of %i lets it pass once across the edge',
    async (limit) => {
      let now = noon + 59_999
      const limiter = memoryLimiter({ limit, window: 60, clock: () => now })
      let passed = 0
      const end = now + 60_000
      while (now < end) {
        for (let i = 0; i < limit * 2 && (await limiter.take('a')).allowed; i++) passed++
        now += 250
      }
      expect(passed).toBe(limit)
    },
  )

  it.each([[1], [10], [100], [101], [400], [3_000]])(
    'gives who asks ten times too often %i per window, but for a hundredth',
    async (limit) => {
      let now = noon
      const limiter = memoryLimiter({ limit, window: 60, clock: () => now })
      const [windows, share] = [200, Math.max(1, Math.floor(limit / 100))]
      let [passed, asked] = [0, 0]
      for (const end = noon + windows * 60_000; now < end; asked += share) {
        if ((await limiter.take('a', share)).allowed) passed += share
        now = noon + Math.floor((asked * 6_000) / limit)
      }
      expect(passed / (limit * windows)).toBeGreaterThanOrEqual(0.99)
      expect(passed).toBeLessThanOrEqual(limit * (windows + 1))
    },
  )
})
