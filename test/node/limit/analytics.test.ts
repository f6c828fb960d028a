import { Analytics } from '@upstash/ratelimit'
import { Redis } from '@upstash/redis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type LimitAnalytics, upstashLimiter } from '../../../src/limit/upstash.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { clientAt, secret } from './support.ts'

describe.skipIf(noRedis)('analytics of a limiter', () => {
  let at: TestRedis
  beforeAll(async () => {
    at = await startRedis()
  })
  afterAll(() => at.stop())
  beforeEach(() => at.flush())

  const limiterWith = (analytics: LimitAnalytics) => {
    const { client, env } = clientAt(at)
    const limiter = upstashLimiter({
      redis: client,
      secret,
      limit: 2,
      window: 60,
      algorithm: 'fixedWindow',
      analytics,
    })
    return { take: (key: string) => limiter.take(key, 1, { env }) }
  }

  it('are those of @upstash/ratelimit, and hold a digest in the place of the key', async () => {
    // Their types of one client differ by the door it came through.
    const client = new Redis({ url: at.url, token: at.token })
    const theirs = new Analytics({ redis: client as never, prefix: 'analytics' })
    const recorded: Promise<unknown>[] = []
    const limiter = limiterWith({
      record: (take) => {
        const done = theirs.record(take)
        recorded.push(done)
        return done
      },
    })
    for (let i = 0; i < 3; i++) await limiter.take('ada@example.org')
    await Promise.all(recorded)
    const usage = Object.values(await theirs.getUsage(0))
    expect(usage).toEqual([{ success: 2, blocked: 1 }])
    const held = await at.raw.text()
    expect(held).toContain('analytics')
    expect(held).not.toContain('example.org')
  })

  it('are told of what was remembered as blocked, too', async () => {
    const told: boolean[] = []
    const limiter = limiterWith({ record: async ({ success }) => told.push(success) })
    for (let i = 0; i < 5; i++) await limiter.take('k')
    expect(told).toEqual([true, true, false, false, false])
  })

  it.each<[string, LimitAnalytics['record']]>([
    [
      'throw',
      () => {
        throw new Error('no')
      },
    ],
    ['reject', () => Promise.reject(new Error('no'))],
    ['never end', () => new Promise(() => {})],
  ])('that %s change no decision', async (_, record) => {
    const limiter = limiterWith({ record })
    expect((await limiter.take('k')).allowed).toBe(true)
  })

  it('that are none are a fault', () => {
    const { client } = clientAt(at)
    const options = { redis: client, secret, limit: 2, window: 60, analytics: {} }
    expect(() => upstashLimiter(options as never)).toThrow(
      'upstashLimiter.analytics must have a function record, as Analytics of @upstash/ratelimit has',
    )
  })
})
