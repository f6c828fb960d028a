import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { limiterContract } from '../../../src/testing/index.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { endless, exactUnderTest, upstashUnderTest } from './support.ts'

describe.skipIf(noRedis)('in a real Redis', () => {
  let server: TestRedis
  let restore = (): void => {}
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())
  afterEach(async () => {
    restore()
    // Whatever a test did: every key has an end.
    expect(await endless(server)).toEqual([])
  })

  describe('exactLimiter', () => {
    limiterContract({ describe, it, expect }, (rate) => exactUnderTest(server, rate))
  })

  describe('exactLimiter that remembers no blocks', () => {
    limiterContract({ describe, it, expect }, (rate) =>
      exactUnderTest(server, { ...rate, maxBlocked: 0 }),
    )
  })

  describe('exactLimiter by GCRA', () => {
    const make = (rate: { limit: number; window: number }): ReturnType<typeof exactUnderTest> =>
      exactUnderTest(server, { ...rate, algorithm: 'gcra' })
    limiterContract({ describe, it, expect }, make, { exact: false })
  })

  describe.each(['fixedWindow', 'slidingWindow', 'tokenBucket'] as const)(
    'upstashLimiter, %s',
    (algorithm) => {
      limiterContract(
        { describe, it, expect },
        async (rate) => {
          const made = await upstashUnderTest(server, { ...rate, algorithm })
          restore = made.restore
          return made
        },
        { exact: false },
      )
    },
  )

  describe('exactLimiter in a Redis that refuses the flag', () => {
    it('counts as well', async () => {
      const made = await exactUnderTest(server, { limit: 1, window: 60 })
      await server.flush()
      server.control.plain = true
      const { limiter, context } = made
      expect((await limiter.take('a', 1, context)).allowed).toBe(true)
      expect((await limiter.take('a', 1, context)).allowed).toBe(false)
    })
  })
})
