/**
 * Defines the options of a Redis client for each way to reach Redis, and the lists of their names.
 * `redis.ts` validates them; `redis.fromEnv()` and `adopt.ts` use the types and the default
 * timeout. Only types and constants are here, so nothing can fail.
 */
import type { Emit, FromEnv } from '../types.ts'
import type { Fetch } from './transport/send.ts'
import type { SendCommands } from './transport/send-source.ts'
import type { UpstashClient } from './transport/upstash-client.ts'

/**
 * The default of `timeoutMs`. A Redis that needs more than a second counts as down, because a user
 * waits.
 */
export const DEFAULT_TIMEOUT_MS = 1000

/** Options of every client. */
export interface RedisClientOptions {
  /**
   * The time limit in ms of everything that one {@link RedisBatch} sends at a time, including a
   * retry and a script that is sent again. Default 1000: a Redis that needs longer counts as down,
   * because a user waits. At most 30,000.
   */
  readonly timeoutMs?: number
  /**
   * Receives `store-unavailable` and `store-refused`, each with a reason, `breaker-opened`,
   * `breaker-closed`, and once `store-script-flag-refused`. Events name scripts, and contain no
   * key, argument, address or token.
   */
  readonly onEvent?: Emit
}

/** Options of a client over Upstash's REST API. */
export interface RedisOptions extends RedisClientOptions {
  /** The URL of the REST API: `UPSTASH_REDIS_REST_URL`. https, or http to this machine. */
  readonly url: FromEnv<string>
  /** The token of the REST API: `UPSTASH_REDIS_REST_TOKEN`, not the read-only one. */
  readonly token: FromEnv<string>
  /**
   * Allows plain http to other machines. Default false, because anyone on the network could read
   * the token and the data.
   */
  readonly insecurePlainHttp?: boolean
  /**
   * The function that sends requests, of a service binding or a test. It must respect `signal`.
   * Default: the global `fetch`.
   */
  readonly fetch?: Fetch
}

/** Options of a client through a client of `@upstash/redis`. */
export interface UpstashClientOptions extends RedisClientOptions {
  /**
   * The client, or a function that returns one: `(c) => Redis.fromEnv(c.env)`. The options of that
   * client may be anything.
   */
  readonly client: FromEnv<UpstashClient>
}

/** Options of a client through any function that sends commands. */
export interface RedisSendOptions extends RedisClientOptions {
  /**
   * The function that sends commands in one round trip: `ioredisSender(client)`,
   * `nodeRedisSender(client)`, `socketSender(...)` or your own.
   */
  readonly send: SendCommands
}

const common: ReadonlyArray<keyof RedisClientOptions> = ['timeoutMs', 'onEvent']

/** The names of the options of each kind of client. */
export const redisKeys: {
  readonly http: readonly string[]
  readonly client: readonly string[]
  readonly send: readonly string[]
} = {
  http: ['url', 'token', 'insecurePlainHttp', 'fetch', ...common],
  client: ['client', ...common],
  send: ['send', ...common],
}
