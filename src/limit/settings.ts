/**
 * Validates the options that limiters share: limit, window, Redis, secret and prefix. Every
 * limiter calls it while building. An invalid option is reported as an issue.
 */
import { type KeyRing, keyRing } from '../crypto/key-ring.ts'
import { type Issues, parseWholeNumber, resolveFrom } from '../options/index.ts'
import { adoptRedis, type RedisSource } from '../redis/adopt.ts'
import type { Redis } from '../redis/client.ts'
import type { FromEnv, ProjectEnv } from '../types.ts'

/** How much, and in which time. */
export interface RateOptions {
  /** Units in one window: 1 to 1,000,000. */
  readonly limit: number
  /** Whole seconds: 1 to 2,678,400 (31 days). */
  readonly window: number
}

/** Options of every limiter in Redis. */
export interface RedisLimiterOptions<E = ProjectEnv> extends RateOptions {
  /**
   * The client: `redis({ url, token })` of `portcullis/redis`, one of `@upstash/redis`, or a function that makes the
   * latter. The same for the session store, so that they share requests.
   */
  readonly redis: RedisSource<E>
  /**
   * One secret or several, each of at least 32 characters; the session's may be used. Keys in Redis are digests under the
   * first: a new first one starts every count anew.
   */
  readonly secret: FromEnv<string | readonly string[], E>
  /** The prefix of every key. Default `portcullis:`; at most 64 printable characters. Use another one for each environment. */
  readonly prefix?: string
  /**
   * Keys that one isolate remembers to be blocked, until their exact retry time: they cost no request. Default 10,000, at
   * most 100,000; 0 remembers none.
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

/** Names of these options. */
export const redisLimiterKeys: readonly string[] = [
  'redis',
  'secret',
  'prefix',
  'maxBlocked',
  'limit',
  'window',
]

const longestWindow = 31 * 86_400

/** Judges limit and window; both are required. */
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

/** Judges what every limiter in Redis has. */
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
