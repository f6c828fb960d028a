/** Options that limiters share, judged while they are made. */
import { type KeyRing, keyRing } from '../crypto/key-ring.ts'
import { type Faults, resolveFrom, wholeNumber } from '../options/index.ts'
import type { Redis } from '../redis/redis.ts'
import type { From, ProjectEnv } from '../types.ts'

/** How much, and in which time. */
export interface RateOptions {
  /** Units in one window: 1 to 1,000,000. */
  readonly limit: number
  /** Seconds, whole: 1 to 2,678,400 (31 days). */
  readonly window: number
}

/** Options of every limiter in Redis. */
export interface RedisLimiterOptions<E = ProjectEnv> extends RateOptions {
  /** The client, `redis({ url, token })` of `portcullis/redis`; the same for the session store, so that they share requests. */
  readonly redis: Redis
  /**
   * One secret or several, each of at least 32 characters; the session's may be used. Keys in Redis are digests under the
   * first: a new first one starts every count anew.
   */
  readonly secret: From<string | readonly string[], E>
  /** What every key begins with. Default `portcullis:`; at most 64 printable characters. Another one for each stage. */
  readonly prefix?: string
  /**
   * Keys that one isolate remembers to be blocked, until their exact retry time: they cost no request. Default 10,000, at
   * most 100,000; 0 remembers none.
   */
  readonly maxBlocked?: number
}

/** What these options say. */
export interface RedisLimiterSettings {
  readonly limit: number
  readonly window: number
  readonly redis: Redis
  readonly ring: (env: unknown) => KeyRing
  readonly prefix: string
  readonly maxBlocked: number
}

/** Names of these options. */
export const redisLimiterKeys: readonly string[] = ['redis', 'secret', 'prefix', 'maxBlocked', 'limit', 'window']

const longestWindow = 31 * 86_400

/** Judges limit and window; both are required. */
export function judgeRate(given: Partial<RateOptions>, wrong: Faults): { limit: number; window: number } {
  for (const name of ['limit', 'window'] as const) if (given[name] === undefined) wrong.add(name, 'is required')
  return {
    limit: wholeNumber(wrong, 'limit', given.limit, 1, { least: 1, most: 1_000_000, unit: 'units' }),
    window: wholeNumber(wrong, 'window', given.window, 1, { least: 1, most: longestWindow, unit: 'seconds' }),
  }
}

/** Judges what every limiter in Redis has. */
export function judgeRedisLimiter(given: Partial<RedisLimiterOptions<never>>, wrong: Faults): RedisLimiterSettings {
  const { redis } = given
  if (typeof redis?.ask !== 'function' || typeof redis.call !== 'function') {
    wrong.add('redis', redis === undefined ? 'is required' : 'must be a client made by redis()')
  }
  return {
    ...judgeRate(given, wrong),
    redis: redis as Redis,
    ring: resolveFrom(wrong, 'secret', given.secret, keyRing),
    prefix: judgePrefix(given.prefix, wrong),
    maxBlocked: wholeNumber(wrong, 'maxBlocked', given.maxBlocked, 10_000, { least: 0, most: 100_000, unit: 'keys' }),
  }
}

function judgePrefix(given: string | undefined, wrong: Faults): string {
  if (given === undefined) return 'portcullis:'
  if (typeof given === 'string' && /^[!-~]{1,64}$/.test(given)) return given
  wrong.add('prefix', 'must be 1 to 64 printable characters without spaces')
  return 'portcullis:'
}
