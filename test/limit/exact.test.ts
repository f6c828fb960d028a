import { describe, expect, it } from 'vitest'
import { type ExactLimiterOptions, exactLimiter } from '../../src/limit/index.ts'
import { client, noon, secret } from './support.ts'

const rate = { limit: 5, window: 60, secret, clock: () => noon }

describe('exactLimiter', () => {
  it('asks one script about one key, which says nothing of whom it counts', async () => {
    const redis = client(['1', '4', `${noon}`, `${noon + 60_000}`])
    const result = await exactLimiter({ redis, ...rate }).take('203.0.113.9')
    expect(result).toEqual({
      ...{ allowed: true, limit: 5, remaining: 4, retryAfter: 0 },
      ...{ retryAt: noon, resetAt: noon + 60_000, degraded: false },
    })
    const [sent] = redis.sent
    expect(sent?.name).toBe('limit-take')
    expect(sent?.keys).toEqual([expect.stringMatching(/^portcullis:l:[A-Za-z0-9_-]{22}$/)])
    expect(sent?.args).toEqual(['1', '1795176000000', '5', '60000', '1', '1', '0'])
    expect(JSON.stringify(redis.sent)).not.toContain('203.0.113.9')
  })

  it('reads a denial', async () => {
    const redis = client(['0', '0', `${noon + 1_001}`, `${noon + 60_000}`])
    expect(await exactLimiter({ redis, ...rate }).take('a')).toMatchObject({
      ...{ allowed: false, remaining: 0, retryAfter: 2, retryAt: noon + 1_001 },
    })
  })

  it('asks nobody about a key that it knows to be blocked, until the retry time', async () => {
    let now = noon
    const redis = client(
      ['0', '0', `${noon + 1_500}`, `${noon + 60_000}`],
      ['1', '0', `${noon + 1_500}`, `${noon + 61_500}`],
      ['0', '0', `${noon + 9_000}`, `${noon + 61_500}`],
    )
    const limiter = exactLimiter({ redis, ...rate, clock: () => now })
    for (const wait of [0, 500, 999]) {
      now += wait
      expect((await limiter.take('a')).allowed).toBe(false)
    }
    expect(redis.sent).toHaveLength(1)
    now += 1
    expect((await limiter.take('a')).allowed).toBe(true)
    expect((await limiter.take('b')).allowed).toBe(false)
    expect(redis.sent).toHaveLength(3)
  })

  it('uses another key for another policy, prefix or secret', async () => {
    const seen = new Set<string | undefined>()
    const others: Array<Partial<ExactLimiterOptions>> = [
      {},
      { limit: 6 },
      { window: 61 },
      { algorithm: 'gcra' },
      { algorithm: 'gcra', burst: 2 },
      { prefix: 'staging:' },
      { secret: 'kT4vN8xB2mQ6zR9cW3yL7dH1sJ5fG0pAuE' },
    ]
    for (const more of others) {
      const redis = client(['1', '4', `${noon}`, `${noon}`])
      await exactLimiter({ redis, ...rate, ...more }).take('a')
      seen.add(redis.sent[0]?.keys[0])
    }
    expect(seen.size).toBe(others.length)
  })

  // A row that somebody else wrote, a proxy that answers by itself: none of it may let somebody pass.
  it.each([
    [null],
    [undefined],
    ['1'],
    [1],
    [[]],
    [['1']],
    [['1', '4', '5']],
    [['1', '4', null, '5']],
    [['yes', '4', '5', '5']],
    [[1, 4, 5, 5]],
    [['1', '4', '1e20', '5']],
    [['1', '4', 'nan', '5']],
    [['1', '4', '5', '5', '1']],
    [['1', '4', '5', '5', '1', '4', '5', '5']],
    [{ allowed: true }],
  ])('takes the answer %j for a fault', async (reply) => {
    const limiter = (): ReturnType<typeof exactLimiter> =>
      exactLimiter({ redis: client(reply), ...rate })
    await expect(limiter().take('a')).rejects.toMatchObject({ code: 'ERR_STORE_REFUSED' })
    await expect(limiter().peek('a')).rejects.toMatchObject({ code: 'ERR_STORE_REFUSED' })
  })

  it.each<[options: object | undefined, faults: string[]]>([
    [undefined, ['', 'redis', 'limit', 'window', 'secret']],
    [{}, ['redis', 'limit', 'window', 'secret']],
    [{ ...rate, redis: 'https://redis.example.test' }, ['redis']],
    [{ ...rate, redis: client(), secret: 'short' }, ['secret']],
    [{ ...rate, redis: client(), limit: 0, window: 0.5 }, ['limit', 'window']],
    [{ ...rate, redis: client(), prefix: 'a b', maxBlocked: -1 }, ['prefix', 'maxBlocked']],
    [{ ...rate, redis: client(), burst: 3 }, ['burst']],
    [{ ...rate, redis: client(), algorithm: 'gcra', burst: 6 }, ['burst']],
    [{ ...rate, redis: client(), algorithm: 'gcra', limit: 60_001 }, ['limit']],
    [{ ...rate, redis: client(), algorithm: 'leaky' }, ['algorithm']],
    [{ ...rate, redis: client(), limits: 5 }, ['limits']],
  ])('refuses %j, every fault at once', (options, faults) => {
    expect(() => exactLimiter(options as never)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG',
        faults: expect.arrayContaining(
          faults.map((name) =>
            expect.objectContaining({ option: name ? `exactLimiter.${name}` : 'exactLimiter' }),
          ),
        ),
      }),
    )
  })

  it('never quotes a secret that will not do', () => {
    const bad = 'hunter2hunter2hunter2hunter2hunter2hunter2'
    try {
      exactLimiter({ redis: client(), ...rate, secret: bad })
      expect('built').toBe('refused')
    } catch (error) {
      expect(`${error} ${JSON.stringify(error)}`).not.toContain('hunter2')
    }
  })
})
