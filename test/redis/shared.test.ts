import { describe, expect, it } from 'vitest'
import { redis, script, shareAsks, sharedAsk } from '../../src/redis/index.ts'
import { fakeRedis } from './support.ts'

const say = script('say', 'return ARGV[1]')

describe('an environment of one request', () => {
  it('finds what the other holds', () => {
    const env = shareAsks({ SECRET: 'a' }) as { SECRET?: string; OTHER?: string }
    expect([env.SECRET, env.OTHER]).toEqual(['a', undefined])
    expect(() => shareAsks(undefined)).not.toThrow()
  })

  it('lets a call take along what waits', async () => {
    const fake = fakeRedis()
    const client = redis(fake.options)
    const env = shareAsks({})
    const waiting = sharedAsk(env, client)?.call(say, [], ['first'])
    expect(fake.sent.length).toBe(0)
    expect(await client.call(env, say, [], ['second'])).toBe('second')
    expect(await waiting).toBe('first')
    expect(fake.verbs).toEqual([['EVALSHA', 'EVALSHA']])
  })

  it('keeps requests, and clients, apart', async () => {
    const [one, two] = [fakeRedis(), fakeRedis()]
    const [client, other] = [redis(one.options), redis(two.options)]
    const env = shareAsks({})
    const waiting = sharedAsk(env, client)?.call(say, [], ['first'])
    await client.call(shareAsks({}), say, [], ['another request'])
    await client.call({}, say, [], ['none'])
    await other.call(env, say, [], ['another client'])
    expect([one.verbs.length, two.verbs.length]).toEqual([2, 1])
    await sharedAsk(env, client)?.send()
    expect(await waiting).toBe('first')
  })

  // `{ ...c.env }` goes on to whoever a handler calls, maybe after the request.
  it('is not what was copied from it', () => {
    const client = redis(fakeRedis().options)
    const env = shareAsks({ SECRET: 'a' })
    expect(sharedAsk(env, client)).toBe(sharedAsk(env, client))
    for (const copy of [{ ...env }, Object.create(env)])
      expect(sharedAsk(copy, client)).toBe(undefined)
  })

  it('is what nobody has who did not ask for it', () => {
    const client = redis(fakeRedis().options)
    for (const env of [{}, undefined, null, 'text']) expect(sharedAsk(env, client)).toBe(undefined)
  })
})
