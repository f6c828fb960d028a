/** Whole sessions, login to logout, over every store that docs/storage.md names, each with its real client or driver. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis as Upstash } from '@upstash/redis'
import { Redis as IoRedis } from 'ioredis'
import { createStorage, type Driver, prefixStorage } from 'unstorage'
import fs from 'unstorage/drivers/fs'
import fsLite from 'unstorage/drivers/fs-lite'
import lru from 'unstorage/drivers/lru-cache'
import memory from 'unstorage/drivers/memory'
import redisDriver from 'unstorage/drivers/redis'
import upstashDriver from 'unstorage/drivers/upstash'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { storedSessions } from '../../../src/session/index.ts'
import { memoryStore, type SimpleStore } from '../../../src/store/index.ts'
import { unstorageStore } from '../../../src/store/unstorage.ts'
import { sessionContract } from '../../../src/testing/index.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { storeAt } from './support.ts'

const tools = { describe, it, expect }
const folder = mkdtempSync(join(tmpdir(), 'portcullis-sessions-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('S1: memoryStore', () => {
  sessionContract(tools, () => ({ store: memoryStore() }))
})

describe.each<[driver: string, make: () => Driver]>([
  ['memory', () => memory()],
  ['fs', () => fs({ base: join(folder, 'fs') })],
  ['fs-lite', () => fsLite({ base: join(folder, 'fs-lite') })],
  ['lru-cache', () => lru({})],
])('S1: unstorageStore with the driver %s', (_, make) => {
  sessionContract(tools, () => ({ store: unstorageStore(createStorage({ driver: make() })) }))
  describe('under a prefix', () => {
    sessionContract(tools, () => ({
      store: unstorageStore(prefixStorage(createStorage({ driver: make() }), 'shop:sessions')),
    }))
  })
})

/** A store over a Map whose client writes and reads values in its own way. */
function client(write: (text: string) => unknown, read: (kept: unknown) => unknown): SimpleStore {
  const kept = new Map<string, unknown>()
  return {
    get: async (key) => (kept.has(key) ? read(kept.get(key)) : null),
    set: async (key, value) => void kept.set(key, write(value)),
    delete: async (key) => void kept.delete(key),
  }
}

const same = (value: unknown): unknown => value
const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

describe.each<[name: string, store: () => SimpleStore]>([
  ['is a Map', () => new Map<string, string>()],
  ['parses JSON', () => client(same, (kept) => JSON.parse(kept as string))],
  [
    'keeps the parsed object',
    () =>
      client(
        (text) => JSON.parse(text),
        (kept) => structuredClone(kept),
      ),
  ],
  [
    'serializes what it is given, and parses it',
    () =>
      client(
        (text) => JSON.stringify(text),
        (kept) => JSON.parse(kept as string),
      ),
  ],
  [
    'serializes what it is given, and does not parse it',
    () => client((text) => JSON.stringify(text), same),
  ],
  ['serializes twice', () => client((text) => JSON.stringify(JSON.stringify(text)), same)],
  ['returns a Buffer', () => client((text) => Buffer.from(text), same)],
  [
    'returns a Uint8Array that is a part of a larger one',
    () => client((text) => bytes(`x${text}`).subarray(1), same),
  ],
  ['returns an ArrayBuffer', () => client((text) => bytes(text).buffer, same)],
  ['returns a Buffer as JSON shows it', () => client((text) => Buffer.from(text).toJSON(), same)],
  ['adds white space', () => client((text) => ` ${text}\n`, same)],
])('S1: a store of get, set and delete whose client %s', (_, make) => {
  sessionContract(tools, () => ({ store: make() }))
})

describe.skipIf(noRedis)('S1: in a real Redis', () => {
  let server: TestRedis
  let io: IoRedis
  beforeAll(async () => {
    server = await startRedis()
    io = new IoRedis({ path: server.socket })
  })
  afterAll(async () => {
    io.disconnect()
    await server.stop()
  })

  describe('upstashStore', () => {
    sessionContract(tools, () => ({ ...storeAt(server) }))
  })

  describe.each([true, false])(
    'an @upstash/redis client with automaticDeserialization: %s',
    (automaticDeserialization) => {
      sessionContract(tools, () => {
        const redis = new Upstash({
          url: server.url,
          token: server.token,
          automaticDeserialization,
        })
        return {
          store: {
            get: (key) => redis.get(key),
            set: (key, value) => redis.set(key, value),
            delete: (key) => redis.del(key),
          },
        }
      })
    },
  )

  describe.each<[reads: string, read: (key: string) => Promise<unknown>]>([
    ['text', (key) => io.get(key)],
    ['bytes', (key) => io.getBuffer(key)],
  ])('an ioredis client that reads %s', (_, read) => {
    sessionContract(tools, () => ({
      store: {
        get: read,
        set: (key, value) => io.set(key, value, 'EX', 28_800),
        delete: (key) => io.del(key),
      },
    }))
  })

  describe('unstorageStore with the driver redis', () => {
    const made: Array<{ dispose(): Promise<void> }> = []
    afterAll(() => Promise.all(made.map((storage) => storage.dispose())))
    sessionContract(tools, () => {
      const storage = createStorage({
        driver: redisDriver({ path: server.socket, base: 'shop' } as never),
      })
      made.push(storage)
      return { store: unstorageStore(storage) }
    })
  })

  describe('unstorageStore with the driver upstash', () => {
    sessionContract(tools, () => ({
      store: unstorageStore(
        createStorage({ driver: upstashDriver({ url: server.url, token: server.token }) }),
      ),
    }))
  })
})

describe('S1: a store whose get returns what no row can be', () => {
  it.each<[string, unknown]>([
    ['a number', 7],
    ['true', true],
    ['an object of its own', { value: 'x', metadata: null }],
    ['a Response', new Response('x')],
    ['a list', ['x']],
  ])('%s: fails with a message, instead of showing nobody a session', async (_, value) => {
    const errors: unknown[] = []
    const sessions = storedSessions<{ user: string }>({
      secret: 'mT4-zQ8vXc1LrW6pYb9KdHs2NfGj7EaU',
      store: { get: () => (errors.length > 0 ? value : undefined), set() {}, delete() {} },
    })
    const headers = new Headers()
    await sessions.start({
      context: { request: new Request('https://app.example.test/'), headers },
      data: { user: 'a' },
    })
    errors.push('from now on')
    const cookie = headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const request = new Request('https://app.example.test/', { headers: { cookie } })
    await expect(sessions.get({ context: { request } })).rejects.toMatchObject({
      code: 'ERR_STORE_REFUSED',
      message: expect.stringContaining('get()'),
    })
  })

  it('text of somebody else is no session, and no fault', async () => {
    for (const text of ['', 'garbage', '{"a":1}', '"x"', '7', 'null', '[]']) {
      const sessions = storedSessions<{ user: string }>({
        secret: 'mT4-zQ8vXc1LrW6pYb9KdHs2NfGj7EaU',
        store: { get: () => text, set() {}, delete() {} },
      })
      const headers = new Headers()
      const request = new Request('https://app.example.test/')
      await sessions.start({ context: { request, headers }, data: { user: 'a' } })
      const cookie = headers.getSetCookie()[0]?.split(';')[0] ?? ''
      const next = new Request('https://app.example.test/', { headers: { cookie } })
      expect(await sessions.get({ context: { request: next } })).toBe(undefined)
    }
  })
})
