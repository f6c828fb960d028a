/**
 * Validates the options that several limiters have in common: `limit` and `window`, and for
 * limiters in Redis also `redis`, `secret`, `prefix` and `maxBlocked`. `exactLimiter()`,
 * `upstashLimiter()`, `memoryLimiter()` and `durableObjectLimiter()` call it while they are built.
 * It throws nothing itself: each invalid option is added to the caller's list of issues and
 * replaced by a placeholder, so the caller must end with `issues.throwIfAny()`.
 */
import { type KeyRing, keyRing } from '../crypto/key-ring.ts'
import { type Issues, parseWholeNumber, resolveFrom } from '../options/index.ts'
import { adoptRedis, type RedisSource } from '../redis/adopt.ts'
import type { Redis } from '../redis/client.ts'
import type { FromEnv, ProjectEnv } from '../types.ts'

/** The rate of a limiter: how many units a key may consume in how many seconds. */
export interface RateOptions {
  /** Units in one window: 1 to 1,000,000. */
  readonly limit: number
  /** Whole seconds: 1 to 2,678,400 (31 days). */
  readonly window: number
}

/** Options of every limiter in Redis. */
export interface RedisLimiterOptions<E = ProjectEnv> extends RateOptions {
  /**
   * The Redis client: `redis({ url, token })` of `portcullis/redis`, a client of `@upstash/redis`,
   * or a function that returns one of `@upstash/redis`. Use the same client for the session store:
   * then both share HTTP requests.
   */
  readonly redis: RedisSource<E>
  /**
   * One secret or several, each of at least 32 characters. The session's secret may be used here
   * too. Keys in Redis are digests under the first secret, so a new first secret starts every count
   * at zero.
   */
  readonly secret: FromEnv<string | readonly string[], E>
  /**
   * The prefix of every key. Default `portcullis:`; at most 64 printable characters. Use a
   * different one for each environment.
   */
  readonly prefix?: string
  /**
   * The most blocked keys that one isolate remembers, each until its retry time. A request with a
   * remembered key is denied without a request to Redis. Default 10,000, at most 100,000; 0
   * remembers none.
   */
  readonly maxBlocked?: number
}

/** The validated options. */
export interface RedisLimiterSettings {
  readonly limit: number
  readonly window: number
  readonly redis: Redis
  readonly ring: (env: unknown) => KeyRing
  readonly prefix: string
  readonly maxBlocked: number
}

/** The names of the options in {@link RedisLimiterOptions}. */
export const redisLimiterKeys: readonly string[] = [
  'redis',
  'secret',
  'prefix',
  'maxBlocked',
  'limit',
  'window',
]

const longestWindow = 31 * 86_400

/**
 * Validates `limit` and `window`, which are both required. Returns 1 in place of an invalid value.
 */
export function validateRate(
  value: Partial<RateOptions>,
  issues: Issues,
): { limit: number; window: number } {
  for (const name of ['limit', 'window'] as const)
    if (value[name] === undefined) issues.add(name, 'is required')
  return {
    limit:
      parseWholeNumber(issues, 'limit', value.limit, { min: 1, max: 1_000_000, unit: 'units' }) ??
      1,
    window:
      parseWholeNumber(issues, 'window', value.window, {
        min: 1,
        max: longestWindow,
        unit: 'seconds',
      }) ?? 1,
  }
}

/** Validates the options that every limiter in Redis has. */
export function validateRedisLimiter(
  value: Partial<RedisLimiterOptions<never>>,
  issues: Issues,
): RedisLimiterSettings {
  return {
    ...validateRate(value, issues),
    redis: adoptRedis(value.redis, issues),
    ring: resolveFrom(issues, 'secret', value.secret, keyRing),
    prefix: validatePrefix(value.prefix, issues),
    maxBlocked:
      parseWholeNumber(issues, 'maxBlocked', value.maxBlocked, {
        min: 0,
        max: 100_000,
        unit: 'keys',
      }) ?? 10_000,
  }
}

function validatePrefix(value: string | undefined, issues: Issues): string {
  if (value === undefined) return 'portcullis:'
  if (typeof value === 'string' && /^[!-~]{1,64}$/.test(value)) return value

  issues.add('prefix', 'must be 1 to 64 printable characters without spaces')
  return 'portcullis:'
}
