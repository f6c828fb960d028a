/** A store in a real PostgreSQL whose time the tests move. */
import type { PostgresStoreOptions } from '../../../src/store/postgres.ts'
import { type PostgresStore, postgresStore } from '../../../src/store/postgres.ts'
import type { StoreUnderTest } from '../../../src/testing/index.ts'
import type { TestPostgres } from '../../support/postgres.ts'
import { noon } from './support.ts'

/** A store over `pg`, as a Node process makes it. */
export function createPostgresStore(
  server: TestPostgres,
  options: Partial<PostgresStoreOptions> = {},
): PostgresStore {
  return postgresStore({
    query: (text, values) => server.pool.query(text, values),
    timeoutMs: 20_000,
    ...options,
  })
}

/** Lets time pass for what Postgres holds: every expiry comes nearer. */
export async function elapsePostgres(
  server: TestPostgres,
  ms: number,
  schema = 'portcullis',
): Promise<void> {
  for (const table of ['sessions', 'writes', 'marks'])
    await server.pool.query(`UPDATE ${schema}.${table} SET until = until - $1`, [ms])
}

/** For the contract: time stands still for the caller, and passes where a test says so. */
export function postgresUnderTest(
  server: TestPostgres,
  options: Partial<PostgresStoreOptions> = {},
): StoreUnderTest {
  let now = noon
  return {
    store: createPostgresStore(server, options),
    now: () => now,
    async elapse(ms): Promise<void> {
      now += ms
      await elapsePostgres(server, ms, options.schema)
    },
    ...(options.maxPerUser !== undefined && { maxPerUser: options.maxPerUser }),
  }
}
