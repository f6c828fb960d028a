import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { startWorkerd, type Workerd } from '../../support/workerd.ts'

describe.skipIf(noRedis)('upstashStore in bare workerd, with a real Redis', () => {
  let server: TestRedis
  let worker: Workerd
  beforeAll(async () => {
    server = await startRedis()
    worker = await startWorkerd(
      { entry: 'test/node/store/worker.fixture.ts' },
      { bindings: { REDIS_URL: server.url, REDIS_TOKEN: server.token } },
    )
  })
  afterAll(async () => {
    await worker?.stop()
    await server.stop()
  })

  it('keeps the contract', async () => {
    const { count, failures } = (await (await fetch(worker.url)).json()) as {
      count: number
      failures: string[]
    }
    expect(failures).toEqual([])
    expect(count).toBeGreaterThan(50)
    expect(worker.stderr.join('\n')).not.toContain(server.token)
  })
})
