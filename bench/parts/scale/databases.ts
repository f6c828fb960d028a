/** The databases whose rows are multiplied: Redis over TCP and Postgres, each behind its store, with what each counts itself. */
import { Redis } from 'ioredis'
import pg from 'pg'
import { ioredisSender, redis } from '../../../src/redis/index.ts'
import type { AtomicStore } from '../../../src/store/index.ts'
import { postgresStore } from '../../../src/store/postgres.ts'
import { upstashStore } from '../../../src/store/upstash.ts'
import { startPostgres } from '../../../test/support/postgres.ts'
import { startRedis } from '../../../test/support/redis.ts'

/** Times of rows: they were used now, and live for a day. */
export interface RowTimes {
  readonly now: number
  readonly end: number
}

/** Rows that are put into a database past its store. */
export interface BulkRows extends RowTimes {
  readonly from: number
  readonly to: number
  /** Sessions of one user. */
  readonly perUser: number
  readonly record: string
}

/** A database under measurement. */
export interface Database {
  readonly name: string
  /** The process that answers the calls of the store. */
  readonly pid: number
  readonly store: AtomicStore
  /** Adds rows `K<n>` of users `U<n / perUser>`. */
  fill(rows: BulkRows): Promise<void>
  /** Returns what was counted since the last call. */
  takeWork(): Promise<number>
  /** Bytes of everything that it holds. */
  readBytes(): Promise<number>
  stop(): Promise<void>
}

const timeoutMs = 30_000
/** As many sessions as a user may have at most. */
export const maxPerUser = 1000

/** The same row as the script `session-create` keeps, in a loop. */
const fillScript = `
for i = tonumber(ARGV[1]), tonumber(ARGV[2]) - 1 do
  local n = string.format('%d', i)
  local user = string.format('%d', math.floor(i / tonumber(ARGV[6])))
  local row, list = 'portcullis:s:K' .. n, 'portcullis:u:U' .. user
  redis.call('HSET', row, 'v', '1', 'd', ARGV[5], 't', ARGV[3], 'x', ARGV[4], 'w', '-')
  redis.call('PEXPIREAT', row, ARGV[4])
  redis.call('ZADD', list, ARGV[4], 'K' .. n)
  redis.call('PEXPIREAT', list, ARGV[4])
end`

export async function openRedisDatabase(): Promise<Database> {
  const server = await startRedis()
  const client = new Redis(server.socket)
  const call = (...command: Array<string | number>): Promise<unknown> => server.raw.call(...command)
  const store = upstashStore({
    redis: redis({ send: ioredisSender(client), timeoutMs }),
    maxPerUser,
  })

  const pid = Number(/process_id:(\d+)/.exec(`${await call('INFO', 'server')}`)?.[1])
  return {
    ...{ name: 'Redis', pid },
    store,
    async fill({ from, to, now, end, record, perUser }) {
      for (let first = from; first < to; first += 5000) {
        const next = Math.min(to, first + 5000)
        await call('EVAL', fillScript, 0, first, next, now, end, record, perUser)
      }
    },
    async takeWork() {
      const stats = `${await call('INFO', 'commandstats')}`
      await call('CONFIG', 'RESETSTAT')
      return Number(/cmdstat_evalsha:calls=\d+,usec=(\d+)/.exec(stats)?.[1] ?? 0)
    },
    async readBytes() {
      return Number(/used_memory:(\d+)/.exec(`${await call('INFO', 'memory')}`)?.[1])
    },
    async stop() {
      client.disconnect()
      await server.stop()
    },
  }
}

const indexes = ['sessions_list', 'sessions_until', 'sessions_pkey']
const blocks = `SELECT coalesce(sum(heap_blks_hit + heap_blks_read + coalesce(idx_blks_hit, 0)
  + coalesce(idx_blks_read, 0)), 0)::text AS blocks FROM pg_statio_user_tables WHERE schemaname = 'portcullis'`

export async function openPostgresDatabase(): Promise<Database> {
  const server = await startPostgres()
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  const store = postgresStore({
    query: (text, values) => client.query(text, values),
    timeoutMs,
    maxPerUser,
  })
  await store.migrate()
  // What is lost in a crash need not be written twice.
  for (const table of ['sessions', 'writes'])
    await client.query(`ALTER TABLE portcullis.${table} SET UNLOGGED`)
  const definitions = await readIndexes(client)

  async function readBlocks(): Promise<number> {
    await client.query('SELECT pg_stat_force_next_flush()')
    await client.query('SELECT 1')
    const { rows } = await client.query<{ blocks: string }>(blocks)
    return Number(rows[0]?.blocks)
  }
  let lastBlocks = await readBlocks()

  const { rows: processes } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  return {
    ...{ name: 'Postgres', pid: processes[0]?.pid ?? 0 },
    store,
    async fill({ from, to, now, end, record, perUser }) {
      // Indexes are built at the end: row by row that takes ten times as long.
      await client.query('ALTER TABLE portcullis.sessions DROP CONSTRAINT sessions_pkey')
      for (const { name } of definitions)
        await client.query(`DROP INDEX IF EXISTS portcullis.${name}`)
      await client.query(
        `INSERT INTO portcullis.sessions (key, version, record, seen, stop, list, until)
         SELECT 'K' || n, 1, $5, $3, $4, 'U' || n / $6::int, $4
         FROM generate_series($1::bigint, $2::bigint - 1) AS n`,
        [from, to, now, end, record, perUser],
      )
      await client.query('ALTER TABLE portcullis.sessions ADD PRIMARY KEY (key)')
      for (const { definition } of definitions) await client.query(definition)
      await client.query('ANALYZE portcullis.sessions')
    },
    async takeWork() {
      const before = lastBlocks
      lastBlocks = await readBlocks()
      return lastBlocks - before
    },
    async readBytes() {
      const { rows } = await client.query<{ bytes: string }>(
        `SELECT pg_total_relation_size('portcullis.sessions')::text AS bytes`,
      )
      return Number(rows[0]?.bytes)
    },
    async stop() {
      await client.end()
      await server.stop()
    },
  }
}

async function readIndexes(
  client: pg.Client,
): Promise<Array<{ readonly name: string; readonly definition: string }>> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `SELECT indexname AS name, indexdef AS definition FROM pg_indexes
     WHERE schemaname = 'portcullis' AND indexname = ANY($1) AND indexname <> 'sessions_pkey'`,
    [indexes],
  )
  return rows
}
