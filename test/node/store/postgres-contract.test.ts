import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { storeContract } from '../../../src/testing/index.ts'
import { noPostgres, startPostgres, type TestPostgres } from '../../support/postgres.ts'
import { createPostgresStore, postgresUnderTest } from './postgres-support.ts'

describe.skipIf(noPostgres)('postgresStore in a real PostgreSQL', () => {
  let server: TestPostgres
  beforeAll(async () => {
    server = await startPostgres()
    await createPostgresStore(server).migrate()
    await createPostgresStore(server, { schema: 'few' }).migrate()
  })
  afterAll(() => server.stop())

  storeContract({ describe, it, expect }, () => postgresUnderTest(server))
  describe('with three sessions a user, in a schema of its own', () => {
    storeContract({ describe, it, expect }, () =>
      postgresUnderTest(server, { maxPerUser: 3, schema: 'few' }),
    )
  })
})
