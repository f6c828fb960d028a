/**
 * Defines the options of a Redis client, for each way to reach a Redis. `redis.ts` validates them.
 * Nothing but the lists of names runs.
 */
import type { Emit, FromEnv } from '../types.ts'
import type { Fetch } from './transport/send.ts'
import type { SendCommands } from './transport/send-source.ts'
import type { UpstashClient } from './transport/upstash-client.ts'

/** A Redis that is slower than a second is one that is down, and somebody waits. */
export const DEFAULT_TIMEOUT_MS = 1000

/** Options of every client. */
export interface RedisClientOptions {
  /**
   * Milliseconds for everything that one {@link RedisBatch} sends at a time, a retry and a resent script
   * included. Default 1000: a Redis that is slower than this is one that is down, and somebody waits. At
   * most 30,000.
   */
  readonly timeoutMs?: number
  /**
   * Receives `store-unavailable` and `store-refused`, each with a reason, and once
   * `store-script-flag-refused`. Names scripts; holds no key, argument, address or token.
   */
  readonly onEvent?: Emit
}

/** Redis over Upstash's REST API: where it is, and how long to wait for it. */
export interface RedisOptions extends RedisClientOptions {
  /** Address of the REST API: `UPSTASH_REDIS_REST_URL`. https, or http to this machine. */
  readonly url: FromEnv<string>
  /** Its token: `UPSTASH_REDIS_REST_TOKEN`. Not the read-only one. */
  readonly token: FromEnv<string>
  /** Allows plain http to other machines. Default false: whoever listens gets the token and everything behind it. */
  readonly insecurePlainHttp?: boolean
  /** Another fetch, of a service binding or a test. It must heed `signal`. Default: the global one. */
  readonly fetch?: Fetch
}

/** Redis through a client of `@upstash/redis`. */
export interface UpstashClientOptions extends RedisClientOptions {
  /** The client, or a function that makes it: `(c) => Redis.fromEnv(c.env)`. Its own options may be anything. */
  readonly client: FromEnv<UpstashClient>
}

/** Redis through any client that can send a command. */
export interface RedisSendOptions extends RedisClientOptions {
  /** Sends commands in one round trip: `ioredisSender(client)`, `nodeRedisSender(client)`, `socketSender(...)` or your own. */
  readonly send: SendCommands
}

const common: ReadonlyArray<keyof RedisClientOptions> = ['timeoutMs', 'onEvent']

/** Names of the options of each kind. */
export const redisKeys: {
  readonly http: readonly string[]
  readonly client: readonly string[]
  readonly send: readonly string[]
} = {
  http: ['url', 'token', 'insecurePlainHttp', 'fetch', ...common],
  client: ['client', ...common],
  send: ['send', ...common],
}
