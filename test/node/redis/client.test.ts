import { Ratelimit } from '@upstash/ratelimit'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { redis as newRedis, type Redis, type RedisBatch, script } from '../../../src/redis/index.ts'
import { everythingIn, failureOf } from '../../redis/support.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'

const put = script('put', "redis.call('SET', KEYS[1], ARGV[1]) return {'ok', '1'}")
const get = script('get', "return redis.call('GET', KEYS[1])")
const undeclared = script('undeclared', "return redis.call('GET', 'session:' .. ARGV[1])")

describe.skipIf(noRedis)('with a real Redis', () => {
  let server: TestRedis
  let client: Redis
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    await server.flush()
    client = newRedis({ url: server.url, token: server.token, timeoutMs: 10_000 })
  })

  type Limit = ReturnType<typeof Ratelimit.slidingWindow>
  type Context = Parameters<ReturnType<Limit>['limit']>[0]
  const limit = (
    ask: RedisBatch,
    how: Limit,
    key: string,
  ): ReturnType<ReturnType<Limit>['limit']> =>
    how().limit({ redis: ask.facade, prefix: 'limit' } as unknown as Context, key)

  async function three(): Promise<unknown[]> {
    const ask = client.ask({})
    const replies = [
      ask.call(put, ['a'], ['ü 1']),
      ask.call(get, ['a'], []),
      limit(ask, Ratelimit.slidingWindow(5, '60 s'), 'l'),
    ]
    await ask.send()
    return Promise.all(replies)
  }

  it('three questions are two requests cold, and one warm', async () => {
    const answers = [['ok', '1'], 'ü 1']
    expect(await three()).toEqual([
      ...answers,
      expect.objectContaining({ success: true, limit: 5, remaining: 4 }),
    ])
    expect(server.control.verbs).toEqual([
      ['EVALSHA', 'EVALSHA', 'EVALSHA'],
      ['EVAL', 'EVAL', 'EVAL'],
    ])
    server.control.reset()
    expect(await three()).toEqual([
      ...answers,
      expect.objectContaining({ success: true, limit: 5, remaining: 3 }),
    ])
    expect(server.control.verbs).toEqual([['EVALSHA', 'EVALSHA', 'EVALSHA']])
  })

  it('after SCRIPT FLUSH only the questions themselves are sent again, as one', async () => {
    await three()
    await server.raw.call('SCRIPT', 'FLUSH')
    server.control.reset()
    await three()
    expect(server.control.verbs).toEqual([
      ['EVALSHA', 'EVALSHA', 'EVALSHA'],
      ['EVAL', 'EVAL', 'EVAL'],
    ])
  })

  it.each<[string, Limit, number]>([
    ['fixed window', Ratelimit.fixedWindow(3, '60 s'), 3],
    ['sliding window', Ratelimit.slidingWindow(3, '60 s'), 3],
    ['token bucket', Ratelimit.tokenBucket(1, '60 s', 3) as Limit, 3],
  ])('the %s of @upstash/ratelimit counts through the facade', async (_, how, allowed) => {
    const results: boolean[] = []
    for (let time = 0; time <= allowed; time++) {
      const ask = client.ask({})
      const result = limit(ask, how, 'client')
      await ask.send()
      results.push((await result).success)
    }
    expect(results).toEqual([true, true, true, false])
    expect(server.control.requests).toBe(allowed + 2)
  })

  it.each(['flagged', 'plain'])(
    'several limits and a read are one request, warm, with a %s Redis',
    async (kind) => {
      server.control.plain = kind === 'plain'
      const round = async (): Promise<unknown[]> => {
        const ask = client.ask({})
        const replies = [
          limit(ask, Ratelimit.slidingWindow(9, '60 s'), 'one'),
          limit(ask, Ratelimit.fixedWindow(9, '60 s'), 'two'),
          ask.call(get, ['a'], []),
        ]
        await ask.send()
        return Promise.all(replies)
      }
      await round()
      expect(server.control.requests).toBe(kind === 'plain' ? 3 : 2)
      server.control.reset()
      expect(await round()).toEqual([
        expect.objectContaining({ success: true, remaining: 7 }),
        expect.objectContaining({ success: true, remaining: 7 }),
        null,
      ])
      expect(server.control.requests).toBe(1)
    },
  )

  it('a failure reaches the limit as it is: it neither allows nor hangs', async () => {
    server.control.fault({ kind: 'error-html' }, { times: 9 })
    const ask = client.ask({})
    const result = limit(ask, Ratelimit.slidingWindow(3, '60 s'), 'client')
    await ask.send()
    expect(await failureOf(result)).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    expect(server.control.requests).toBe(1)
  })

  it('plain Redis, which refuses the flag, costs one more request once', async () => {
    server.control.plain = true
    expect(await client.call({}, put, ['a'], ['1'])).toEqual(['ok', '1'])
    expect(await client.call({}, put, ['a'], ['2'])).toEqual(['ok', '1'])
    expect(await client.call({}, get, ['a'], [])).toBe('2')
    expect(server.control.verbs).toEqual([
      ['EVALSHA'],
      ['EVAL'],
      ['EVAL'],
      ['EVALSHA'],
      ['EVALSHA'],
      ['EVAL'],
    ])
  })

  it('a script that makes up a key is refused here as Upstash refuses it; its key is not told', async () => {
    const error = await failureOf(client.call({}, undeclared, [], ['3Xk']))
    expect(error).toMatchObject({
      code: 'ERR_STORE_REFUSED',
      message: 'Redis refused script undeclared (script-error)',
    })
    expect(everythingIn(error)).not.toContain('3Xk')
  })

  it('a key of another type is refused', async () => {
    await server.raw.call('LPUSH', 'a', 'x')
    expect(await failureOf(client.call({}, get, ['a'], []))).toMatchObject({
      code: 'ERR_STORE_REFUSED',
      message: 'Redis refused script get (wrongtype)',
    })
  })

  it.each(['123', 'true', 'null', '{"a":1}', '', '\u0000', 'a\r\nb', '😀', '0123', '1e3', '"\\"'])(
    'text comes back as it was: %j',
    async (text) => {
      await client.call({}, put, ['a'], [text])
      expect(await client.call({}, get, ['a'], [])).toBe(text)
    },
  )

  it('200 requests at once keep their answers apart', async () => {
    const replies = await Promise.all(
      Array.from({ length: 200 }, async (_, at) => {
        const ask = client.ask({})
        void ask.call(put, [`k${at}`], [`${at}`])
        const reply = ask.call(get, [`k${at}`], [])
        await ask.send()
        return reply
      }),
    )
    expect(replies).toEqual(Array.from({ length: 200 }, (_, at) => `${at}`))
  })
})
