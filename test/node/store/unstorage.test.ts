import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createStorage, type Driver, prefixStorage } from 'unstorage'
import cloudflareKv from 'unstorage/drivers/cloudflare-kv-binding'
import fs from 'unstorage/drivers/fs-lite'
import memory from 'unstorage/drivers/memory'
import { afterAll, describe, expect, it } from 'vitest'
import { unstorageStore } from '../../../src/store/unstorage.ts'

const folder = mkdtempSync(join(tmpdir(), 'portcullis-unstorage-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const digest = '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU'
const other = 'n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg'

/** Cloudflare's KV as its driver sees it. */
function kv() {
  const values = new Map<string, string>()
  const puts: unknown[] = []
  return {
    puts,
    get: async (key: string) => values.get(key) ?? null,
    async put(key: string, value: string, options: unknown): Promise<void> {
      puts.push([key, options])
      values.set(key, value)
    },
    delete: async (key: string) => void values.delete(key),
    list: async () => ({ keys: [...values.keys()].map((name) => ({ name })), list_complete: true }),
  }
}

describe.each<[driver: string, make: () => Driver]>([
  ['memory', () => memory()],
  ['fs-lite', () => fs({ base: folder })],
  ['cloudflare-kv-binding', () => cloudflareKv({ binding: kv() as never })],
])('unstorage with %s', (_, make) => {
  it('keeps sealed text and gives it back unread', async () => {
    const storage = createStorage({ driver: make() })
    const store = unstorageStore(storage)({ maxAge: 3600 })
    const sealed = `eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..a.${'b'.repeat(30_000)}.c`
    expect((await store.get(digest, {})) ?? undefined).toBe(undefined)
    await store.set(digest, 'eyJhbGciOiJkaXIifQ..first', {})
    await store.set(digest, sealed, {})
    await store.set(other, 'eyJhbGciOiJkaXIifQ..other', {})
    expect(await store.get(digest, {})).toBe(sealed)
    expect((await storage.getKeys()).sort()).toEqual([
      `portcullis:${digest}`,
      `portcullis:${other}`,
    ])
    await store.delete(digest, {})
    expect((await store.get(digest, {})) ?? undefined).toBe(undefined)
    expect(await store.get(other, {})).toBe('eyJhbGciOiJkaXIifQ..other')
  })

  it('keeps apart what has prefixes of its own', async () => {
    const storage = createStorage({ driver: make() })
    const [shop, forum] = ['shop', 'forum'].map((name) =>
      unstorageStore(prefixStorage(storage, name))({ maxAge: 60 }),
    )
    await shop?.set(digest, 'eyJ..shop', {})
    expect(await shop?.get(digest, {})).toBe('eyJ..shop')
    expect((await forum?.get(digest, {})) ?? undefined).toBe(undefined)
  })
})

describe('unstorage with a driver that forgets', () => {
  it('tells Cloudflare’s KV for how long, in seconds', async () => {
    const binding = kv()
    const storage = createStorage({ driver: cloudflareKv({ binding: binding as never }) })
    await unstorageStore(storage)({ maxAge: 28_800 }).set(digest, 'eyJ..', {})
    expect(binding.puts).toMatchObject([[`portcullis:${digest}`, { expirationTtl: 28_800 }]])
  })

  it('finds a storage in the environment', async () => {
    interface Env {
      KV: ReturnType<typeof kv>
    }
    const made = new WeakMap<object, ReturnType<typeof createStorage>>()
    const store = unstorageStore<Env>(({ env }) => {
      const storage =
        made.get(env.KV) ?? createStorage({ driver: cloudflareKv({ binding: env.KV as never }) })
      made.set(env.KV, storage)
      return storage
    })({ maxAge: 60 })
    const env: Env = { KV: kv() }
    await store.set(digest, 'eyJ..', { env })
    expect(await store.get(digest, { env })).toBe('eyJ..')
    expect((await store.get(digest, { env: { KV: kv() } })) ?? undefined).toBe(undefined)
  })
})
