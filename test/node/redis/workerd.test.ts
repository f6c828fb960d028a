import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Fault } from '../../../tools/dev/redis-http.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { startWorkerd, type Workerd } from '../../support/workerd.ts'

describe.skipIf(noRedis)('in bare workerd, with a real Redis', () => {
  let redis: TestRedis
  let worker: Workerd
  beforeAll(async () => {
    redis = await startRedis()
    worker = await startWorkerd(
      { entry: 'test/node/redis/worker.fixture.ts' },
      { bindings: { REDIS_URL: redis.url, REDIS_TOKEN: redis.token } },
    )
  })
  afterAll(async () => {
    await worker?.stop()
    await redis.stop()
  })
  beforeEach(() => redis.flush())
  const visit = async (): Promise<unknown> => (await fetch(worker.url)).json()

  it('three questions are two requests cold, and one warm', async () => {
    expect(await visit()).toEqual([1, '1', 1])
    expect(redis.control.verbs).toEqual([
      ['EVALSHA', 'EVALSHA', 'EVALSHA'],
      ['EVAL', 'EVAL', 'EVAL'],
    ])
    redis.control.reset()
    expect(await visit()).toEqual([2, '2', 2])
    expect(redis.control.verbs).toEqual([['EVALSHA', 'EVALSHA', 'EVALSHA']])
  })

  it('many visitors at once are served each by a request of their own', async () => {
    await visit()
    redis.control.reset()
    const answers = (await Promise.all(Array.from({ length: 60 }, visit))) as Array<
      [number, string, number]
    >
    for (const [mine, seen] of answers) expect(seen).toBe(`${mine}`)
    expect(answers.map(([mine]) => mine).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 60 }, (_, at) => at + 2),
    )
    expect(redis.control.requests).toBe(60)
  })

  it.each<[Fault, string]>([
    [{ kind: 'hang' }, 'Redis is not available (timeout)'],
    [{ kind: 'silence' }, 'Redis is not available (timeout)'],
    [{ kind: 'drop-before' }, 'Redis is not available (network)'],
    [{ kind: 'truncate' }, 'Redis is not available (network)'],
    [{ kind: 'error-html' }, 'Redis is not available (http-502)'],
    [{ kind: 'redirect', to: 'http://127.0.0.1:9/' }, 'Redis is not available (http-307)'],
    [{ kind: 'unauthorized' }, 'Redis refused the request (unauthorized)'],
  ])(
    '%j is a failure within the budget, and the next visitor is served',
    async (fault, message) => {
      await visit()
      redis.control.fault(fault, { times: 2 })
      const since = performance.now()
      expect(await visit()).toMatchObject({ message })
      expect(performance.now() - since).toBeLessThan(12_000)
      redis.control.reset()
      // The breaker asks Redis again after a quarter of a second.
      await expect.poll(visit).toHaveLength(3)
      expect(worker.stderr.join('\n')).not.toContain(redis.token)
    },
  )

  it('an isolate remembers that its Redis is plain', async () => {
    redis.control.plain = true
    const plain = await startWorkerd(
      { entry: 'test/node/redis/worker.fixture.ts' },
      { bindings: { REDIS_URL: redis.url, REDIS_TOKEN: redis.token } },
    )
    try {
      const visitPlain = async (): Promise<unknown> => (await fetch(plain.url)).json()
      expect(await visitPlain()).toEqual([1, '1', 1])
      expect(redis.control.requests).toBe(3)
      expect(await visitPlain()).toEqual([2, '2', 2])
      expect(redis.control.requests).toBe(4)
    } finally {
      await plain.stop()
    }
  })
})
