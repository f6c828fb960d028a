import { describe, expect, it } from 'vitest'
import { upstashLimiter } from '../../src/limit/upstash.ts'
import { client, secret } from './support.ts'

const rate = { limit: 5, window: 60, secret }

describe('upstashLimiter', () => {
  it.each([
    ['fixedWindow', [1, 5], [`${5}`, '60000', '1'], { allowed: true, remaining: 4 }],
    ['fixedWindow', [6, 5], [`${5}`, '60000', '1'], { allowed: false, remaining: 0 }],
    [
      'slidingWindow',
      [4, 5],
      ['5', expect.stringMatching(/^\d{13}$/), '60000', '1'],
      { allowed: true, remaining: 4 },
    ],
    [
      'slidingWindow',
      [-1, 5],
      ['5', expect.stringMatching(/^\d{13}$/), '60000', '1'],
      { allowed: false, remaining: 0 },
    ],
    [
      'tokenBucket',
      [4, 1e13, 5],
      ['5', '60000', '5', expect.stringMatching(/^\d{13}$/), '1'],
      { allowed: true, remaining: 4 },
    ],
    [
      'tokenBucket',
      [-1, 1e13, 5],
      ['5', '60000', '5', expect.stringMatching(/^\d{13}$/), '1'],
      { allowed: false, remaining: 0 },
    ],
  ] as const)('asks by %s, of digests, and reads %j', async (algorithm, reply, args, expected) => {
    const redis = client(reply)
    expect(await upstashLimiter({ redis, ...rate, algorithm }).take('203.0.113.9')).toMatchObject({
      ...{ limit: 5, degraded: false },
      ...expected,
    })
    expect(redis.sent[0]?.args).toEqual(args)
    for (const key of redis.sent[0]?.keys ?? [])
      expect(key).toMatch(/^portcullis:r:default:[\w-]{22}(?::\d+)?$/)
    expect(redis.requests).toBe(1)
  })

  it('names its dynamic limit, and looks it up only where that is said', async () => {
    const redis = client([1, 5], '3')
    const limiter = upstashLimiter({
      redis,
      ...rate,
      algorithm: 'fixedWindow',
      dynamicLimit: true,
      name: 'api',
    })
    await limiter.take('a')
    expect(redis.sent[0]?.keys[1]).toBe('portcullis:r:api:dynamic:global')
    expect(await limiter.getLimit()).toBe(3)
    await expect(limiter.setLimit(0)).rejects.toThrow(RangeError)
    const plain = upstashLimiter({ redis, ...rate })
    await expect(plain.setLimit(3)).rejects.toThrow(RangeError)
    await expect(plain.getLimit()).rejects.toThrow(RangeError)
  })

  it('knows what a bucket got back since it was last used, which its script does not say', async () => {
    const long = Date.now() - 150_000
    for (const [refill, left] of [
      [1, 2],
      [2, 4],
      [5, 5],
    ] as const) {
      // Emptied two windows and a half ago.
      const redis = client([0, long, 5])
      const limiter = upstashLimiter({ redis, ...rate, algorithm: 'tokenBucket', refill })
      const { allowed, remaining, resetAt } = await limiter.peek('a')
      expect([allowed, remaining]).toEqual([true, left])
      expect(resetAt).toBe(long + 180_000)
    }
    const fresh = await upstashLimiter({
      redis: client([5, -1, 5]),
      ...rate,
      algorithm: 'tokenBucket',
    }).peek('a')
    expect([fresh.allowed, fresh.remaining]).toEqual([true, 5])
  })

  it('uses another key for another algorithm, limit, window or refill', async () => {
    const seen = new Set<string | undefined>()
    const others = [
      { algorithm: 'tokenBucket' },
      { algorithm: 'tokenBucket', refill: 2 },
      { algorithm: 'tokenBucket', limit: 6 },
      { algorithm: 'tokenBucket', window: 61 },
      { algorithm: 'fixedWindow' },
      { algorithm: 'slidingWindow' },
    ] as const
    for (const more of others) {
      const redis = client([1, 1, 5])
      await upstashLimiter({ redis, ...rate, ...more }).take('a')
      seen.add(redis.sent[0]?.keys[0]?.split(':')[3])
    }
    expect(seen.size).toBe(others.length)
  })

  it('forgets the keys of one identifier by name: nothing is searched', async () => {
    for (const [algorithm, keys] of [
      ['fixedWindow', 2],
      ['slidingWindow', 2],
      ['tokenBucket', 1],
    ] as const) {
      const redis = client(1)
      await upstashLimiter({ redis, ...rate, algorithm }).forget('2001')
      expect([redis.sent[0]?.name, redis.sent[0]?.keys.length]).toEqual(['limit-forget', keys])
    }
  })

  it.each<[options: object | undefined, faults: string[]]>([
    [{}, ['redis', 'limit', 'window', 'secret']],
    [{ ...rate, redis: client(), algorithm: 'cachedFixedWindow' }, ['algorithm']],
    [{ ...rate, redis: client(), refill: 3 }, ['refill']],
    [{ ...rate, redis: client(), algorithm: 'tokenBucket', refill: 0 }, ['refill']],
    [
      { ...rate, redis: client(), name: 'dynamic:global', dynamicLimit: 1 },
      ['name', 'dynamicLimit'],
    ],
    [{ ...rate, redis: client(), ephemeralCache: new Map() }, ['ephemeralCache']],
    [{ ...rate, redis: client(), timeout: 1_000 }, ['timeout']],
  ])('refuses %j, every fault at once', (options, faults) => {
    expect(() => upstashLimiter(options as never)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG',
        faults: expect.arrayContaining(
          faults.map((name) => expect.objectContaining({ option: `upstashLimiter.${name}` })),
        ),
      }),
    )
  })
})
