import { describe, expect, it } from 'vitest'
import { type RedisBatch, redis, script } from '../../src/redis/index.ts'
import { failureOf, fakeRedis } from './support.ts'

const own = script('own', 'return ARGV[1]')
const source = '#!lua flags=allow-key-locking\nreturn KEYS[1]'
const digest = '381756943d141e39420bae7b430a0fa99ae0ad9e'
const missing = { error: 'NOSCRIPT No matching script. Please use EVAL.' }

/** As @upstash/ratelimit asks: by digest, and in full where that is not known. */
async function askAsLibrary(
  { facade }: RedisBatch,
  keys: string[],
  args: unknown[],
): Promise<unknown> {
  try {
    return await facade.evalsha(digest, keys, args)
  } catch (error) {
    if (`${error}`.includes('NOSCRIPT')) return await facade.eval(source, keys, args)
    throw error
  }
}

describe('the facade for another library', () => {
  it('puts its calls into the same request, with arguments as text', async () => {
    const fake = fakeRedis()
    const ask = redis(fake.options).ask({})
    const theirs = askAsLibrary(ask, ['k'], [10, 1732100000000, 'a', null, true])
    const ours = ask.call(own, [], ['b'])
    await ask.send()
    expect([await theirs, await ours]).toEqual(['10', 'b'])
    expect(fake.sent.length).toBe(1)
    expect(fake.sent[0]?.commands[0]).toEqual([
      'evalsha',
      digest,
      1,
      'k',
      '10',
      '1732100000000',
      'a',
      'null',
      'true',
    ])
  })

  it('resends what they send in full together with ours: two requests where nothing is known', async () => {
    const fake = fakeRedis((commands) =>
      commands.map(([verb]) => (verb === 'eval' ? { result: verb } : missing)),
    )
    const ask = redis(fake.options).ask({})
    const theirs = [askAsLibrary(ask, ['k'], []), askAsLibrary(ask, ['l'], [])]
    const ours = ask.call(own, [], [])
    await ask.send()
    expect(await Promise.all([...theirs, ours])).toEqual(['eval', 'eval', 'eval'])
    expect(fake.verbs).toEqual([
      ['EVALSHA', 'EVALSHA', 'EVALSHA'],
      ['EVAL', 'EVAL', 'EVAL'],
    ])
    expect(fake.events).toEqual([])
  })

  it('takes the flag off for a Redis that does not know it, and remembers', async () => {
    const known = new Set<unknown>()
    const fake = fakeRedis((commands) =>
      commands.map(([verb, what]) => {
        if (verb === 'evalsha') return known.has(what) ? { result: 'warm' } : missing
        if (`${what}`.startsWith('#!'))
          return { error: 'ERR Unexpected flag in script shebang: allow-key-locking' }
        return { result: 'cold' }
      }),
    )
    const client = redis(fake.options)
    const round = async (): Promise<unknown> => {
      const ask = client.ask({})
      const reply = askAsLibrary(ask, ['k'], [])
      await ask.send()
      return reply
    }
    expect(await round()).toBe('cold')
    expect(fake.sent[2]?.commands[0]?.[1]).toBe('--\nreturn KEYS[1]')
    expect(fake.verbs).toEqual([['EVALSHA'], ['EVAL'], ['EVAL']])
    known.add('5b0d73b430b4f11f7665f817244574b6c95edf70')
    expect(await round()).toBe('warm')
    expect(fake.verbs.slice(3)).toEqual([['EVALSHA']])
  })

  it('leaves a library that does not send its source with its failure', async () => {
    const fake = fakeRedis((commands) => commands.map(() => missing))
    const ask = redis(fake.options).ask({})
    const reply = ask.facade.evalsha(digest, [], [])
    await ask.send()
    expect(await failureOf(reply)).toMatchObject({ code: 'ERR_STORE_REFUSED' })
    expect(fake.sent.length).toBe(1)
  })

  it('fails as ours do: coded, and without the library asking again', async () => {
    const fake = fakeRedis(() => new Response('no', { status: 502 }))
    const ask = redis(fake.options).ask({})
    const reply = askAsLibrary(ask, ['k'], ['SECRET'])
    await ask.send()
    const error = await failureOf(reply)
    expect(error).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    expect(fake.sent.length).toBe(1)
  })
})
