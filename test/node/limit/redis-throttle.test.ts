import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type RedisThrottle,
  redisThrottle,
} from '../../../src/limit/throttle/stores/redis-throttle.ts'
import { redis } from '../../../src/redis/index.ts'
import { noon, throttleContract } from '../../limit/throttle-contract.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'

let server: TestRedis
const make = (): RedisThrottle =>
  redisThrottle({ redis: redis({ url: server.url, token: server.token, timeoutMs: 10_000 }) })

describe.skipIf(noRedis)('a real Redis', () => {
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())
  beforeEach(() => server.flush({ keepScripts: true }))

  throttleContract('redisThrottle', make)

  const counters = {
    ticket: 't',
    streaks: [{ key: 'p', free: 5, longest: 900_000 }],
    days: [{ key: 'd', most: 100 }],
  }

  it('each verb is one request and one script, and no key lives longer than a day', async () => {
    const store = make()
    await store.attempt(counters, noon, {})
    await store.settle(counters, 'void', noon, {})
    server.control.reset()
    await store.attempt({ ...counters, ticket: 'u' }, noon, {})
    expect(server.control.verbs).toEqual([['EVALSHA']])
    const held = await server.raw.dump()
    expect(Object.keys(held)).toEqual([
      'portcullis:l:d',
      'portcullis:l:p',
      'portcullis:l:t',
      'portcullis:l:u',
    ])
    for (const [key, { ttl }] of Object.entries(held)) {
      expect(ttl, key).toBeGreaterThan(0)
      expect(ttl, key).toBeLessThanOrEqual(/[tu]$/.test(key) ? 120_000 : 86_400_000)
    }
    await store.settle({ ...counters, ticket: 'u' }, 'success', noon, {})
    expect(server.control.verbs).toEqual([['EVALSHA'], ['EVALSHA']])
  })

  it('an attempt whose answer was lost and that was sent again counts once', async () => {
    const store = make()
    await store.attempt({ ...counters, ticket: 'warm' }, noon, {})
    server.control.reset()
    server.control.fault({ kind: 'drop-after' })
    expect(await store.attempt(counters, noon, {})).toEqual({ is: 'allowed', failures: [1, 1] })
    expect(server.control.requests).toBe(2)
    expect(await server.raw.dump()).toMatchObject({ 'portcullis:l:p': { value: { n: '2' } } })
  })
})
