import { beforeEach, describe, expect, it } from 'vitest'
import { type UnstorageLike, unstorageStore } from '../../../src/store/unstorage.ts'

// By a name that no compiler follows: who does not use it need not install it.
const name = 'unstorage'
const real = (await import(name).catch(() => undefined)) as
  | { createStorage(): UnstorageLike & { getKeys(): Promise<string[]> } }
  | undefined

if (real === undefined) console.warn('unstorage is not installed: its tests are SKIPPED')

describe.skipIf(real === undefined)('unstorage as a store', () => {
  let storage: UnstorageLike & { getKeys(): Promise<string[]> }
  beforeEach(() => {
    storage = (real as NonNullable<typeof real>).createStorage()
  })

  it('keeps sealed text and gives it back unread', async () => {
    const store = unstorageStore(storage)({ maxAge: 3600 })
    for (const [key, value] of [
      ['47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..a.b.c'],
      ['n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg', `eyJ${'a'.repeat(30_000)}`],
    ] as const) {
      await store.set(key, value, {})
      expect(await store.get(key, {})).toBe(value)
    }
    expect(await storage.getKeys()).toContain('portcullis:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU')
    await store.delete('47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU', {})
    expect((await store.get('47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU', {})) ?? undefined).toBe(undefined)
    expect(await storage.getKeys()).toHaveLength(1)
  })
})
