/**
 * The function `redis()` as applications receive it, with `redis.fromEnv()`. Only the entry point
 * imports it, so that code which needs no environment does not carry it. Wrong options are a
 * `ConfigError`.
 */

import type { Redis } from './client.ts'
import { type AnyRedisOptions, redis as createRedis } from './redis.ts'
import { type RedisFromEnvOptions, redisFromEnv } from './transport/from-env.ts'

/** {@link redis}, with `fromEnv` beside it. */
export interface RedisFunction {
  (options: AnyRedisOptions): Redis
  /** A client from the variables that Upstash and Vercel set: `redis.fromEnv()`. @throws {ConfigError} `ERR_CONFIG` */
  fromEnv(options?: RedisFromEnvOptions): Redis
}

/**
 * Makes a client of Redis: `redis({ url, token })` over Upstash's REST API, `redis.fromEnv()` with the
 * variables that Upstash and Vercel set, `redis({ client })` through `@upstash/redis`, `redis({ send })`
 * through a client of Redis's own protocol.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @example
 * const client = redis({ url: (c) => c.env.UPSTASH_REDIS_REST_URL, token: (c) => c.env.UPSTASH_REDIS_REST_TOKEN })
 */
export const redis: RedisFunction = /* @__PURE__ */ Object.assign(
  (options: AnyRedisOptions): Redis => createRedis(options),
  { fromEnv: redisFromEnv },
)
