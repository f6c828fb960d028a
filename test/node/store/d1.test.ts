import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type D1Database, d1Statements, d1Store } from '../../../src/store/d1.ts'
import { sessionContract } from '../../../src/testing/index.ts'
import type { SecurityEvent } from '../../../src/types.ts'
import { everythingIn, failureOf } from '../../redis/support.ts'
import { outagePromises } from '../../session/outage-promises.ts'
import { type ObjectBridge, startObjects, type TestObjects } from '../../support/objects.ts'
import { createD1, type TestD1 } from './d1-support.ts'
import { secrecyPromises } from './secrecy-promises.ts'
import { noon } from './support.ts'

const tools = { describe, it, expect }
const nativeTimeout = setTimeout
const row = {
  ...{ key: 'KEY', index: 'USER', record: 'RECORD', end: noon + 9e6 },
  ...{ now: noon, idle: 9e5, write: 'W1' },
}
const at = { now: noon, idle: 9e5, slice: 9e4 }

/** A database whose every batch this function answers. */
function createDatabase(batch: () => Promise<never>): D1Database {
  const statement = { bind: () => statement }
  return { withSession: () => ({ prepare: () => statement, batch }) }
}

describe('d1Store in a real workerd', () => {
  let objects: TestObjects
  let bridge: ObjectBridge
  let server: TestD1
  beforeAll(async () => {
    objects = await startObjects()
    bridge = await objects.bridge()
    server = createD1(bridge)
  })
  afterAll(() => objects.stop())

  describe('with whole sessions', () => {
    sessionContract(tools, async () => ({ store: await server.create() }))
  })

  describe('that fails', () => {
    outagePromises(() => server.create())
  })

  describe('and whoever reads it', () => {
    secrecyPromises(
      () => server.create(),
      () => server.dump(),
    )
  })

  it('needs one batch for each verb, at the primary', async () => {
    const asked: Array<[constraint: string, statements: number]> = []
    const database: D1Database = {
      withSession(constraint) {
        const session = bridge.database.withSession(constraint)
        return {
          prepare: (text) => session.prepare(text),
          batch(statements) {
            asked.push([constraint, statements.length])
            return session.batch(statements)
          },
        }
      },
    }
    const store = await server.create({ database })
    asked.length = 0
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
    expect(asked.map(([constraint]) => constraint)).toEqual(Array(9).fill('first-primary'))
  })

  it('writes once where the answer was lost and the batch is sent again', async () => {
    let lost = 0
    const database: D1Database = {
      withSession(constraint) {
        const session = bridge.database.withSession(constraint)
        return {
          prepare: (text) => session.prepare(text),
          async batch(statements) {
            const answers = await session.batch(statements)
            if (lost-- > 0) throw new Error('D1_ERROR: Network connection lost.')
            return answers
          },
        }
      },
    }
    const store = await server.create({ database })
    lost = 1
    expect(await store.create(row, {})).toEqual({ is: 'ok' })
    lost = 1
    const second = { ...row, record: 'b', write: 'W2' }
    expect(await store.replace(second, '1', {})).toEqual({ is: 'ok', version: '2' })
    lost = 1
    const next = { ...row, key: 'NEXT', write: 'W3' }
    expect(await store.rotate(row, next, { ifVersion: '2', grace: 6e4 }, {})).toEqual({ is: 'ok' })
    expect(await store.read(next, at, {})).toMatchObject({ version: '1', record: 'RECORD' })
    expect(await store.readReplaced?.(row, {})).toMatchObject({ version: '2', record: 'b' })
  })

  it('ends a session once among a hundred logouts at the same time', async () => {
    const store = await server.create()
    await store.create(row, {})
    const ends = await Promise.all(Array.from({ length: 100 }, () => store.end(row, 6e4, {})))
    expect(ends.filter(Boolean)).toHaveLength(1)
  })

  it('keeps sessions over a restart', async () => {
    const store = await server.create()
    await store.create(row, {})
    await objects.restart()
    bridge = await objects.bridge()
    const again = d1Store({ database: bridge.database, prefix: server.prefix(), timeoutMs: 20_000 })
    expect(await again.read(row, at, {})).toMatchObject({ is: 'found', record: 'RECORD' })
    server = createD1(bridge, 'r')
  })

  it('forgets what is past its time, by cleanUp', async () => {
    const store = await server.create()
    await store.create(row, {})
    await store.create({ ...row, key: 'ENDED', write: 'W2' }, {})
    await store.end({ key: 'ENDED', index: 'USER' }, 6e4, {})
    await store.endMarked?.('MARK', { life: 6e4, once: { id: 'JTI', life: 6e4 } }, {})
    expect(await store.cleanUp()).toBe(0)
    await server.elapse(61_000)
    // The mark of what ended; four ids of writes and two marks.
    expect(await store.cleanUp()).toBe(6)
    expect(await store.read(row, at, {})).toMatchObject({ is: 'found' })
    await server.elapse(9e6)
    expect(await store.cleanUp()).toBe(1)
    expect(JSON.parse(await server.dump())).toEqual([[], []])
  })

  it('can be migrated again, and keeps what is there', async () => {
    const store = await server.create()
    await store.create(row, {})
    await Promise.all([store.migrate(), store.migrate()])
    expect(await store.read(row, at, {})).toMatchObject({ is: 'found' })
  })

  it('says that the tables are missing, and how to make them', async () => {
    const events: SecurityEvent[] = []
    const onEvent = (event: SecurityEvent): void => void events.push(event)
    const { database } = bridge
    const store = d1Store({ database, prefix: 'nowhere_', timeoutMs: 20_000, onEvent })
    await expect(store.create(row, {})).rejects.toMatchObject({
      code: 'ERR_STORE_REFUSED',
      reason: 'not-migrated',
      message: 'D1 refused the statements (not-migrated); run migrate() of the store once',
    })
    expect(events).toEqual([{ type: 'store-refused', reason: 'not-migrated', subject: 'create' }])
  })

  // Messages as D1 gives them.
  // @see https://developers.cloudflare.com/d1/observability/debug-d1/
  it.each<[title: string, batch: () => Promise<never>, code: string, reason: string]>([
    ['hangs', () => new Promise(() => {}), 'ERR_STORE_UNAVAILABLE', 'timeout'],
    [
      'cannot be reached',
      () => Promise.reject(new Error('Network connection lost. RECORD')),
      'ERR_STORE_UNAVAILABLE',
      'network',
    ],
    [
      'is overloaded',
      () => Promise.reject(new Error('D1_ERROR: D1 DB is overloaded. Requests queued RECORD')),
      'ERR_STORE_UNAVAILABLE',
      'overloaded',
    ],
    [
      'is full',
      () => Promise.reject(new Error('D1_ERROR: Exceeded maximum DB size: RECORD')),
      'ERR_STORE_REFUSED',
      'full',
    ],
    [
      'rejects a statement',
      () => Promise.reject(new Error('D1_ERROR: near "KEY": syntax error: SQLITE_ERROR')),
      'ERR_STORE_REFUSED',
      'sql-error',
    ],
    ['answers nothing', async () => undefined as never, 'ERR_STORE_REFUSED', 'strange-answer'],
    [
      'answers too little',
      async () => [{ results: [] }] as never,
      'ERR_STORE_REFUSED',
      'strange-answer',
    ],
  ])('rejects with a code and quotes nothing where D1 %s', async (_, batch, code, reason) => {
    const events: SecurityEvent[] = []
    const onEvent = (event: SecurityEvent): void => void events.push(event)
    const store = d1Store({ database: createDatabase(batch), timeoutMs: 300, onEvent })
    const failure = await failureOf(store.create(row, {}))
    expect(failure).toMatchObject({ code, reason })
    const told = everythingIn(failure) + JSON.stringify(events)
    for (const hidden of ['RECORD', 'KEY', 'USER']) expect(told).not.toContain(hidden)
    // A timeout also opens the breaker, which is an event of its own.
    expect(events.filter(({ type }) => type !== 'breaker-opened')).toHaveLength(1)
  })

  it('asks no more while D1 is away but to end a session, and again when it is back', async () => {
    let hangs = true
    let asked = 0
    const database: D1Database = {
      withSession(constraint) {
        const session = bridge.database.withSession(constraint)
        return {
          prepare: (text) => session.prepare(text),
          batch(statements) {
            asked++
            return hangs ? new Promise(() => {}) : session.batch(statements)
          },
        }
      },
    }
    const prepared = await server.create()
    await prepared.create(row, {})
    const prefix = server.prefix()
    const store = d1Store({ database, prefix, timeoutMs: 300 })
    await expect(store.read(row, at, {})).rejects.toMatchObject({ reason: 'timeout' })
    for (let times = 0; times < 20; times++)
      await expect(store.read(row, at, {})).rejects.toMatchObject({ reason: 'breaker-open' })
    expect(asked).toBe(1)
    hangs = false
    // An end is sent all the same, since a session that it does not reach lives on.
    const other = { ...row, key: 'OTHER', write: 'W9' }
    await prepared.create(other, {})
    expect(await store.end(other, 6e4, {})).toBe(true)
    await expect.poll(() => store.read(row, at, {}).catch(() => {})).toMatchObject({ is: 'found' })
  })

  it.each<[title: string, answers: unknown[]]>([
    ['no count of rows', [{ results: [] }, { results: [] }]],
    ['nothing for a statement', [{ meta: { changes: 3 } }, null]],
  ])('takes a clean-up that is answered with %s for no clean-up', async (_, answers) => {
    const store = d1Store({ database: createDatabase(async () => answers as never) })
    await expect(store.cleanUp()).rejects.toMatchObject({
      code: 'ERR_STORE_REFUSED',
      reason: 'strange-answer',
    })
  })

  it('denies no request because a clean-up takes too long', async () => {
    let hangs = true
    const clock = vi.spyOn(globalThis, 'setTimeout')
    try {
      // The time limit of a clean-up is half a minute, which nobody here waits for.
      clock.mockImplementation(((run: () => void, ms = 0) =>
        nativeTimeout(run, ms === 30_000 ? 50 : ms)) as never)
      const batch = (): Promise<never> =>
        hangs ? new Promise(() => {}) : Promise.resolve([{ results: [] }] as never)
      const store = d1Store({ database: createDatabase(batch) })
      await expect(store.cleanUp()).rejects.toMatchObject({ reason: 'timeout' })
      hangs = false
      expect(await store.list('USER', {})).toEqual([])
    } finally {
      clock.mockRestore()
    }
  })

  it('refuses a record that is too large before it is sent', async () => {
    const database = createDatabase(() => Promise.reject(new Error('sent')))
    const store = d1Store({ database, maxBytes: 2_000 })
    const large = { ...row, record: 'é'.repeat(1_001) }
    for (const refused of [
      store.create(large, {}),
      store.replace(large, '1', {}),
      store.rotate(row, large, { grace: 0 }, {}),
    ])
      await expect(refused).rejects.toMatchObject({ code: 'ERR_STORE_TOO_LARGE' })
  })
})

describe('options of d1Store', () => {
  const database = createDatabase(() => Promise.reject(new Error('asked')))
  it.each<[object | undefined, string[]]>([
    [undefined, ['d1Store', 'd1Store.database']],
    [{}, ['d1Store.database']],
    [{ database: {} }, ['d1Store.database']],
    [{ database, prefix: 'a"; DROP TABLE users' }, ['d1Store.prefix']],
    [{ database, prefix: 'sqlite_x' }, ['d1Store.prefix']],
    [{ database, timeoutMs: 5, maxPerUser: 0 }, ['d1Store.timeoutMs', 'd1Store.maxPerUser']],
    [{ database, schema: 'x' }, ['d1Store.schema']],
  ])('refuses %j, every fault', (options, faults) => {
    expect(() => d1Store(options as never)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG',
        issues: faults.map((option) => expect.objectContaining({ option })),
      }),
    )
  })

  it('that the environment lacks are a fault of the configuration, at the first request', async () => {
    const store = d1Store({ database: (c: { env: { DB?: D1Database } }) => c.env.DB })
    expect(() => store.check?.({})).toThrow('d1Store.database is not set')
    await expect(store.list('USER', { env: {} })).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })

  it('are the same for a file of statements', () => {
    expect(() => d1Statements({ prefix: 'Upper' })).toThrow('d1Statements.prefix')
    expect(d1Statements().join()).toContain('portcullis_sessions')
  })
})
