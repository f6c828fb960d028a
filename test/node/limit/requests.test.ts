import { Hono } from 'hono'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  exactLimiter,
  limitGate,
  memoryLimiter,
  type RedisLimiter,
  rateLimit,
} from '../../../src/limit/index.ts'
import { type UpstashAlgorithm, upstashLimiter } from '../../../src/limit/upstash.ts'
import { type Redis, shareAsks, sharedAsk } from '../../../src/redis/index.ts'
import { upstashStore } from '../../../src/store/upstash.ts'
import type { Fault } from '../../../tools/dev/redis-http.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { clientAt, noon, secret } from './support.ts'

const clock = (): number => noon

describe.skipIf(noRedis)('what limits ask Redis', () => {
  let server: TestRedis
  let client: Redis
  let env: object
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    await server.flush({ keepScripts: true })
    ;({ client, env } = clientAt(server))
  })
  const exact = (limit = 5, more: object = {}): RedisLimiter =>
    exactLimiter({ redis: client, secret, limit, window: 60, clock, ...more })

  /** Commands that Redis itself executed, those inside scripts too. */
  async function commands(work: () => Promise<unknown>): Promise<Record<string, number>> {
    await server.raw.call('CONFIG', 'RESETSTAT')
    await work()
    const lines = `${await server.raw.call('INFO', 'commandstats')}`.split('\r\n')
    const found: Record<string, number> = {}
    for (const line of lines) {
      const [, name, calls] = /^cmdstat_([a-z|]+):calls=(\d+)/.exec(line) ?? []
      // The bridge asks for the keys of a script to see that all are declared.
      if (name && !/^(?:config|command|info)/.test(name)) found[name] = Number(calls)
    }
    return found
  }

  describe.each([
    ['the log', {}],
    ['GCRA', { algorithm: 'gcra' }],
  ])('exactLimiter by %s', (_, more) => {
    it('is one request: three commands if it allows, two if it denies, none while that is remembered', async () => {
      const limiter = exact(1, more)
      await limiter.take('warm', 1, { env })
      server.control.reset()
      const allowed = await commands(() => limiter.take('a', 1, { env }))
      expect(allowed).toEqual({ evalsha: 1, get: 1, set: 1 })
      const denied = await commands(() => limiter.take('a', 1, { env }))
      expect(denied).toEqual({ evalsha: 1, get: 1 })
      expect(server.control.requests).toBe(2)
      expect(await commands(() => limiter.take('a', 1, { env }))).toEqual({})
      expect(server.control.requests).toBe(2)
    })
  })

  it('is two requests where scripts are unknown, and the limit holds', async () => {
    await server.flush()
    const limiter = exact(1)
    expect((await limiter.take('a', 1, { env })).allowed).toBe(true)
    expect(server.control.verbs).toEqual([['EVALSHA'], ['EVAL']])
    expect((await limiter.take('a', 1, { env })).allowed).toBe(false)
  })

  it('keeps a key for its window and five seconds, and what it holds small', async () => {
    for (const limit of [10, 100, 5_000]) {
      await server.flush({ keepScripts: true })
      let now = noon
      const limiter = exact(limit, { clock: () => now, maxBlocked: 0 })
      for (let i = 0; i < 150; i++, now += 400)
        await limiter.take('a', Math.ceil(limit / 150), { env })
      const [held] = Object.values(await server.raw.dump())
      expect(held?.ttl).toBeGreaterThan(0)
      expect(held?.ttl).toBeLessThanOrEqual(66_000)
      const [key] = Object.keys(await server.raw.dump())
      expect(await server.raw.call('STRLEN', key ?? '')).toBeLessThanOrEqual(
        9 * Math.min(limit, 129),
      )
    }
  })

  it('holds no address, no name, and nothing that a stranger chose', async () => {
    const made = new Hono<{ Bindings: object }>()
    const upstash = upstashLimiter({ redis: client, secret, limit: 5, window: 60 })
    made.use(
      rateLimit({
        platform: 'cloudflare',
        policies: [
          { name: 'one', limiter: exact() },
          {
            name: 'two',
            limiter: exact(),
            key: (c) => c.req.raw.headers.get('X-User') ?? undefined,
          },
          {
            name: 'three',
            limiter: upstash,
            key: (c) => c.req.raw.headers.get('X-User') ?? undefined,
          },
        ],
      }),
    )
    made.get('/', (c) => c.text('done'))
    const headers = {
      'CF-Connecting-IP': '203.0.113.9',
      'X-User': 'ann@example.test:dynamic:global*',
    }
    expect((await made.request('/', { headers }, env)).status).toBe(200)
    const text = `${await server.raw.text()} ${JSON.stringify(server.control.heard)}`
    expect(text).not.toMatch(/203\.0|ann@|example\.test|dynamic:global/)
    for (const key of Object.keys(await server.raw.dump())) {
      expect(key).toMatch(/^portcullis:(?:l:[\w-]{22}|r:default:[\w-]{22}:\d+)$/)
    }
  })

  describe.each<[UpstashAlgorithm]>([['fixedWindow'], ['slidingWindow'], ['tokenBucket']])(
    'upstashLimiter, %s',
    (algorithm) => {
      const make = (more: object = {}): ReturnType<typeof upstashLimiter> =>
        upstashLimiter({ redis: client, secret, limit: 2, window: 60, algorithm, ...more })

      it('is one request, warm, and two where its script is unknown', async () => {
        await server.flush()
        const limiter = make()
        await limiter.take('a', 1, { env })
        expect(server.control.requests).toBe(2)
        await limiter.take('a', 1, { env })
        expect(server.control.verbs.slice(2)).toEqual([['EVALSHA']])
        await limiter.peek('b', { env })
        server.control.reset()
        await limiter.peek('a', { env })
        await limiter.forget('a', { env })
        expect(server.control.requests).toBeLessThanOrEqual(3)
      })

      // limit('dynamic:global'): in the library the key of the shared limit becomes a hash, and every later call throws.
      it('is not broken by identifiers that are names of its own', async () => {
        const limiter = make({ dynamicLimit: true })
        for (const key of [
          'dynamic:global',
          ':dynamic:global',
          'denyList:all',
          '*',
          'default:dynamic:global',
        ]) {
          expect((await limiter.take(key, 1, { env })).allowed).toBe(true)
        }
        expect(await limiter.getLimit({ env })).toBe(undefined)
        await limiter.setLimit(1, { env })
        expect(await limiter.getLimit({ env })).toBe(1)
        expect((await limiter.take('new', 1, { env })).limit).toBe(1)
        expect((await limiter.take('new', 1, { env })).allowed).toBe(false)
        await limiter.setLimit(undefined, { env })
        expect((await limiter.peek('other', { env })).limit).toBe(2)
      })

      it('counts what it counted, whatever the cache of the library would say', async () => {
        const limiter = make()
        const seen = []
        for (let i = 0; i < 4; i++) seen.push((await limiter.take('a', 1, { env })).allowed)
        expect(seen).toEqual([true, true, false, false])
        await limiter.forget('a', { env })
        expect((await limiter.take('a', 1, { env })).allowed).toBe(true)
      })

      it.each<[Fault]>([
        [{ kind: 'error-html' }],
        [{ kind: 'error-json', status: 500 }],
        [{ kind: 'unauthorized' }],
        [{ kind: 'drop-before' }],
        [{ kind: 'body', body: '[{"result":null}]' }],
        [{ kind: 'body', body: '[{"result":["1"]}]' }],
        [{ kind: 'body', body: '[{"result":"OK"}]' }],
        [{ kind: 'body', body: '[{"result":[1,"many"]}]' }],
        [{ kind: 'refuse', error: 'WRONGTYPE Operation against a key' }],
      ])('that meets %j rejects: it never allows', async (fault) => {
        const limiter = make()
        await limiter.take('warm', 1, { env })
        server.control.fault(fault, { times: 9 })
        await expect(limiter.take('a', 1, { env })).rejects.toMatchObject({
          code: expect.stringMatching(/^ERR_STORE_/),
        })
        await expect(limiter.peek('a', { env })).rejects.toMatchObject({
          code: expect.stringMatching(/^ERR_STORE_/),
        })
      })
    },
  )

  it('never takes what somebody else left at its key for a count', async () => {
    const limiter = exact(5, { maxBlocked: 0 })
    await limiter.take('ann@example.test', 1, { env })
    const [key = ''] = Object.keys(await server.raw.dump())
    for (const command of [
      ['HSET', key, 'a', 'b'],
      ['SET', key, 'text'],
      ['SET', key, 'twelve bytes'],
    ]) {
      await server.raw.call('DEL', key)
      await server.raw.call(...command)
      const error = await limiter
        .take('ann@example.test', 1, { env })
        .catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'ERR_STORE_REFUSED' })
      expect(`${error} ${JSON.stringify(error)} ${(error as Error).stack}`).not.toMatch(
        /ann@|portcullis:l/,
      )
    }
  })

  it('a fixed window and a bucket that deny are remembered until they have room', async () => {
    for (const algorithm of ['fixedWindow', 'tokenBucket'] as const) {
      const limiter = upstashLimiter({ redis: client, secret, limit: 1, window: 3_600, algorithm })
      await limiter.take('a', 1, { env })
      await limiter.take('a', 1, { env })
      server.control.reset()
      expect((await limiter.take('a', 1, { env })).allowed).toBe(false)
      expect(server.control.requests).toBe(0)
    }
  })

  // The reply is lost after the script ran, and the client asks again.
  it.each<[Fault]>([[{ kind: 'drop-after' }], [{ kind: 'truncate' }]])(
    'that meets %j counts twice at most',
    async (fault) => {
      const limiter = exact(5)
      await limiter.take('warm', 1, { env })
      server.control.fault(fault, { times: 1 })
      const { allowed, remaining } = await limiter.take('a', 1, { env })
      expect([allowed, remaining]).toEqual([true, 3])
    },
  )

  describe('together with the session', () => {
    const at = { now: noon, idle: 600_000, slice: 60_000 }
    const ref = { key: 'DIGEST' }
    const row = {
      ...ref,
      record: 'sealed',
      end: noon + 3_600_000,
      now: noon,
      idle: 600_000,
      write: 'w1',
    }

    /** What a stack does: all prepares, one request, all decisions. */
    async function request(
      policies: number,
    ): Promise<[session: string, status: number | undefined]> {
      const store = upstashStore({ redis: client })
      const limiters: RedisLimiter[] = [
        exact(),
        upstashLimiter({ redis: client, secret, limit: 9, window: 60 }),
      ]
      const gate = limitGate({
        platform: 'cloudflare',
        policies: limiters
          .slice(0, policies)
          .map((limiter, i) => ({ name: `limit-${i}`, limiter })),
      })
      const headers = { 'CF-Connecting-IP': '203.0.113.9' }
      const raw = new Request('https://app.example.test/', { headers })
      const limits = await gate.prepare({ req: { raw }, env })
      const ask = client.ask(env)
      const decision = limits?.decide(() => ask)
      const { script, keys, args } = store.readRequest(ref, at)
      const reply = ask.call(script, keys, args)
      await ask.send()
      return [store.readReply(await reply).is, (await decision)?.refused?.status]
    }

    it('two limits are one HTTP request, warm', async () => {
      await upstashStore({ redis: client }).create(row, { env })
      await request(2)
      server.control.reset()
      expect(await request(2)).toEqual(['found', undefined])
      expect(server.control.verbs).toEqual([['EVALSHA', 'EVALSHA', 'EVALSHA']])
    })

    it('two limits are two, cold: what was answered is not asked again', async () => {
      await upstashStore({ redis: client }).create(row, { env })
      await upstashStore({ redis: client }).read(ref, at, { env })
      await request(2)
      await server.raw.call('SCRIPT', 'FLUSH')
      await upstashStore({ redis: client }).read(ref, at, { env })
      server.control.reset()
      expect(await request(2)).toEqual(['found', undefined])
      expect(server.control.requests).toBe(2)
      expect(server.control.verbs).toEqual([
        ['EVALSHA', 'EVALSHA', 'EVALSHA'],
        ['EVAL', 'EVAL'],
      ])
    })

    it('a limit takes along what the request asks Redis already', async () => {
      const limiter = exact()
      await limiter.take('warm', 1, { env })
      await upstashStore({ redis: client }).read(ref, at, { env })
      server.control.reset()
      const made = new Hono<{ Bindings: object }>()
      made.use(rateLimit({ limiter, platform: 'cloudflare' }))
      made.get('/', (c) => c.text('done'))
      const shared = shareAsks(env)
      const { script, keys, args } = upstashStore({ redis: client }).readRequest(ref, at)
      const reply = sharedAsk(shared, client)?.call(script, keys, args)
      expect(
        (await made.request('/', { headers: { 'CF-Connecting-IP': '203.0.113.9' } }, shared))
          .status,
      ).toBe(200)
      expect(await reply).toEqual(['none'])
      expect(server.control.verbs).toEqual([['EVALSHA', 'EVALSHA']])
    })

    it('all scripts unknown are two as well', async () => {
      await server.flush()
      expect(await request(2)).toEqual(['none', undefined])
      expect(server.control.requests).toBe(2)
    })
  })

  describe('when Redis is away', () => {
    const faults: Fault[] = [
      { kind: 'silence' },
      { kind: 'hang' },
      { kind: 'drop-before' },
      { kind: 'error-html' },
      { kind: 'error-html', status: 200 },
      { kind: 'unauthorized' },
      { kind: 'truncate' },
    ]

    describe.each(faults)('%j', (fault) => {
      it.each(['open', 'closed', 'local'] as const)(
        'a limit that is %s decides within its time',
        async (onOutage) => {
          const { client: hasty, env: place } = clientAt(server, 150)
          const limiter = exactLimiter({ redis: hasty, secret, limit: 20, window: 60 })
          const events: unknown[] = []
          const made = new Hono<{ Bindings: object }>()
          const onEvent = (event: unknown): unknown => events.push(event)
          made.use(rateLimit({ limiter, platform: 'cloudflare', onOutage, onEvent }))
          made.get('/', (c) => c.json(c.get('rateLimit' as never)))
          const ask = async (): Promise<Response> =>
            made.request('/', { headers: { 'CF-Connecting-IP': '203.0.113.9' } }, place)
          server.control.fault(fault, { times: 99 })
          const since = performance.now()
          const responses = [await ask(), await ask(), await ask()]
          // Three times 150 ms, on a machine that may be busy; @upstash/ratelimit alone would wait for fifteen seconds.
          expect(performance.now() - since).toBeLessThan(10_000)
          const statuses = {
            open: [200, 200, 200],
            closed: [503, 503, 503],
            local: [200, 200, 429],
          }
          expect(responses.map(({ status }) => status)).toEqual(statuses[onOutage])
          if (onOutage === 'closed') expect(responses[0]?.headers.get('Retry-After')).toBe('10')
          else expect(await responses[0]?.json()).toMatchObject([{ allowed: true, degraded: true }])
          expect(events[0]).toMatchObject({ type: 'rate-limit-degraded', subject: 'default' })
          expect(JSON.stringify(events)).not.toMatch(/203\.0|EVAL|portcullis:/)
        },
      )
    })

    it('limits of this isolate go on', async () => {
      server.control.fault({ kind: 'drop-before' }, { times: 99 })
      const limiter = memoryLimiter({ limit: 1, window: 60 })
      expect((await limiter.take('a')).allowed).toBe(true)
      expect((await limiter.take('a')).allowed).toBe(false)
    })
  })
})
