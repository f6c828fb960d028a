import { neon, neonConfig } from '@neondatabase/serverless'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { postgresStatements, postgresStore } from '../../../src/store/postgres.ts'
import { sessionContract } from '../../../src/testing/index.ts'
import type { SecurityEvent } from '../../../src/types.ts'
import { everythingIn, failureOf } from '../../redis/support.ts'
import { outagePromises } from '../../session/outage-promises.ts'
import { noPostgres, startPostgres, type TestPostgres } from '../../support/postgres.ts'
import { createPostgresStore, elapsePostgres } from './postgres-support.ts'
import { secrecyPromises } from './secrecy-promises.ts'
import { noon } from './support.ts'

const tools = { describe, it, expect }
const nativeTimeout = setTimeout
const row = {
  ...{ key: 'KEY', index: 'USER', record: 'RECORD', end: noon + 9e6 },
  ...{ now: noon, idle: 9e5, write: 'W1' },
}
const at = { now: noon, idle: 9e5, slice: 9e4 }

describe.skipIf(noPostgres)('postgresStore', () => {
  let server: TestPostgres
  beforeAll(async () => {
    server = await startPostgres()
    await createPostgresStore(server).migrate()
  })
  afterAll(() => server.stop())
  beforeEach(empty)

  async function empty(): Promise<void> {
    await server.pool.query('TRUNCATE portcullis.sessions, portcullis.writes, portcullis.marks')
  }
  async function dump(): Promise<string> {
    const tables = await Promise.all(
      ['sessions', 'writes', 'marks'].map(
        async (table) => (await server.pool.query(`SELECT * FROM portcullis.${table}`)).rows,
      ),
    )
    return JSON.stringify(tables)
  }

  describe('over a pool of pg', () => {
    sessionContract(tools, () => ({ store: createPostgresStore(server) }))
  })

  describe('over a client of pg for each statement, as with Hyperdrive', () => {
    sessionContract(tools, () => ({
      store: postgresStore({
        timeoutMs: 20_000,
        async query(text, values, { env }) {
          const { url } = env as { url: string }
          const client = new pg.Client({ connectionString: url })
          await client.connect()
          try {
            return await client.query(text, values)
          } finally {
            await client.end()
          }
        },
      }),
      context: { env: { url: server.url } },
    }))
  })

  // Neon's proxy answers with the text of each value and the type of each column.
  // @see @neondatabase/serverless 1.2, src/httpQuery.ts
  describe('over the HTTP driver of Neon', () => {
    beforeAll(() => {
      neonConfig.fetchFunction = async (_: string, init: { body: string }) => {
        const { query, params } = JSON.parse(init.body) as { query: string; params: string[] }
        const asText = { getTypeParser: () => (text: string) => text }
        const config = { text: query, values: params, rowMode: 'array', types: asText } as const
        const { rows, fields, command, rowCount } = await server.pool.query(config)
        const columns = fields.map(({ name, dataTypeID }) => ({ name, dataTypeID }))
        return Response.json({ command, rowCount, rows, fields: columns })
      }
    })
    const address = 'postgres://tester:none@db.example.test/postgres'
    describe.each([false, true])('with fullResults: %s', (fullResults) => {
      sessionContract(tools, () => ({
        store: postgresStore({
          query: (text, values) => neon(address, { fullResults }).query(text, values),
          timeoutMs: 20_000,
        }),
      }))
    })
  })

  describe('that fails', () => {
    outagePromises(async () => {
      await empty()
      return createPostgresStore(server)
    })
  })

  describe('and whoever reads it', () => {
    secrecyPromises(() => createPostgresStore(server), dump)
  })

  it('needs one statement for each verb', async () => {
    const statements: string[] = []
    const store = createPostgresStore(server, {
      query(text, values) {
        statements.push(text)
        return server.pool.query(text, values)
      },
    })
    const next = { ...row, key: 'NEXT', write: 'W3' }
    await store.create(row, {})
    await store.read(row, at, {})
    await store.replace({ ...row, write: 'W2' }, '1', {})
    await store.rotate(row, next, { grace: 6e4 }, {})
    await store.readReplaced?.(row, {})
    await store.list('USER', {})
    await store.endMarked?.('MARK', { life: 9e6 }, {})
    await store.endAll('USER', undefined, {})
    await store.end(next, 6e4, {})
    expect(statements.map((text) => /\.(\w+)\(/.exec(text)?.[1])).toEqual([
      'session_create',
      'session_read',
      'session_replace',
      'session_rotate',
      'session_replaced',
      'session_list',
      'session_end_marked',
      'session_end_all',
      'session_end',
    ])
  })

  it('writes once where the answer was lost and the statement is sent again', async () => {
    let lost = 1
    const store = createPostgresStore(server, {
      async query(text, values) {
        const result = await server.pool.query(text, values)
        if (lost-- > 0) throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
        return result
      },
    })
    expect(await store.create(row, {})).toEqual({ is: 'ok' })
    lost = 1
    expect(await store.replace({ ...row, record: 'b', write: 'W2' }, '1', {})).toEqual({
      is: 'ok',
      version: '2',
    })
    expect(await store.read(row, at, {})).toMatchObject({ version: '2', record: 'b' })
  })

  it('lets a hundred logins and a list that is ended at the same time not deadlock', async () => {
    const store = createPostgresStore(server, { maxPerUser: 5 })
    const logins = Array.from({ length: 100 }, (_, n) => {
      const next = { ...row, index: n % 2 ? 'USER' : 'OTHER', key: `K${n}`, write: `W${n}` }
      const old = { key: `K${n - 1}`, index: n % 2 ? 'OTHER' : 'USER' }
      return store.rotate(old, next, { grace: 6e4 }, {})
    })
    const ends = Array.from({ length: 20 }, (_, n) =>
      store.endAll(n % 2 ? 'USER' : 'OTHER', undefined, {}),
    )
    const answers = await Promise.all(logins)
    await Promise.all(ends)
    expect(answers.every(({ is }) => is === 'ok' || is === 'ended')).toBe(true)
    for (const index of ['USER', 'OTHER'])
      expect((await store.list(index, {})).length).toBeLessThanOrEqual(5)
  })

  it('forgets what is past its time, by cleanUp', async () => {
    const store = createPostgresStore(server)
    await store.create(row, {})
    await store.create({ ...row, key: 'ENDED', write: 'W2' }, {})
    await store.end({ key: 'ENDED', index: 'USER' }, 6e4, {})
    await store.endMarked?.('MARK', { life: 6e4, once: { id: 'JTI', life: 6e4 } }, {})
    expect(await store.cleanUp()).toBe(0)
    await elapsePostgres(server, 61_000)
    // The mark of what ended, and four ids of writes, and two marks.
    expect(await store.cleanUp()).toBe(4)
    expect(await store.read(row, at, {})).toMatchObject({ is: 'found' })
    await elapsePostgres(server, 9e6)
    expect(await store.cleanUp()).toBe(1)
    expect(JSON.parse(await dump())).toEqual([[], [], []])
  })

  it('can be migrated again, by whoever deploys twice, and keeps what is there', async () => {
    const store = createPostgresStore(server)
    await store.create(row, {})
    await Promise.all([store.migrate(), store.migrate()])
    expect(await store.read(row, at, {})).toMatchObject({ is: 'found' })
    // As one file, which a tool for migrations sends whole.
    await server.pool.query(postgresStatements({ schema: 'as_file' }).join(';\n'))
    const other = createPostgresStore(server, { schema: 'as_file' })
    expect(await other.create(row, {})).toEqual({ is: 'ok' })
    expect(await other.list('USER', {})).toHaveLength(1)
  })

  // A keyword is no name without quotes, and without them `Shop` and `shop` are one schema.
  it.each(['user', 'select', 'Shop', '_', 'x'.repeat(63)])(
    'keeps sessions in a schema called %s',
    async (schema) => {
      const store = createPostgresStore(server, { schema })
      await store.migrate()
      await store.migrate()
      expect(await store.create(row, {})).toEqual({ is: 'ok' })
      const next = { ...row, key: 'NEXT', write: 'W2' }
      expect(await store.rotate(row, next, { ifVersion: '1', grace: 6e4 }, {})).toEqual({
        is: 'ok',
      })
      expect(await store.list('USER', {})).toHaveLength(1)
      expect(await store.cleanUp()).toBe(0)
      const { rows } = await server.pool.query(
        'SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = $1',
        [schema],
      )
      expect(rows[0]).toEqual({ n: 3 })
    },
  )

  it('does not take a schema for another one that differs in a capital', async () => {
    const [small, capital] = ['twin', 'Twin'].map((schema) =>
      createPostgresStore(server, { schema }),
    )
    for (const store of [small, capital]) await store?.migrate()
    await small?.create(row, {})
    expect(await capital?.list('USER', {})).toEqual([])
    await server.pool.query(postgresStatements({ schema: 'Twin' }).join(';\n'))
  })

  it('still serves a version of before, whose functions it leaves where they are', async () => {
    const { rows } = await server.pool.query(`SELECT proname FROM pg_proc
      WHERE pronamespace = 'portcullis'::regnamespace AND proname LIKE 'session_end%'`)
    expect(rows).toHaveLength(3)
    const old = `CREATE OR REPLACE FUNCTION portcullis.session_end(p_key text, p_list text, p_grace bigint)
      RETURNS text LANGUAGE sql AS 'SELECT ''["0"]'''`
    await server.pool.query(old)
    try {
      const store = createPostgresStore(server)
      await store.migrate()
      await store.create(row, {})
      const text = 'SELECT portcullis.session_end($1, $2, $3) AS reply'
      const reply = await server.pool.query(text, ['KEY', 'USER', '60000'])
      expect(reply.rows).toEqual([{ reply: '["0"]' }])
      expect(await store.end(row, 6e4, {})).toBe(true)
    } finally {
      await server.pool.query('DROP FUNCTION portcullis.session_end(text, text, bigint)')
    }
  })

  // Several regions, or several pods, that each migrate when they start.
  it('is made once where eight deployments migrate an empty database at the same time', async () => {
    for (const schema of ['together1', 'together2', 'together3']) {
      const stores = Array.from({ length: 8 }, () => createPostgresStore(server, { schema }))
      await Promise.all(stores.map((store) => store.migrate()))
      expect(await stores[0]?.create(row, {})).toEqual({ is: 'ok' })
    }
  })

  it('finds what is past its time by an index, however many sessions live', async () => {
    const store = createPostgresStore(server)
    await server.pool.query(`INSERT INTO portcullis.sessions (key, version, until)
      SELECT 'live ' || n, 1, 9e15 FROM generate_series(1, 20000) AS n`)
    await server.pool.query('ANALYZE portcullis.sessions')
    const countScans = async (): Promise<unknown> => {
      const { rows } = await server.pool.query(`SELECT idx_scan::int AS n
        FROM pg_stat_user_indexes WHERE indexrelname = 'sessions_until' AND schemaname = 'portcullis'`)
      return rows[0]?.n
    }
    const before = Number(await countScans())
    expect(await store.cleanUp()).toBe(0)
    // Statistics of a connection are visible within a second.
    await expect.poll(countScans, { timeout: 20_000 }).toBeGreaterThan(before)
  })

  it('denies no request because a clean-up takes too long', async () => {
    let hangs = true
    const clock = vi.spyOn(globalThis, 'setTimeout')
    try {
      // The time limit of a clean-up is half a minute, which nobody here waits for.
      clock.mockImplementation(((run: () => void, ms = 0) =>
        nativeTimeout(run, ms === 30_000 ? 50 : ms)) as never)
      const store = createPostgresStore(server, {
        query: (text, values) => (hangs ? new Promise(() => {}) : server.pool.query(text, values)),
      })
      await expect(store.cleanUp()).rejects.toMatchObject({ reason: 'timeout' })
      hangs = false
      expect(await store.create(row, {})).toEqual({ is: 'ok' })
    } finally {
      clock.mockRestore()
    }
  })

  it('accepts a driver that returns each row as a list', async () => {
    const store = createPostgresStore(server, {
      query: (text, values) => server.pool.query({ text, values, rowMode: 'array' }),
    })
    expect(await store.create(row, {})).toEqual({ is: 'ok' })
    expect(await store.list('USER', {})).toMatchObject([{ record: 'RECORD', version: '1' }])
  })

  // Node's code for a write to a socket that the server has closed. It looks like a SQLSTATE.
  it('tries again where the connection was closed before the statement left', async () => {
    let failures = 1
    const store = createPostgresStore(server, {
      query(text, values) {
        if (failures-- > 0)
          return Promise.reject(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
        return server.pool.query(text, values)
      },
    })
    expect(await store.create(row, {})).toEqual({ is: 'ok' })
  })

  it('says that the schema is missing, and how to make it', async () => {
    const events: SecurityEvent[] = []
    const onEvent = (event: SecurityEvent): void => void events.push(event)
    const store = createPostgresStore(server, { schema: 'nowhere', onEvent })
    await expect(store.create(row, {})).rejects.toMatchObject({
      code: 'ERR_STORE_REFUSED',
      reason: 'not-migrated',
      message: 'Postgres refused the statement (not-migrated); run migrate() of the store once',
    })
    expect(events).toEqual([
      { type: 'store-refused', reason: 'not-migrated', subject: 'session_create' },
    ])
  })

  const driverError = (code: string): Error =>
    Object.assign(new Error('duplicate key KEY RECORD password=hunter2'), {
      code,
      detail: 'Key (key)=(KEY) RECORD',
    })
  it.each<[title: string, query: () => Promise<unknown>, code: string, reason: string]>([
    ['hangs', () => new Promise(() => {}), 'ERR_STORE_UNAVAILABLE', 'timeout'],
    [
      'refuses connections',
      () => Promise.reject(driverError('ECONNREFUSED')),
      'ERR_STORE_UNAVAILABLE',
      'network',
    ],
    [
      'has no connection left',
      () => Promise.reject(driverError('53300')),
      'ERR_STORE_UNAVAILABLE',
      'sql-53300',
    ],
    [
      'is shutting down',
      () => Promise.reject(driverError('57P01')),
      'ERR_STORE_UNAVAILABLE',
      'sql-57p01',
    ],
    [
      'refuses the password',
      () => Promise.reject(driverError('28P01')),
      'ERR_STORE_REFUSED',
      'unauthorized',
    ],
    [
      'refuses the user',
      () => Promise.reject(driverError('42501')),
      'ERR_STORE_REFUSED',
      'no-permission',
    ],
    ['is a replica', () => Promise.reject(driverError('25006')), 'ERR_STORE_REFUSED', 'read-only'],
    [
      'conflicts for ever',
      () => Promise.reject(driverError('40001')),
      'ERR_STORE_UNAVAILABLE',
      'conflict',
    ],
    [
      'throws at once',
      () => {
        throw new Error('RECORD')
      },
      'ERR_STORE_UNAVAILABLE',
      'network',
    ],
    ['answers nothing', async () => undefined, 'ERR_STORE_REFUSED', 'strange-answer'],
    ['answers no row', async () => [], 'ERR_STORE_REFUSED', 'strange-answer'],
    [
      'answers another row',
      async () => ({ rows: [{ other: 'x' }] }),
      'ERR_STORE_REFUSED',
      'strange-answer',
    ],
    ['answers no JSON', async () => [{ reply: 'ok' }], 'ERR_STORE_REFUSED', 'strange-answer'],
  ])('rejects with a code and quotes nothing where Postgres %s', async (_, query, code, reason) => {
    const events: SecurityEvent[] = []
    const onEvent = (event: SecurityEvent): void => void events.push(event)
    const store = postgresStore({ query, timeoutMs: 700, onEvent })
    const failure = await failureOf(store.create(row, {}))
    expect(failure).toMatchObject({ code, reason })
    const told = everythingIn(failure) + JSON.stringify(events)
    for (const hidden of ['RECORD', 'KEY', 'hunter2']) expect(told).not.toContain(hidden)
    // A timeout also opens the breaker, which is an event of its own.
    expect(events.filter(({ type }) => type !== 'breaker-opened')).toHaveLength(1)
  })

  it('sends an end of sessions even while Postgres counts as away', async () => {
    let hangs = true
    const store = createPostgresStore(server, {
      timeoutMs: 700,
      query: (text, values) => (hangs ? new Promise(() => {}) : server.pool.query(text, values)),
    })
    await createPostgresStore(server).create(row, {})
    await expect(store.read(row, at, {})).rejects.toMatchObject({ reason: 'timeout' })
    await expect(store.read(row, at, {})).rejects.toMatchObject({ reason: 'breaker-open' })
    hangs = false
    expect(await store.end(row, 6e4, {})).toBe(true)
    expect(await store.read(row, at, {})).toEqual({ is: 'ended' })
  })

  it('refuses a record that is too large before it is sent', async () => {
    const store = postgresStore({ query: () => Promise.reject(new Error('sent')), maxBytes: 2_000 })
    const large = { ...row, record: 'é'.repeat(1_001) }
    for (const refused of [
      store.create(large, {}),
      store.replace(large, '1', {}),
      store.rotate(row, large, { grace: 0 }, {}),
    ])
      await expect(refused).rejects.toMatchObject({ code: 'ERR_STORE_TOO_LARGE' })
  })
})

describe('options of postgresStore', () => {
  const query = async (): Promise<unknown> => []
  it.each<[object | undefined, string[]]>([
    [undefined, ['postgresStore', 'postgresStore.query']],
    [{}, ['postgresStore.query']],
    [{ query: 'SELECT 1' }, ['postgresStore.query']],
    [{ query: query.bind(undefined) }, ['postgresStore.query']],
    [{ query, schema: 'a"; DROP TABLE users' }, ['postgresStore.schema']],
    [{ query, schema: 'my-app' }, ['postgresStore.schema']],
    [{ query, schema: '1st' }, ['postgresStore.schema']],
    [{ query, schema: 'schéma' }, ['postgresStore.schema']],
    [{ query, schema: 'x'.repeat(64) }, ['postgresStore.schema']],
    [{ query, schema: 'information_schema' }, ['postgresStore.schema']],
    [{ query, schema: 'pg_catalog' }, ['postgresStore.schema']],
    [
      { query, timeoutMs: 5, maxPerUser: 0 },
      ['postgresStore.timeoutMs', 'postgresStore.maxPerUser'],
    ],
    [{ query, scheme: 'x' }, ['postgresStore.scheme']],
  ])('refuses %j, every fault at once', (options, faults) => {
    expect(() => postgresStore(options as never)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG',
        faults: faults.map((option) => expect.objectContaining({ option })),
      }),
    )
  })

  it('are the same for a file of statements', () => {
    expect(() => postgresStatements({ schema: 'my-app' })).toThrow('postgresStatements.schema')
    expect(postgresStatements().join()).toContain('"portcullis".session_rotate')
  })
})
