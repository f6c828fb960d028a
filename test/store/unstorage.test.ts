import { describe, expect, it } from 'vitest'
import { isAtomic } from '../../src/store/index.ts'
import { type UnstorageLike, unstorageStore } from '../../src/store/unstorage.ts'

/** What a driver was asked, in order. */
function storage(): UnstorageLike & { asked: unknown[][] } {
  const values = new Map<string, string>()
  const asked: unknown[][] = []
  return {
    asked,
    async getItem(key): Promise<unknown> {
      asked.push(['get', key])
      return values.get(key) ?? null
    },
    async setItem(key, value, options): Promise<void> {
      asked.push(['set', key, value, options])
      values.set(key, value)
    },
    async removeItem(key): Promise<void> {
      asked.push(['remove', key])
      values.delete(key)
    },
  }
}

describe('unstorageStore', () => {
  it('keeps values under keys of its own, for as long as a session may live', async () => {
    const driver = storage()
    const store = unstorageStore(driver)({ maxAge: 28_800 })
    await store.set('digest', 'sealed', {})
    expect(await store.get('digest', {})).toBe('sealed')
    await store.delete('digest', {})
    expect(await store.get('digest', {})).toBe(null)
    expect(driver.asked).toEqual([
      ['set', 'portcullis:digest', 'sealed', { ttl: 28_800 }],
      ['get', 'portcullis:digest'],
      ['remove', 'portcullis:digest'],
      ['get', 'portcullis:digest'],
    ])
  })

  it('has three verbs and promises no more', () => {
    expect(isAtomic(unstorageStore(storage())({ maxAge: 1 }))).toBe(false)
  })

  it('finds its storage in the environment of each request', async () => {
    const [one, two] = [storage(), storage()]
    const store = unstorageStore<{ KV: UnstorageLike }>((c) => c.env.KV)({ maxAge: 60 })
    await store.set('a', '1', { env: { KV: one } })
    await store.set('a', '2', { env: { KV: two } })
    expect(await store.get('a', { env: { KV: one } })).toBe('1')
    expect(await store.get('a', { env: { KV: two } })).toBe('2')
  })

  it('passes failures on: an outage is no missing session', async () => {
    const failing = { ...storage(), getItem: () => Promise.reject(new Error('down')) }
    const store = unstorageStore(failing)({ maxAge: 60 })
    await expect(store.get('a', {})).rejects.toThrow('down')
  })

  it.each([
    ['nothing', undefined, 'storage is required'],
    ['a Map', new Map(), 'storage must be an unstorage Storage, such as createStorage({ driver })'],
    ['null', null, 'storage must be an unstorage Storage, such as createStorage({ driver })'],
    [
      'a driver of another kind',
      { get() {}, set() {} },
      'storage must be an unstorage Storage, such as createStorage({ driver })',
    ],
  ])('refuses %s', (_, given, message) => {
    expect(() => unstorageStore(given as never)).toThrow(message)
  })

  it('refuses what a function does not find, when it is asked for', async () => {
    const store = unstorageStore<{ KV?: UnstorageLike }>((c) => c.env.KV)({ maxAge: 60 })
    expect(() => store.get('a', { env: {} })).toThrow('storage is not set')
    expect(() => store.get('a', { env: { KV: {} } })).toThrow(
      'storage must be an unstorage Storage, such as createStorage({ driver })',
    )
  })
})
