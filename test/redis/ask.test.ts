import { describe, expect, it } from 'vitest'
import { redis, script } from '../../src/redis/index.ts'
import { type Command, echo, failureOf, fakeRedis } from './support.ts'

const first = script('first', 'return ARGV[1]')
const second = script('second', 'return ARGV[1] .. 2')
const missing = { error: 'NOSCRIPT No matching script. Please use EVAL.' }

describe('an Ask', () => {
  it('sends what was asked as one request, in order, and hands out the answers', async () => {
    const fake = fakeRedis()
    const ask = redis(fake.options).ask({})
    const answers = [
      ask.call(first, ['k'], ['a']),
      ask.call(second, [], ['b']),
      ask.call(first, ['k', 'l'], ['c']),
    ]
    expect(ask.waiting).toBe(3)
    expect(fake.sent).toEqual([])
    await ask.send()
    expect(ask.waiting).toBe(0)
    expect(await Promise.all(answers)).toEqual(['a', 'b', 'c'])
    expect(fake.sent.map(({ url, method }) => [method, url])).toEqual([
      ['POST', 'https://eu1-fast-cat-12345.upstash.io/pipeline'],
    ])
    const { commands } = fake.sent[0] ?? { commands: [] }
    expect(commands).toEqual([
      ['evalsha', await first.digest(false), 1, 'k', 'a'],
      ['evalsha', await second.digest(false), 0, 'b'],
      ['evalsha', await first.digest(false), 2, 'k', 'l', 'c'],
    ])
  })

  it('sends nothing where nothing was asked', async () => {
    const fake = fakeRedis()
    const ask = redis(fake.options).ask({})
    await ask.send()
    void ask.facade
    expect(fake.sent).toEqual([])
  })

  it('tells Redis nothing of itself: no telemetry, no cookie, no agent of ours', async () => {
    const fake = fakeRedis()
    await redis(fake.options).call({}, first, [], ['a'])
    expect([...(fake.sent[0]?.headers.keys() ?? [])].sort()).toEqual([
      'authorization',
      'content-type',
    ])
  })

  it('keeps what is asked meanwhile for the next round', async () => {
    const fake = fakeRedis()
    const ask = redis(fake.options).ask({})
    const one = ask.call(first, [], ['1'])
    const sending = ask.send()
    const two = ask.call(first, [], ['2'])
    await sending
    expect([await one, ask.waiting, fake.sent.length]).toEqual(['1', 1, 1])
    await ask.send()
    expect([await two, fake.sent.length]).toEqual(['2', 2])
  })

  it('does not wait for another one', async () => {
    let answerIt = (_: unknown): void => {}
    const held = new Promise((done) => {
      answerIt = done
    })
    const fake = fakeRedis((commands) => (commands[0]?.[3] === 'slow' ? held : echo(commands)))
    const client = redis(fake.options)
    const slow = client.call({}, first, [], ['slow'])
    expect(await client.call({}, first, [], ['quick'])).toBe('quick')
    answerIt([{ result: 'slow' }])
    expect(await slow).toBe('slow')
  })

  it.each<[unknown, unknown]>([
    ['123', '123'],
    ['true', 'true'],
    ['null', 'null'],
    ['{"a":1}', '{"a":1}'],
    ['"q"', '"q"'],
    [1732100000000, 1732100000000],
    [null, null],
    [
      ['ok', '1', null, 7, ['OK', ['T0s=', []]]],
      ['ok', '1', null, 7, ['OK', ['T0s=', []]]],
    ],
    ['ü 😀', 'ü 😀'],
  ])('returns %j as it is: text is never read as JSON', async (result, expected) => {
    const fake = fakeRedis(() => [{ result }])
    expect(await redis(fake.options).call({}, first, [], [])).toEqual(expected)
  })
})

describe('a script that Redis does not have', () => {
  /** Knows a script once it came in full. */
  function forgetful(): (commands: readonly Command[]) => unknown[] {
    const known = new Set<unknown>()
    return (commands) =>
      commands.map(([verb, what, count, ...rest]) => {
        if (verb === 'eval') known.add(what)
        else if (![...known].some((source) => digests.get(`${source}`) === what)) return missing
        return { result: rest[Number(count)] }
      })
  }
  const digests = new Map<string, string>()

  it('goes out once more in full, and nothing else does', async () => {
    for (const each of [first, second]) digests.set(each.text(false), await each.digest(false))
    const fake = fakeRedis(forgetful())
    const client = redis(fake.options)
    await client.call({}, first, [], ['warm'])
    const ask = client.ask({})
    const answers = [
      ask.call(first, [], ['a']),
      ask.call(second, ['k'], ['b']),
      ask.call(first, [], ['c']),
    ]
    await ask.send()
    expect(await Promise.all(answers)).toEqual(['a', 'b', 'c'])
    expect(fake.verbs).toEqual([['EVALSHA'], ['EVAL'], ['EVALSHA', 'EVALSHA', 'EVALSHA'], ['EVAL']])
    expect(fake.sent[3]?.commands).toEqual([['eval', second.text(false), 1, 'k', 'b']])
  })

  it('is not asked for again and again', async () => {
    const fake = fakeRedis((commands) => commands.map(() => missing))
    expect(await failureOf(redis(fake.options).call({}, first, [], []))).toMatchObject({
      code: 'ERR_STORE_REFUSED',
    })
    expect(fake.verbs).toEqual([['EVALSHA'], ['EVAL']])
  })
})

describe('a Redis that does not know the flag', () => {
  it.each([
    ['Redis 7', 'ERR Unexpected flag in script shebang: allow-key-locking'],
    [
      'Redis 6',
      "ERR Error compiling script (new function): user_script:1: unexpected symbol near '#'",
    ],
  ])('gets the script without it, as %s; that is learned once', async (_, error) => {
    const known = new Set<string>()
    const fake = fakeRedis((commands) =>
      commands.map(([verb, what, count, ...rest]) => {
        if (verb === 'evalsha' && !known.has(`${what}`)) return missing
        if (verb === 'eval' && `${what}`.startsWith('#!')) return { error }
        return { result: rest[Number(count)] }
      }),
    )
    const client = redis(fake.options)
    const ask = client.ask({})
    const answers = [ask.call(first, [], ['a']), ask.call(second, [], ['b'])]
    await ask.send()
    expect(await Promise.all(answers)).toEqual(['a', 'b'])
    known.add(await first.digest(true))
    expect(await client.call({}, first, [], ['c'])).toBe('c')
    expect(await client.call({}, second, [], ['d'])).toBe('d')
    expect(fake.verbs).toEqual([
      ['EVALSHA', 'EVALSHA'],
      ['EVAL', 'EVAL'],
      ['EVAL', 'EVAL'],
      ['EVALSHA'],
      ['EVALSHA'],
      ['EVAL'],
    ])
    expect(fake.sent[5]?.commands[0]?.[1]).toBe(second.text(true))
    expect(fake.events).toEqual([{ type: 'store-script-flag-refused' }])
  })

  // A script that makes up a key is refused by Upstash; without the flag it would take the lock of the whole database.
  it('is not what Upstash is that refuses an undeclared key', async () => {
    const error =
      "ERR Dynamic keys are not allowed in Lua scripts when 'allow-key-locking' flag is set. Key was: script shebang"
    const fake = fakeRedis((commands) =>
      commands.map(([verb]) => (verb === 'eval' ? { error } : missing)),
    )
    expect(await failureOf(redis(fake.options).call({}, first, [], []))).toMatchObject({
      code: 'ERR_STORE_REFUSED',
    })
    expect(fake.verbs).toEqual([['EVALSHA'], ['EVAL']])
  })
})
