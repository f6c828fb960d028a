/** Stored sessions in a real Redis, on a clock that tests move: Redis's own clock moves with it. */
import { redis } from '../../../src/redis/index.ts'
import type { StoredOptions } from '../../../src/session/index.ts'
import { type UpstashStoreOptions, upstashStore } from '../../../src/store/upstash.ts'
import { siteWith } from '../../session/stored-support.ts'
import { type Data, noon } from '../../session/support.ts'
import type { TestRedis } from '../../support/redis.ts'
import { elapse } from '../store/support.ts'

export interface RedisSite extends ReturnType<typeof siteWith> {
  /** Lets time pass, here and in Redis. */
  pass(ms: number): Promise<void>
}

export interface RedisSiteOptions {
  /** For one question to Redis. Default 10 s: the machine may be busy. */
  readonly timeoutMs?: number
  readonly session?: Partial<StoredOptions<Data>>
  readonly store?: Partial<UpstashStoreOptions>
}

/** A site as an isolate of its own: another client, the same Redis. */
export function siteOn(
  server: TestRedis,
  { timeoutMs = 10_000, session = {}, store = {} }: RedisSiteOptions = {},
  clock: { now: number } = { now: noon },
): RedisSite {
  const client = redis({ url: server.url, token: server.token, timeoutMs })
  const site = siteWith(upstashStore({ redis: client, ...store }), session, clock)
  return {
    ...site,
    async pass(ms): Promise<void> {
      clock.now += ms
      await elapse(server, ms)
    },
  }
}

/** Rows by key, as Redis holds them. */
export async function rowsIn(
  server: TestRedis,
): Promise<Array<readonly [key: string, row: Record<string, string>]>> {
  const all = await server.raw.dump()
  return Object.entries(all)
    .filter(([, { type }]) => type === 'hash')
    .map(([key, { value }]) => [key, value as Record<string, string>] as const)
}

/** Runs every script once, so that Redis has them all and the bridge knows them by name. */
export async function warm(server: TestRedis): Promise<void> {
  const browser = siteOn(server).visitor()
  await browser.login()
  await browser.login()
  await browser.visit((s) => s.set('theme', 'dark'))
  await browser.visit((s) => s.list())
  await browser.visit((s) => s.endAll())
  await server.flush({ keepScripts: true })
}
