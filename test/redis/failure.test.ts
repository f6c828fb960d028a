import { beforeAll, describe, expect, it } from 'vitest'
import { PortcullisError } from '../../src/errors.ts'
import { redis, script } from '../../src/redis/index.ts'
import { holdTimers } from '../support/held-timers.ts'
import { type Answering, everythingIn, failureOf, fakeRedis } from './support.ts'

const read = script('session-read', 'return ARGV[1]')
const unavailable = 'ERR_STORE_UNAVAILABLE'
const refused = 'ERR_STORE_REFUSED'
const json = (status: number, body: unknown): Response =>
  new Response(JSON.stringify(body), { status })
const page = (status: number): Response => new Response('<h1>Bad gateway</h1>', { status })
/** What Upstash's own client would quote. */
const quoting = 'ERR no, command was: ["evalsha","sha","1","session:3Xk","SECRET-ARG"] AXQgASQgN2E4'

const answers: Array<[what: string, answer: Answering, code: string, reason: string]> = [
  ['500 with JSON', () => json(500, { error: quoting }), unavailable, 'http-500'],
  ['502 with a page', () => page(502), unavailable, 'http-502'],
  ['503 with nothing', () => new Response(null, { status: 503 }), unavailable, 'http-503'],
  ['a page with 200', () => page(200), unavailable, 'not-json'],
  ['an empty body', () => new Response(''), unavailable, 'not-json'],
  ['half of the answer', () => new Response('[{"result":"SECRET-A'), unavailable, 'not-json'],
  ['null', () => null, unavailable, 'not-redis'],
  ['an object', () => ({ result: 'SECRET-ARG' }), unavailable, 'not-redis'],
  ['an empty list', () => [], unavailable, 'not-redis'],
  ['one answer too many', () => [{ result: 1 }, { result: 2 }], unavailable, 'not-redis'],
  ['a list of something', () => ['SECRET-ARG'], unavailable, 'not-redis'],
  ['a list of nothing', () => [null], unavailable, 'not-redis'],
  ['an answer without a result', () => [{}], unavailable, 'not-redis'],
  ['an error that is no text', () => [{ error: { a: 1 } }], unavailable, 'not-redis'],
  [
    'a redirect',
    () => new Response(null, { status: 307, headers: { Location: 'https://elsewhere.example' } }),
    unavailable,
    'http-307',
  ],
  ['401', () => json(401, { error: 'WRONGPASS AXQgASQgN2E4' }), refused, 'unauthorized'],
  ['403 with a page', () => page(403), refused, 'unauthorized'],
  ['400', () => json(400, { error: quoting }), refused, 'http-400'],
  ['404 with a page', () => page(404), refused, 'http-404'],
  ['413', () => json(413, { error: 'ERR max request size exceeded' }), refused, 'http-413'],
  ['429', () => json(429, { error: 'ERR max requests limit exceeded' }), unavailable, 'http-429'],
  ['408', () => json(408, {}), unavailable, 'http-408'],
  ['WRONGTYPE', () => [{ error: 'WRONGTYPE Operation against session:3Xk' }], refused, 'wrongtype'],
  ['WRONGPASS', () => [{ error: 'WRONGPASS invalid AXQgASQgN2E4' }], refused, 'wrongpass'],
  [
    'NOPERM',
    () => [{ error: "NOPERM this user has no permissions to run the 'evalsha' command" }],
    refused,
    'noperm',
  ],
  [
    'OOM',
    () => [{ error: "OOM command not allowed when used memory > 'maxmemory'" }],
    refused,
    'oom',
  ],
  ['an error of the script', () => [{ error: quoting }], refused, 'script-error'],
  ['a word that nobody knows', () => [{ error: 'SECRET-ARG is wrong' }], refused, 'script-error'],
  [
    'LOADING',
    () => [{ error: 'LOADING Redis is loading the dataset in memory' }],
    unavailable,
    'loading',
  ],
  [
    'READONLY',
    () => [{ error: "READONLY You can't write against a read only replica." }],
    unavailable,
    'readonly',
  ],
  ['BUSY', () => [{ error: 'BUSY Redis is busy running a script.' }], unavailable, 'busy'],
]

describe('an answer that is none', () => {
  it.each(answers)('%s', async (_, answer, code, reason) => {
    const fake = fakeRedis(answer)
    const error = await failureOf(
      redis(fake.options).call({}, read, ['session:3Xk'], ['SECRET-ARG']),
    )
    expect(error).toBeInstanceOf(PortcullisError)
    expect(error).toMatchObject({ code, name: 'PortcullisError' })
    expect(fake.sent.length).toBe(1)
    const type = code === refused ? 'store-refused' : 'store-unavailable'
    expect(fake.events).toEqual([expect.objectContaining({ type, reason })])
  })

  it.each(answers)(
    '%s: neither error nor event quotes key, argument, token, address or answer',
    async (_, answer) => {
      const fake = fakeRedis(answer)
      const error = await failureOf(
        redis(fake.options).call({}, read, ['session:3Xk'], ['SECRET-ARG']),
      )
      const said = everythingIn(error) + JSON.stringify(fake.events)
      for (const secret of ['3Xk', 'SECRET-ARG', 'AXQg', 'fast-cat', 'elsewhere', 'permissions']) {
        expect(said).not.toContain(secret)
      }
      expect(error).not.toHaveProperty('cause')
    },
  )

  it('is a failure of every call where it answers all of them', async () => {
    const fake = fakeRedis(() => page(502))
    const ask = redis(fake.options).ask({})
    const calls = [ask.call(read, [], ['a']), ask.call(read, [], ['b'])]
    await ask.send()
    for (const call of calls) expect(await failureOf(call)).toMatchObject({ code: unavailable })
    expect(fake.events).toEqual([{ type: 'store-unavailable', reason: 'http-502' }])
  })

  it('is a failure of one call where it answers one', async () => {
    const fake = fakeRedis(() => [{ result: 1 }, { error: 'WRONGTYPE no' }, { result: 3 }])
    const ask = redis(fake.options).ask({})
    const [one, two, three] = [
      ask.call(read, [], []),
      ask.call(read, [], []),
      ask.call(read, [], []),
    ]
    await ask.send()
    expect([await one, await three]).toEqual([1, 3])
    expect(await failureOf(two as Promise<unknown>)).toMatchObject({
      code: refused,
      message: 'Redis refused script session-read (wrongtype)',
    })
    expect(fake.events).toEqual([
      { type: 'store-refused', reason: 'wrongtype', subject: 'session-read' },
    ])
  })

  it('does not undo what was answered before it', async () => {
    const missing = { error: 'NOSCRIPT No matching script. Please use EVAL.' }
    const fake = fakeRedis((_, __, count) => (count === 1 ? [{ result: 1 }, missing] : page(502)))
    const ask = redis(fake.options).ask({})
    const [one, two] = [ask.call(read, [], []), ask.call(read, [], [])]
    await ask.send()
    expect(await one).toBe(1)
    expect(await failureOf(two as Promise<unknown>)).toMatchObject({ code: unavailable })
  })

  it('that nobody waits for disturbs nobody', async () => {
    const fake = fakeRedis(() => page(502))
    const ask = redis(fake.options).ask({})
    void ask.call(read, [], [])
    expect(await ask.send()).toBe(undefined)
  })
})

describe('a network that fails', () => {
  const down: Answering = () => {
    throw new TypeError('connect ECONNREFUSED eu1-fast-cat-12345.upstash.io SECRET-ARG')
  }
  const torn = (): Response =>
    new Response(
      new ReadableStream({
        start(controller): void {
          controller.enqueue(new TextEncoder().encode('[{"res'))
          controller.error(new Error('reset'))
        },
      }),
    )

  it('is tried once more, then it is an outage; the error quotes nothing', async () => {
    const fake = fakeRedis(down)
    const error = await failureOf(
      redis(fake.options).call({}, read, ['session:3Xk'], ['SECRET-ARG']),
    )
    expect(error).toMatchObject({ code: unavailable, message: 'Redis is not available (network)' })
    expect(everythingIn(error)).not.toMatch(/fast-cat|SECRET|ECONNREFUSED|3Xk/)
    expect(fake.sent.length).toBe(2)
    expect(fake.events).toEqual([{ type: 'store-unavailable', reason: 'network' }])
  })

  it.each<[string, Answering]>([
    ['before the answer', down],
    ['within the answer', torn],
  ])('once, %s, is not noticed', async (_, once) => {
    const fake = fakeRedis((commands, request, count) =>
      count === 1 ? once(commands, request, count) : [{ result: 'fine' }],
    )
    expect(await redis(fake.options).call({}, read, [], [])).toBe('fine')
    expect(fake.sent.length).toBe(2)
    expect(fake.events).toEqual([])
  })
})

describe('a Redis that says nothing', () => {
  // Worked out once, so that short budgets below are for what they are about.
  beforeAll(async () => void (await Promise.all([read.digest(false), read.digest(true)])))

  const silence: Answering = () => new Promise(() => {})
  const stall = (): Response =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode('[')),
      }),
    )

  it.each<[string, Answering]>([
    ['at all', silence],
    ['after the headers', stall],
  ])(
    '%s is an outage when time is up; its request is aborted, and not tried again',
    async (_, answer) => {
      const fake = fakeRedis(answer)
      const error = await failureOf(
        redis({ ...fake.options, timeoutMs: 10 }).call({}, read, [], []),
      )
      expect(error).toMatchObject({
        code: unavailable,
        message: 'Redis is not available (timeout)',
      })
      expect(fake.sent.length).toBe(1)
      expect(fake.sent[0]?.signal.aborted).toBe(true)
      expect(fake.events).toEqual([
        { type: 'breaker-opened', reason: 'timeout', subject: 'redis' },
        { type: 'store-unavailable', reason: 'timeout' },
      ])
    },
  )

  it('has one budget for all rounds of a send', async () => {
    const fake = fakeRedis(() => [{ error: 'NOSCRIPT No matching script. Please use EVAL.' }])
    await failureOf(redis(fake.options).call({}, read, [], []))
    const [one, two] = fake.sent
    expect(fake.sent.length).toBe(2)
    expect(one?.signal).toBe(two?.signal)
  })

  it('does not try again after its time', async () => {
    const fake = fakeRedis(() => {
      throw new TypeError('reset')
    })
    const error = await failureOf(redis({ ...fake.options, timeoutMs: 20 }).call({}, read, [], []))
    expect(error).toMatchObject({ message: 'Redis is not available (timeout)' })
    expect(fake.sent.length).toBe(1)
  })

  it('is no signal for one that answers', async () => {
    const fake = fakeRedis()
    const timers = holdTimers(12_345)
    const call = redis({ ...fake.options, timeoutMs: 12_345 }).call({}, read, [], ['a'])
    const running = timers.running
    await call.finally(timers.restore)
    timers.runOut()
    expect([running, fake.sent[0]?.signal.aborted]).toEqual([1, false])
  })
})
