import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Ref, Row } from '../../../src/store/index.ts'
import type { UpstashStore } from '../../../src/store/upstash.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { elapse, noon, storeAt } from './support.ts'

const minute = 60_000
const hour = 60 * minute
const old: Ref = { key: 'OLD', index: 'USER' }
const visitor: Ref = { key: 'VISITOR' }

function row(ref: Ref, more: Partial<Row> = {}): Row {
  return {
    ...ref,
    record: 'sealed',
    end: noon + 8 * hour,
    now: noon,
    idle: hour,
    write: 'w1',
    ...more,
  }
}

describe.skipIf(noRedis)('what Redis holds', () => {
  let server: TestRedis
  let store: UpstashStore
  let context: { env: object }
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    await server.flush()
    ;({ store, context } = storeAt(server))
  })

  /** Values of all keys but write ids; each key's remaining life must be the expected one, within a second. */
  async function held(lives: Record<string, number>): Promise<Record<string, unknown>> {
    const dump = Object.fromEntries(
      Object.entries(await server.raw.dump()).filter(([key]) => !key.startsWith('portcullis:w:')),
    )
    expect(Object.keys(dump).sort()).toEqual(Object.keys(lives).sort())
    for (const [key, life] of Object.entries(lives)) {
      expect(dump[key]?.ttl, key).toBeLessThanOrEqual(life)
      expect(dump[key]?.ttl, key).toBeGreaterThan(life - 1000)
    }
    return Object.fromEntries(Object.entries(dump).map(([key, { value }]) => [key, value]))
  }

  it('after create: a row that lives for the idle limit, a list for the absolute one', async () => {
    await store.create(row(old), context)
    await store.create(row(visitor, { idle: 15 * minute, write: 'w2' }), context)
    const lives = {
      'portcullis:s:OLD': hour,
      'portcullis:s:VISITOR': 15 * minute,
      'portcullis:u:USER': 8 * hour,
    }
    expect(await held(lives)).toEqual({
      'portcullis:s:OLD': { v: '1', d: 'sealed', t: `${noon}`, x: `${noon + 8 * hour}`, w: '-' },
      'portcullis:s:VISITOR': {
        v: '1',
        d: 'sealed',
        t: `${noon}`,
        x: `${noon + 8 * hour}`,
        w: '-',
      },
      'portcullis:u:USER': { OLD: `${noon + 8 * hour}` },
    })
  })

  it('after a read that is due: the same row for the idle limit anew, and not before', async () => {
    await store.create(row(old), context)
    await elapse(server, 20 * minute)
    await store.read(old, { now: noon + 20 * minute, idle: hour, slice: 30 * minute }, context)
    await held({ 'portcullis:s:OLD': 40 * minute, 'portcullis:u:USER': 8 * hour - 20 * minute })
    await store.read(old, { now: noon + 20 * minute, idle: hour, slice: 6 * minute }, context)
    const values = await held({
      'portcullis:s:OLD': hour,
      'portcullis:u:USER': 8 * hour - 20 * minute,
    })
    expect(values['portcullis:s:OLD']).toMatchObject({
      v: '1',
      d: 'sealed',
      t: `${noon + 20 * minute}`,
      w: '-',
    })
  })

  it('near the absolute end: no row beyond it', async () => {
    await store.create(row(old, { idle: 8 * hour }), context)
    await elapse(server, 7.5 * hour)
    await store.read(old, { now: noon + 7.5 * hour, idle: 8 * hour, slice: 0 }, context)
    await held({ 'portcullis:s:OLD': 0.5 * hour, 'portcullis:u:USER': 0.5 * hour })
    await store.replace(
      row(old, { now: noon + 7.5 * hour, idle: 8 * hour, end: noon + 80 * hour }),
      '1',
      context,
    )
    await held({ 'portcullis:s:OLD': 0.5 * hour, 'portcullis:u:USER': 0.5 * hour })
  })

  it('after replace: the new record, the next version, a place for each of the last eight writes', async () => {
    await store.create(row(old), context)
    await elapse(server, 10 * minute)
    const now = noon + 10 * minute
    for (let n = 1; n <= 9; n++) {
      await store.replace(row(old, { record: `sealed ${n}`, write: `n${n}`, now }), `${n}`, context)
    }
    const values = await held({
      'portcullis:s:OLD': hour,
      'portcullis:u:USER': 8 * hour - 10 * minute,
    })
    const w = '- - - - - - - - - -'
    expect(values['portcullis:s:OLD']).toEqual({
      v: '10',
      d: 'sealed 9',
      t: `${now}`,
      x: `${noon + 8 * hour}`,
      w,
    })
  })

  it('S6: each write leaves its id, with the version it made, for a minute', async () => {
    await store.create(row(old), context)
    await elapse(server, 20_000)
    await store.replace(row(old, { write: 'w2' }), '1', context)
    const dump = await server.raw.dump()
    expect([dump['portcullis:w:OLD:w1']?.value, dump['portcullis:w:OLD:w2']?.value]).toEqual([
      '1',
      '2',
    ])
    expect(dump['portcullis:w:OLD:w1']?.ttl).toBeLessThanOrEqual(40_000)
    expect(dump['portcullis:w:OLD:w2']?.ttl).toBeGreaterThan(59_000)
    await elapse(server, minute)
    await held({
      'portcullis:s:OLD': hour - minute,
      'portcullis:u:USER': 8 * hour - minute - 20_000,
    })
  })

  it('after rotate: the new row, a mark for the grace, one member for the other', async () => {
    await store.create(row(old), context)
    const next = row({ key: 'NEW', index: 'USER' }, { end: noon + 9 * hour, write: 'w2' })
    await store.rotate(old, next, { grace: minute }, context)
    const lives = {
      'portcullis:s:OLD': minute,
      'portcullis:s:NEW': hour,
      'portcullis:u:USER': 9 * hour,
    }
    expect(await held(lives)).toEqual({
      'portcullis:s:OLD': {
        z: '1',
        pv: '1',
        pd: 'sealed',
        pt: `${noon}`,
        px: `${noon + 8 * hour}`,
        pu: 'portcullis:u:USER',
      },
      'portcullis:s:NEW': { v: '1', d: 'sealed', t: `${noon}`, x: `${noon + 9 * hour}`, w: '-' },
      'portcullis:u:USER': { NEW: `${noon + 9 * hour}` },
    })
    // To another user: the first list is empty, so it is gone.
    await store.rotate(
      next,
      row({ key: 'THIRD', index: 'EVE' }, { write: 'w3' }),
      { grace: 0 },
      context,
    )
    await held({
      'portcullis:s:OLD': minute,
      'portcullis:s:THIRD': hour,
      'portcullis:u:EVE': 8 * hour,
    })
  })

  it('after end: a mark for the grace, and no list of nothing', async () => {
    await store.create(row(old), context)
    await store.end(old, minute, context)
    expect(await held({ 'portcullis:s:OLD': minute })).toEqual({ 'portcullis:s:OLD': { z: '1' } })
    await store.end(old, 60 * minute, context)
    await store.end({ key: 'NEVER' }, minute, context)
    await held({ 'portcullis:s:OLD': minute })
  })

  it('after endAll: no list, or one of the session to keep for as long as before', async () => {
    await store.create(row(old), context)
    await store.create(row({ key: 'NEW', index: 'USER' }), context)
    await elapse(server, 10 * minute)
    const lives = { 'portcullis:s:OLD': 50 * minute, 'portcullis:s:NEW': 50 * minute }
    await store.endAll('USER', old, context)
    const values = await held({ ...lives, 'portcullis:u:USER': 8 * hour - 10 * minute })
    expect(values['portcullis:u:USER']).toEqual({ OLD: `${noon + 8 * hour}` })
    await store.endAll('USER', undefined, context)
    await held(lives)
  })

  it('a list forgets members past their end, and lasts as long as the longest', async () => {
    await store.create(row({ key: 'SHORT', index: 'USER' }, { end: noon + 5 * minute }), context)
    await store.create(row({ key: 'LONG', index: 'USER' }), context)
    await store.create(row({ key: 'MIDDLE', index: 'USER' }, { end: noon + hour }), context)
    const all = {
      SHORT: `${noon + 5 * minute}`,
      MIDDLE: `${noon + hour}`,
      LONG: `${noon + 8 * hour}`,
    }
    expect((await server.raw.dump())['portcullis:u:USER']?.value).toEqual(all)
    await elapse(server, 6 * minute)
    await store.create(row({ key: 'LATE', index: 'USER' }, { now: noon + 6 * minute }), context)
    const dump = await server.raw.dump()
    expect(Object.keys(dump['portcullis:u:USER']?.value as object)).toEqual([
      'MIDDLE',
      'LATE',
      'LONG',
    ])
    expect(dump['portcullis:u:USER']?.ttl).toBeGreaterThan(8 * hour - 6 * minute - 1000)
  })

  it('a row made after its end is gone at once, and its list with it', async () => {
    await store.create(row(old, { end: noon - 1 }), context)
    expect(await store.read(old, { now: noon, idle: hour, slice: 0 }, context)).not.toMatchObject({
      is: 'found',
    })
    await elapse(server, 5)
    await held({})
  })

  it('stores with different prefixes do not meet', async () => {
    const other = storeAt(server, { prefix: 'staging:' }).store
    await store.create(row(old), context)
    expect(await other.read(old, { now: noon, idle: hour, slice: 0 }, context)).toEqual({
      is: 'none',
    })
    await other.create(row(old), context)
    expect(Object.keys(await server.raw.dump())).toEqual([
      'portcullis:s:OLD',
      'portcullis:u:USER',
      'portcullis:w:OLD:w1',
      'staging:s:OLD',
      'staging:u:USER',
      'staging:w:OLD:w1',
    ])
  })
})
