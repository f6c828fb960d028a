/** A store in a real Redis whose time the tests move, and a look at what it leaves there. */
import { redis } from '../../../src/redis/index.ts'
import type { AtomicStore } from '../../../src/store/index.ts'
import {
  type UpstashStore,
  type UpstashStoreOptions,
  upstashStore,
} from '../../../src/store/upstash.ts'
import type { StoreUnderTest } from '../../../src/testing/index.ts'
import type { TestRedis } from '../../support/redis.ts'

/** 2026-11-20, noon. */
export const noon: number = Date.UTC(2026, 10, 20, 12)

/** A store as a Worker makes it: address and token come from the environment of each request. */
export function storeAt(
  server: TestRedis,
  options: Partial<UpstashStoreOptions> = {},
): { store: UpstashStore; context: { env: object } } {
  const client = redis({
    url: ({ env }) => (env as { URL?: string }).URL,
    token: ({ env }) => (env as { TOKEN?: string }).TOKEN,
    timeoutMs: 10_000,
  })
  return {
    store: upstashStore({ redis: client, ...options }),
    context: { env: { URL: server.url, TOKEN: server.token } },
  }
}

/** Keys that would stay for ever. */
export async function immortal(server: TestRedis): Promise<unknown> {
  return server.raw.call(
    'EVAL',
    `local found = {}
     for _, key in ipairs(redis.call('KEYS', '*')) do
       if redis.call('PTTL', key) < 0 then found[#found + 1] = key end
     end
     return found`,
    0,
  )
}

/** Lets time pass for what Redis holds: every expiry comes nearer. */
export async function elapse(server: TestRedis, ms: number): Promise<void> {
  await server.raw.call(
    'EVAL',
    `for _, key in ipairs(redis.call('KEYS', '*')) do
       redis.call('PEXPIRE', key, math.max(0, redis.call('PTTL', key) - tonumber(ARGV[1])))
     end`,
    0,
    ms,
  )
}

/** For the contract: an empty Redis, time that stands still for the caller, and after every verb a look for such keys. */
export async function underTest(
  server: TestRedis,
  options: Partial<UpstashStoreOptions> = {},
): Promise<StoreUnderTest> {
  await server.flush({ keepScripts: true })
  const { store, context } = storeAt(server, options)
  let now = noon
  return {
    store: watched(server, store),
    context,
    now: () => now,
    async elapse(ms): Promise<void> {
      now += ms
      await elapse(server, ms)
    },
    ...(options.maxPerUser !== undefined && { maxPerUser: options.maxPerUser }),
  }
}

function watched(server: TestRedis, store: AtomicStore): AtomicStore {
  async function look<T>(answer: Promise<T>): Promise<T> {
    const value = await answer
    const found = await immortal(server)
    if (Array.isArray(found) && found.length > 0)
      throw new Error(`keys without an end: ${found.join(', ')}`)
    return value
  }
  return {
    create: (...given) => look(store.create(...given)),
    read: (...given) => look(store.read(...given)),
    replace: (...given) => look(store.replace(...given)),
    rotate: (...given) => look(store.rotate(...given)),
    end: (...given) => look(store.end(...given)),
    ...(store.readReplaced && { readReplaced: store.readReplaced }),
    list: (...given) => look(store.list(...given)),
    endAll: (...given) => look(store.endAll(...given)),
  }
}
