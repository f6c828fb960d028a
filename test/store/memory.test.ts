import { describe, expect, it } from 'vitest'
import { type AtomicStore, memoryStore, type Ref, type Row } from '../../src/store/index.ts'
import { storeContract } from '../../src/testing/index.ts'
import { memoryAt, noon } from './support.ts'

const minute = 60_000
const row = (key: string, more: Partial<Row> = {}): Row => ({
  ...{
    key,
    record: key,
    end: noon + 480 * minute,
    now: noon,
    idle: 60 * minute,
    write: `write ${key}`,
    ...more,
  },
})
const standing = async (store: AtomicStore, ref: Ref, now = noon): Promise<string> =>
  (await store.read(ref, { now, idle: 60 * minute, slice: 0 }, {})).is

describe('memoryStore', () => {
  storeContract({ describe, it, expect }, () => memoryAt())
  describe('with three sessions a user', () => {
    storeContract({ describe, it, expect }, () => memoryAt({ maxPerUser: 3 }))
  })
})

describe('memoryStore when it is full', () => {
  it('forgets what expired before what lives', async () => {
    const { store, elapse } = memoryAt({ maxEntries: 3 })
    await store.create(row('old'), {})
    await store.create(row('short', { idle: minute }), {})
    await store.create(row('young'), {})
    await elapse(2 * minute)
    await store.create(row('new'), {})
    for (const key of ['old', 'young', 'new']) expect(await standing(store, { key })).toBe('found')
    expect(await standing(store, { key: 'short' })).toBe('none')
    // And again: what expires next was noted when it was looked for.
    await store.end({ key: 'old' }, minute, {})
    await elapse(2 * minute)
    await store.create(row('newer'), {})
    for (const key of ['young', 'new', 'newer'])
      expect(await standing(store, { key })).toBe('found')
  })

  it('looks again for what expires, each time it is full', async () => {
    const { store, elapse } = memoryAt({ maxEntries: 3 })
    await store.create(row('one'), {})
    for (const [key, idle] of [
      ['two', minute],
      ['three', 3 * minute],
    ] as const) {
      await store.create(row(key, { idle }), {})
    }
    for (const key of ['four', 'five']) {
      await elapse(2 * minute)
      await store.create(row(key), {})
    }
    for (const key of ['one', 'four', 'five']) expect(await standing(store, { key })).toBe('found')
  })

  it('forgets what was not used for longest, and takes it off its list', async () => {
    const { store } = memoryAt({ maxEntries: 3 })
    for (const key of ['one', 'two', 'three']) await store.create(row(key, { index: 'user' }), {})
    await standing(store, { key: 'one', index: 'user' })
    await store.create(row('four', { index: 'user' }), {})
    expect(await standing(store, { key: 'two', index: 'user' })).toBe('none')
    expect((await store.list('user', {})).map(({ record }) => record).sort()).toEqual([
      'four',
      'one',
      'three',
    ])
    expect(await store.endAll('user', undefined, {})).toBe(3)
  })

  it('remembers the id of a write for a minute, however many others there are, and then forgets it', async () => {
    const { store, elapse } = memoryAt()
    await store.create(row('key', { write: 'w0' }), {})
    for (let n = 1; n <= 50; n++) await store.replace(row('key', { write: `w${n}` }), `${n}`, {})
    await elapse(minute - 1)
    expect(await store.replace(row('key', { write: 'w1' }), '1', {})).toEqual({
      is: 'ok',
      version: '2',
    })
    expect(await store.create(row('key', { write: 'w0' }), {})).toEqual({ is: 'ok' })
    await elapse(1)
    expect(await store.create(row('key', { write: 'w0' }), {})).toEqual({ is: 'taken' })
    expect((await store.replace(row('key', { write: 'w1' }), '1', {})).is).toEqual('conflict')
  })

  it('stays within its bound whatever is done, marks of ended sessions among it', async () => {
    const { store } = memoryAt({ maxEntries: 10 })
    for (let n = 0; n < 50; n++) {
      await store.create(row(`a ${n}`, { index: `user ${n}` }), {})
      await store.rotate(
        { key: `a ${n}` },
        row(`b ${n}`, { index: `user ${n}` }),
        { grace: minute },
        {},
      )
      if (n % 3 === 0) await store.end({ key: `b ${n}`, index: `user ${n}` }, minute, {})
    }
    let [rows, marks] = [0, 0]
    for (let n = 0; n < 50; n++) {
      for (const key of [`a ${n}`, `b ${n}`]) {
        const is = await standing(store, { key })
        if (is === 'found') rows++
        if (is === 'ended') marks++
      }
    }
    expect(rows + marks).toBe(10)
    expect(rows).toBeGreaterThan(0)
  })

  it('holds one entry where there is room for one', async () => {
    const { store } = memoryAt({ maxEntries: 1 })
    await store.create(row('one'), {})
    expect(await store.rotate({ key: 'one' }, row('two'), { grace: minute }, {})).toEqual({
      is: 'ok',
    })
    expect(await standing(store, { key: 'two' })).toBe('found')
    expect(await standing(store, { key: 'one' })).toBe('none')
  })
})

describe('memoryStore and its callers', () => {
  it('share no object', async () => {
    const { store } = memoryAt()
    const given = row('key') as { -readonly [K in keyof Row]: Row[K] }
    await store.create(given, {})
    Object.assign(given, { record: 'changed', end: 0 })
    const at = { now: noon, idle: 60 * minute, slice: 0 }
    const seen = await store.read({ key: 'key' }, at, {})
    const expected = {
      is: 'found',
      version: '1',
      record: 'key',
      seen: noon,
      end: noon + 480 * minute,
    }
    expect(seen).toEqual(expected)
    Object.assign(seen, { record: 'changed' })
    expect(await store.read({ key: 'key' }, at, {})).toEqual(expected)
  })

  it('two stores know nothing of each other, as two isolates do not', async () => {
    const [one, two] = [memoryStore(), memoryStore()]
    const now = Date.now()
    await one.create(row('key', { now, end: now + minute }), {})
    expect(await standing(one, { key: 'key' }, now)).toBe('found')
    expect(await standing(two, { key: 'key' }, now)).toBe('none')
  })

  it('refuses a record of more than 32,768 bytes, or of what it is told', async () => {
    const refused = { code: 'ERR_STORE_TOO_LARGE' }
    for (const [options, most] of [
      [{}, 32_768],
      [{ maxBytes: 1_024 }, 1_024],
    ] as const) {
      const { store } = memoryAt(options)
      const [fits, large] = ['a'.repeat(most), 'a'.repeat(most + 1)]
      for (const record of [large, 'é'.repeat(most / 2 + 1)]) {
        await expect(store.create(row('key', { record }), {})).rejects.toMatchObject(refused)
      }
      expect(await store.create(row('key', { record: fits }), {})).toEqual({ is: 'ok' })
      await expect(
        store.replace(row('key', { record: large, write: 'w' }), '1', {}),
      ).rejects.toMatchObject(refused)
      const next = row('next', { record: large })
      await expect(store.rotate({ key: 'key' }, next, { grace: 0 }, {})).rejects.toMatchObject(
        refused,
      )
      expect(await standing(store, { key: 'key' })).toBe('found')
    }
  })

  it.each<[options: unknown, faults: string[]]>([
    [
      { maxEntries: 0, maxPerUser: 1.5, maxBytes: '1e9', clock: 0 },
      ['maxEntries', 'maxPerUser', 'maxBytes', 'clock'],
    ],
    [{ maxEntries: 1_000_001 }, ['maxEntries']],
    [{ maxEntry: 5 }, ['maxEntry']],
    [null, ['']],
    ['memory', ['']],
  ])('refuses the options %j, every fault at once', (options, faults) => {
    expect(() => memoryStore(options as never)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG',
        faults: faults.map((option) => expect.objectContaining({ option })),
      }),
    )
  })
})
