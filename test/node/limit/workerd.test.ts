import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { startWorkerd, type Workerd } from '../../support/workerd.ts'
import { secret } from './support.ts'

describe.skipIf(noRedis)('limits in bare workerd, with a real Redis', () => {
  let server: TestRedis
  let worker: Workerd
  beforeAll(async () => {
    server = await startRedis()
    worker = await startWorkerd(
      { entry: 'test/node/limit/worker.fixture.ts' },
      { bindings: { REDIS_URL: server.url, REDIS_TOKEN: server.token, SECRET: secret } },
    )
  })
  afterAll(async () => {
    await worker?.stop()
    await server.stop()
  })
  beforeEach(() => server.flush({ keepScripts: true }))

  const ask = (address: string): Promise<Response> =>
    fetch(worker.url, { headers: { 'CF-Connecting-IP': address } })

  it('session and two limits are two requests to Redis, cold, and one, warm', async () => {
    await server.flush()
    expect((await ask('203.0.113.9')).status).toBe(200)
    expect(server.control.requests).toBe(2)
    server.control.reset()
    const response = await ask('203.0.113.9')
    expect(await response.text()).toBe('none')
    expect(response.headers.get('RateLimit-Policy')).toBe(
      '"exact";q=3;w=3600, "sliding";q=100;w=3600',
    )
    expect(response.headers.get('RateLimit')).toMatch(/^"exact";r=1;t=3600, "sliding";r=98;t=\d+$/)
    expect(server.control.verbs).toEqual([['EVALSHA', 'EVALSHA', 'EVALSHA']])
  })

  it('fifty at once are one request each, and the limit holds', async () => {
    await ask('198.51.100.1')
    server.control.reset()
    const responses = await Promise.all(Array.from({ length: 50 }, () => ask('2001:db8::1')))
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(3)
    expect(responses.filter(({ status }) => status === 429)).toHaveLength(47)
    expect(server.control.requests).toBeLessThanOrEqual(50)
  })

  it('exactLimiter keeps the contract', async () => {
    const answer = await (await fetch(`${worker.url}/contract`)).json()
    expect(answer).toMatchObject({ failures: [] })
    expect((answer as { count: number }).count).toBeGreaterThan(15)
    expect(worker.stderr.join('\n')).not.toContain(server.token)
  })
})
