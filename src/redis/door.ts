/**
 * Defines `redis()` as applications import it from `portcullis/redis`, with `redis.fromEnv()` as a
 * property. Only the entry point imports it, so that other code does not bundle the reading of
 * environment variables. Wrong options throw a `ConfigError` while building; a wrong URL or token
 * in the environment rejects the first call with `ERR_CONFIG`.
 */

import type { Redis } from './client.ts'
import { type AnyRedisOptions, redis as createRedis } from './redis.ts'
import { type RedisFromEnvOptions, redisFromEnv } from './transport/from-env.ts'

/** The function `redis()` with its property `fromEnv`. */
export interface RedisFunction {
  (options: AnyRedisOptions): Redis
  /**
   * Creates a client from the variables that Upstash and Vercel set: `redis.fromEnv()`.
   *
   * @throws {ConfigError} `ERR_CONFIG`
   */
  fromEnv(options?: RedisFromEnvOptions): Redis
}

/**
 * Creates a client of Redis: `redis({ url, token })` over Upstash's REST API, `redis.fromEnv()`
 * with the variables that Upstash and Vercel set, `redis({ client })` through `@upstash/redis`, or
 * `redis({ send })` through a client of Redis's own protocol.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @example
 * const client = redis({ url: (c) => c.env.UPSTASH_REDIS_REST_URL, token: (c) => c.env.UPSTASH_REDIS_REST_TOKEN })
 */
export const redis: RedisFunction = /* @__PURE__ */ Object.assign(
  (options: AnyRedisOptions): Redis => createRedis(options),
  { fromEnv: redisFromEnv },
)
