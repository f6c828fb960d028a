/** A real Redis behind the bridge for one test file: private, empty, on loopback. */

import { obtainRedisServer, startRedisServer } from '../../tools/dev/redis-http/redis-server.ts'
import { openRedis, Refusal, type Reply, Status } from '../../tools/dev/redis-http/resp.ts'
import { type Control, startRedisHttp } from '../../tools/dev/redis-http.ts'

const path = obtainRedisServer()

/** For `describe.skipIf`: there is no redis-server, and this is a development machine, where that is no fault. */
export const noRedis: boolean = path === undefined && !process.env.CI

if (noRedis)
  console.warn(
    'No redis-server: every test that needs one is SKIPPED. apt-get install redis-server',
  )

/** One key as Redis holds it. */
export interface Held {
  readonly type: string
  /** Milliseconds until it expires, -1 for never. */
  readonly ttl: number
  /** A string, a list or set as an array, a hash or sorted set as an object. */
  readonly value: unknown
}

/** Redis itself, past the bridge: for arranging and asserting. */
export interface RawRedis {
  /** One command. Strings as text, integers as numbers. Rejects with Redis's own words. */
  call(...command: Array<string | number>): Promise<unknown>
  /** Everything there is, by key in alphabetical order. */
  dump(): Promise<Record<string, Held>>
  /** Everything there is, keys and values, as one text to search. */
  text(): Promise<string>
}

export interface TestRedis {
  /** Address of the bridge, without a slash at the end. */
  readonly url: string
  readonly token: string
  /** Redis's own Unix socket, for clients that speak its protocol. */
  readonly socket: string
  /** Faults, holds and counters of the bridge. */
  readonly control: Control
  readonly raw: RawRedis
  /** Forgets keys, scripts, faults and counts: for `beforeEach`. Scripts stay cached with `keepScripts`. */
  flush(options?: { keepScripts?: boolean }): Promise<void>
  stop(): Promise<void>
}

/** Starts redis-server and the bridge. Whoever starts them stops them. */
export async function startRedis(): Promise<TestRedis> {
  if (path === undefined)
    throw new Error('no redis-server: install it (apt-get install redis-server)')
  const server = await startRedisServer(path)
  const place = { path: server.socket }
  const [bridge, connection] = await Promise.all([
    startRedisHttp({ redisSocket: server.socket }),
    openRedis(place),
  ])

  async function call(...command: Array<string | number>): Promise<unknown> {
    const [reply = null] = await connection.send([command.map(String)])
    if (reply instanceof Refusal) throw new Error(reply.text)
    return plain(reply)
  }
  async function dump(): Promise<Record<string, Held>> {
    const all: Record<string, Held> = {}
    for (const key of ((await call('KEYS', '*')) as string[]).sort()) {
      const [type, ttl] = await Promise.all([call('TYPE', key), call('PTTL', key)])
      all[key] = { type: `${type}`, ttl: Number(ttl), value: await held(`${type}`, key) }
    }
    return all
  }
  async function held(type: string, key: string): Promise<unknown> {
    if (type === 'string') return call('GET', key)
    if (type === 'list') return call('LRANGE', key, 0, -1)
    if (type === 'set') return ((await call('SMEMBERS', key)) as string[]).sort()
    if (type === 'hash') return pairs((await call('HGETALL', key)) as string[])
    if (type === 'zset') return pairs((await call('ZRANGE', key, 0, -1, 'WITHSCORES')) as string[])
    return call('DUMP', key)
  }
  return {
    url: bridge.url,
    token: bridge.token,
    socket: server.socket,
    control: bridge.control,
    raw: { call, dump, text: async () => JSON.stringify(await dump()) },
    async flush({ keepScripts = false } = {}): Promise<void> {
      bridge.control.reset()
      bridge.control.plain = false
      bridge.control.strict = true
      await call('FLUSHALL')
      if (!keepScripts) await call('SCRIPT', 'FLUSH')
    },
    async stop(): Promise<void> {
      connection.close()
      await bridge.stop()
      await server.stop()
    },
  }
}

function plain(reply: Reply): unknown {
  if (Array.isArray(reply)) return reply.map(plain)
  if (reply instanceof Status || reply instanceof Refusal) return reply.text
  return Buffer.isBuffer(reply) ? reply.toString() : reply
}

function pairs(list: readonly string[]): Record<string, string> {
  const all: Record<string, string> = {}
  for (let at = 0; at < list.length; at += 2) all[list[at] ?? ''] = list[at + 1] ?? ''
  return all
}
