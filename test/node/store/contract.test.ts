import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { storeContract } from '../../../src/testing/index.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { underTest } from './support.ts'

describe.skipIf(noRedis)('upstashStore in a real Redis', () => {
  let server: TestRedis
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  storeContract({ describe, it, expect }, () => underTest(server))
  describe('with three sessions a user', () => {
    storeContract({ describe, it, expect }, () =>
      underTest(server, { maxPerUser: 3, prefix: 'other:' }),
    )
  })
})
