/** Whether rows of a Durable Object expire in the end, whatever becomes of its alarm. */
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ObjectState, PortcullisObject } from '../../../src/durable-object/index.ts'
import { startObjects } from '../../support/objects.ts'
import { noon } from './support.ts'

const minute = 60_000
const row = {
  ...{ key: 'KEY', record: 'RECORD', end: noon + 30 * minute },
  ...{ now: noon, idle: 10 * minute, write: 'W1' },
}
/** A rotation whose new row has no idle limit: its second statement fails, after the first has said when its row ends. */
const failing = ['rotate', { key: 'OLD' }, { ...row, idle: undefined }, { grace: minute }, 100]

/**
 * Storage of an object on SQLite. Its alarm is a row of the same database, so a transaction that is rolled back takes it
 * along, and `deleteAll` deletes it.
 *
 * @see workerd 2026-09, src/workerd/io/actor-sqlite.c++, `setAlarm`, and src/workerd/util/sqlite-metadata.c++
 */
class Storage {
  readonly #db = new DatabaseSync(':memory:')
  /** Calls of `setAlarm` that reject, from now on. */
  rejects = 0
  alarm: number | null = null

  readonly sql = {
    exec: (query: string, ...bindings: Array<string | number | null>) => {
      const rows = this.#db.prepare(query).all(...bindings) as Array<Record<string, unknown>>
      return { toArray: () => rows }
    },
  }

  transactionSync<T>(body: () => T): T {
    const { alarm } = this
    this.#db.exec('SAVEPOINT sync')
    try {
      return body()
    } catch (error) {
      this.#db.exec('ROLLBACK TO sync')
      this.alarm = alarm
      throw error
    } finally {
      this.#db.exec('RELEASE sync')
    }
  }

  async getAlarm(): Promise<number | null> {
    return this.alarm
  }

  async setAlarm(at: number): Promise<void> {
    if (this.rejects-- > 0) throw new Error('the alarm could not be set')
    this.alarm = at
  }

  async deleteAll(): Promise<void> {
    const tables = this.sql.exec("SELECT name FROM sqlite_master WHERE type = 'table'").toArray()
    for (const { name } of tables) this.#db.exec(`DROP TABLE ${name}`)
    this.alarm = null
  }

  /** How many rows and tables are left. */
  count(): { readonly rows: number; readonly tables: number } {
    const tables = this.sql.exec("SELECT name FROM sqlite_master WHERE type = 'table'").toArray()
    const counts = tables.map(({ name }) => this.sql.exec(`SELECT 1 FROM ${name}`).toArray().length)
    return { rows: counts.reduce((sum, count) => sum + count, 0), tables: tables.length }
  }
}

describe('the alarm of an object', () => {
  let storage: Storage
  let object: PortcullisObject
  const unhandled: unknown[] = []
  const note = (reason: unknown): void => void unhandled.push(reason)
  beforeEach(() => {
    vi.useFakeTimers({ now: noon, toFake: ['Date'] })
    process.on('unhandledRejection', note)
    unhandled.length = 0
    storage = new Storage()
    object = start()
  })
  afterEach(async () => {
    vi.useRealTimers()
    await new Promise((done) => setTimeout(done))
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })

  /** Makes an instance over the storage, as the platform does after an eviction. */
  function start(): PortcullisObject {
    const state = { storage, blockConcurrencyWhile: (body: () => Promise<unknown>) => body() }
    return new PortcullisObject(state as unknown as ObjectState)
  }

  async function call(verb: string, ...args: unknown[]): Promise<unknown> {
    const body = JSON.stringify([verb, ...args])
    const response = await object.fetch(new Request('https://o.test/', { method: 'POST', body }))
    return response.json()
  }

  /** Lets the platform call `alarm()` whenever it is time, for so long. */
  async function pass(ms: number): Promise<void> {
    const until = Date.now() + ms
    while (storage.alarm !== null && storage.alarm <= until) {
      vi.setSystemTime(Math.max(Date.now(), storage.alarm))
      storage.alarm = null
      await object.alarm()
    }
    vi.setSystemTime(until)
  }

  const nothing = { rows: 0, tables: 0 }

  it('deletes what is past its time, and the object with the last row', async () => {
    expect(await call('create', row, 100)).toEqual({ is: 'ok' })
    await pass(9 * minute)
    expect(storage.count().rows).toBe(1)
    await pass(3 * minute)
    expect(storage.count()).toEqual(nothing)
  })

  it('is set by the next verb where the transaction that wished it was rolled back', async () => {
    await expect(call('rotate', ...failing.slice(1))).rejects.toThrow('NOT NULL')
    expect([storage.alarm, storage.count().rows]).toEqual([null, 0])
    expect(await call('create', row, 100)).toEqual({ is: 'ok' })
    await pass(20 * minute)
    expect(storage.count()).toEqual(nothing)
  })

  it('that could not be set fails the request, and is set when the request is sent again', async () => {
    storage.rejects = 1
    await expect(call('create', row, 100)).rejects.toThrow('could not be set')
    expect(await call('create', row, 100)).toEqual({ is: 'ok' })
    expect(storage.alarm).not.toBe(null)
    await pass(20 * minute)
    expect(storage.count()).toEqual(nothing)
  })

  it('that could not be set is set by any later verb, also in another instance', async () => {
    for (const restart of [false, true]) {
      storage.rejects = 1
      await expect(call('create', row, 100)).rejects.toThrow('could not be set')
      if (restart) object = start()
      await call('read', { key: 'OTHER' }, { now: Date.now(), idle: minute, slice: 0 }, false)
      await pass(20 * minute)
      expect(storage.count()).toEqual(nothing)
    }
  })

  it('that was deleted is set again by a verb after its time', async () => {
    await call('create', row, 100)
    storage.alarm = null
    await pass(20 * minute)
    expect(storage.count().rows).toBeGreaterThan(0)
    await call('read', { key: 'OTHER' }, { now: Date.now(), idle: minute, slice: 0 }, false)
    await pass(minute)
    expect(storage.count()).toEqual(nothing)
  })

  it('that fails for good is set again by the next verb', async () => {
    await call('create', row, 100)
    await pass(9 * minute)
    const { exec } = storage.sql
    storage.sql.exec = () => {
      throw new Error('the disk is gone')
    }
    storage.alarm = null
    await expect(object.alarm()).rejects.toThrow('the disk is gone')
    storage.sql.exec = exec
    await call('read', { key: 'OTHER' }, { now: Date.now(), idle: minute, slice: 0 }, false)
    await pass(20 * minute)
    expect(storage.count()).toEqual(nothing)
  })

  it('comes once a minute at most, however many rows end', async () => {
    let alarms = 0
    const alarm = object.alarm.bind(object)
    object.alarm = () => {
      alarms++
      return alarm()
    }
    for (let n = 0; n < 50; n++) {
      const idle = minute + n * 2_000
      await call('create', { ...row, key: `KEY ${n}`, write: `W${n}`, idle }, 100)
    }
    await pass(10 * minute)
    expect(storage.count()).toEqual(nothing)
    expect(alarms).toBeLessThanOrEqual(4)
  })
})

describe('the alarm of an object in a real workerd', () => {
  it('is there after a verb that failed before, and after it was lost', async () => {
    const objects = await startObjects()
    try {
      const { namespace } = objects
      const send = (call: unknown[]): Promise<Response> =>
        namespace.get(namespace.idFromName('ALARM') as never).fetch('', {
          method: 'POST',
          body: JSON.stringify(call),
        }) as Promise<Response>
      const create = async (): Promise<unknown> => (await send(['create', row, 100])).json()
      const isFailed = await send(failing).then(
        ({ ok }) => !ok,
        () => true,
      )
      expect(isFailed).toBe(true)
      expect(await objects.alarms()).toEqual([null])

      expect(await create()).toEqual({ is: 'ok' })
      expect(await objects.alarms()).toEqual([expect.any(Number)])

      await objects.loseAlarms()
      expect(await objects.alarms()).toEqual([null])
      await objects.restart()
      expect(await create()).toEqual({ is: 'ok' })
      expect(await objects.alarms()).toEqual([expect.any(Number)])
    } finally {
      await objects.stop()
    }
  })
})
