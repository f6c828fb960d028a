/**
 * Entry point `portcullis/limit/upstash`: creates `upstashLimiter()`, which counts with the scripts of
 * `@upstash/ratelimit` and no other part of it. Applications use it as the limiter of a policy of `rateLimit()`. Wrong
 * options throw a `ConfigError` while building. A take rejects with `ERR_STORE_UNAVAILABLE` or `ERR_STORE_REFUSED`,
 * also where the library fails over a reply, and with a `RangeError` for an invalid cost. Errors of `analytics` are
 * swallowed.
 */
import { Ratelimit } from '@upstash/ratelimit'
import { isPortcullisError } from '../errors.ts'
import {
  booleanOption,
  checkKeys,
  createIssues,
  parseChoice,
  parseWholeNumber,
} from '../options/index.ts'
import type { RedisBatch } from '../redis/batch.ts'
import type { Redis } from '../redis/client.ts'
import type { ScriptFacade } from '../redis/facade.ts'
import { createRejectedError } from '../redis/failure.ts'
import type { ProjectEnv } from '../types.ts'
import type { LimitContext, LimitResult, RedisLimiter } from './contract.ts'
import { dynamicLimitScript, readDynamicLimit } from './dynamic-limit.ts'
import { forgetScript } from './exact/script.ts'
import { hashKey } from './keys.ts'
import { type BlockedKeys, createBlockedKeys } from './memory/blocked-keys.ts'
import { checkCost, createResult } from './result.ts'
import {
  type RedisLimiterOptions,
  type RedisLimiterSettings,
  redisLimiterKeys,
  validateRedisLimiter,
} from './settings.ts'

/** The algorithm of @upstash/ratelimit; docs/limits.md says how exact each is. */
export type UpstashAlgorithm = 'fixedWindow' | 'slidingWindow' | 'tokenBucket'

/** Options of {@link upstashLimiter}. */
export interface UpstashLimiterOptions<E = ProjectEnv> extends RedisLimiterOptions<E> {
  /** Default `'slidingWindow'`. */
  readonly algorithm?: UpstashAlgorithm
  /** The tokens that a `'tokenBucket'` regains each window; `limit` is how many it holds. Default `limit`. */
  readonly refill?: number
  /**
   * Lets `setLimit` change the limit at run time, for one more command per take. Default false. `maxBlocked` has no
   * effect then.
   */
  readonly dynamicLimit?: boolean
  /** A lower-case word with digits and dashes, which is part of every key. Default `default`. */
  readonly name?: string
  /**
   * Receives each result: `new Analytics({ redis })` of @upstash/ratelimit, which stores counts without an expiry, or
   * any object with `record`. It gets a digest of the key; the take neither waits for it nor fails with it.
   */
  readonly analytics?: LimitAnalytics
}

/** A receiver of results. */
export interface LimitAnalytics {
  /** Records one result, with the time in ms since the epoch. */
  record(take: {
    readonly identifier: string
    readonly time: number
    readonly success: boolean
  }): Promise<unknown>
}

/** A limiter that counts with the scripts of @upstash/ratelimit. */
export interface UpstashLimiter extends RedisLimiter {
  /** Changes the limit of all keys until it is changed again; undefined removes the change. Needs `dynamicLimit`. */
  setLimit(limit: number | undefined, context?: LimitContext): Promise<void>
  /** Returns the limit that `setLimit` set, or undefined. Needs `dynamicLimit`. */
  getLimit(context?: LimitContext): Promise<number | undefined>
}

type Algorithm = ReturnType<ReturnType<typeof Ratelimit.fixedWindow>>
type Region = Parameters<Algorithm['limit']>[0]

/**
 * Creates a limiter with the scripts and key format of @upstash/ratelimit 2.2, so that its dashboards understand the
 * keys. Not used are its cache, its timeout that allows requests, its fetched lists, deletion by pattern and plain
 * identifiers. It has no option `clock`.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @example
 * rateLimit({
 *   limiter: upstashLimiter({ redis: client, secret: (c) => c.env.SECRET, limit: 10, window: 10 }),
 *   platform: 'cloudflare',
 * })
 */
export function upstashLimiter<E = ProjectEnv>(options: UpstashLimiterOptions<E>): UpstashLimiter {
  const parts = createLimiterParts(validateOptions(options))
  const { limit, window, redis } = parts.settings

  return {
    limit,
    window,
    redis,
    async prepareTake(limitKey, cost = 1, context = {}) {
      checkCost(cost)
      const key = await createKey(parts, limitKey, context)
      const blocked = findBlocked(parts, key, cost)

      return blocked
        ? { is: 'blocked', result: blocked }
        : { is: 'call', join: (redisBatch) => takeInBatch(parts, redisBatch, key, cost) }
    },
    async take(limitKey, cost = 1, context = {}) {
      checkCost(cost)
      const key = await createKey(parts, limitKey, context)
      return (
        findBlocked(parts, key, cost) ??
        sendAlone(redis, context, (redisBatch) => takeInBatch(parts, redisBatch, key, cost))
      )
    },
    async peek(limitKey, context = {}) {
      const key = await createKey(parts, limitKey, context)
      return peekAlone(parts, key, context)
    },
    async forget(limitKey, context = {}) {
      const key = await createKey(parts, limitKey, context)
      await redis.call(context.env, forgetScript, listStoredKeys(parts, key), [])
      parts.blockedKeys.delete(key)
    },
    async setLimit(value, context = {}) {
      requireDynamicLimit(parts)
      if (value !== undefined) checkCost(value)
      const args = value === undefined ? ['0'] : [`${value}`]
      await callDynamicLimit(parts, context, args)
    },
    async getLimit(context = {}) {
      requireDynamicLimit(parts)
      return readDynamicLimit(await callDynamicLimit(parts, context, []))
    },
  }
}

/** The validated options of one limiter. */
interface UpstashSettings extends RedisLimiterSettings {
  readonly kind: UpstashAlgorithm
  readonly refill: number
  readonly dynamicLimit: boolean
  readonly name: string
  readonly analytics: LimitAnalytics | undefined
}

function validateOptions<E>(options: UpstashLimiterOptions<E>): UpstashSettings {
  const issues = createIssues('upstashLimiter')
  const ownKeys = ['algorithm', 'refill', 'dynamicLimit', 'name', 'analytics']
  checkKeys(issues, options, [...redisLimiterKeys, ...ownKeys])

  const input = { ...options } as Partial<UpstashLimiterOptions<never>>
  const rate = validateRedisLimiter(input, issues)
  const kinds = ['fixedWindow', 'slidingWindow', 'tokenBucket'] as const
  const kind = parseChoice(issues, 'algorithm', input.algorithm, kinds) ?? 'slidingWindow'

  if (input.refill !== undefined && kind !== 'tokenBucket')
    issues.add('refill', "needs algorithm: 'tokenBucket'")
  const bounds = { min: 1, max: 1_000_000, unit: 'tokens' }
  const refill = parseWholeNumber(issues, 'refill', input.refill, bounds) ?? rate.limit
  const dynamicLimit = booleanOption(issues, 'dynamicLimit', input.dynamicLimit, false)

  const { name = 'default', analytics } = input
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]{0,63}$/.test(name))
    issues.add('name', 'must begin with a lower-case letter and hold letters, digits and dashes')
  if (analytics !== undefined && typeof analytics?.record !== 'function')
    issues.add('analytics', 'must have a function record, as Analytics of @upstash/ratelimit has')
  issues.throwIfAny()

  return { ...rate, kind, refill, dynamicLimit, name, analytics }
}

/** The options of one limiter, and values computed from them. */
interface LimiterParts {
  readonly settings: UpstashSettings
  readonly algorithm: Algorithm
  readonly blockedKeys: BlockedKeys
  /** The prefix of the limiter's keys. */
  readonly keyPrefix: string
  readonly isBucket: boolean
  readonly windowMs: number
}

function createLimiterParts(settings: UpstashSettings): LimiterParts {
  const { kind, limit, window, refill, dynamicLimit, maxBlocked, prefix, name } = settings
  const every = `${window} s` as const
  // A sliding window does not say when units become free, and a dynamic limit may change.
  const remembers = !dynamicLimit && kind !== 'slidingWindow'

  return {
    settings,
    algorithm:
      kind === 'tokenBucket'
        ? Ratelimit.tokenBucket(refill, every, limit)()
        : Ratelimit[kind](limit, every)(),
    blockedKeys: createBlockedKeys(remembers ? maxBlocked : 0),
    keyPrefix: `${prefix}r:${name}`,
    isBucket: kind === 'tokenBucket',
    windowMs: window * 1000,
  }
}

/** Creates the `Region` that the algorithms of `@upstash/ratelimit` expect. Its Redis client is the batch of this request. */
function createRegion({ settings, keyPrefix }: LimiterParts, facade: ScriptFacade): Region {
  return {
    redis: facade as unknown as Region['redis'],
    prefix: keyPrefix,
    dynamicLimits: settings.dynamicLimit,
  }
}

async function createKey(
  { settings, keyPrefix, isBucket }: LimiterParts,
  limitKey: string,
  context: LimitContext,
): Promise<string> {
  const { ring, kind, limit, window, refill } = settings
  const perRefill = isBucket ? refill : 0
  const hash = await hashKey(ring(context.env), kind, limit, window, perRefill, limitKey)

  return `${keyPrefix}:${hash}`
}

/** Returns the denial of a key that this isolate remembers as blocked, and reports it to analytics. */
function findBlocked(parts: LimiterParts, key: string, cost: number): LimitResult | undefined {
  const result = parts.blockedKeys.find(key, cost, Date.now())
  return result && recordResult(parts, key, result)
}

async function takeInBatch(
  parts: LimiterParts,
  redisBatch: RedisBatch,
  key: string,
  cost: number,
): Promise<LimitResult> {
  const region = createRegion(parts, redisBatch.facade)
  const reply = await withStoreError(parts.algorithm.limit(region, key, cost))
  const nowMs = Date.now()
  const result = createLimitResult(reply.success === true, reply, nowMs)

  parts.blockedKeys.note(key, cost, result, nowMs)
  return recordResult(parts, key, result)
}

/** Sends one call in a separate batch. */
async function sendAlone<T>(
  redis: Redis,
  context: LimitContext,
  call: (redisBatch: RedisBatch) => Promise<T>,
): Promise<T> {
  const redisBatch = redis.ask(context.env)
  const answer = call(redisBatch)
  answer.catch(() => {}) // it is awaited below; until then a rejection must not count as unhandled
  await redisBatch.send()

  return answer
}

async function peekAlone(
  parts: LimiterParts,
  key: string,
  context: LimitContext,
): Promise<LimitResult> {
  const { settings, algorithm, isBucket, windowMs } = parts
  const reply = await sendAlone(settings.redis, context, (redisBatch) =>
    withStoreError(algorithm.getRemaining(createRegion(parts, redisBatch.facade), key)),
  )
  const nowMs = Date.now()

  // The script returns the tokens at the bucket's last use. The refills since then are added here.
  const refills = isBucket ? Math.max(0, Math.floor((nowMs - reply.reset) / windowMs) + 1) : 0
  const remaining = Math.min(reply.limit, reply.remaining + refills * settings.refill)
  const reset = reply.reset + refills * windowMs

  return createLimitResult(remaining >= 1, { ...reply, remaining, reset }, nowMs)
}

function createLimitResult(allowed: boolean, reply: RatelimitReply, nowMs: number): LimitResult {
  const numbers = [reply.limit, reply.remaining, reply.reset]
  if (!numbers.every((number) => Number.isFinite(number)))
    throw createRejectedError('strange-answer', 'ratelimit')

  const answer = {
    allowed,
    free: reply.remaining,
    retryAt: allowed ? nowMs : Math.max(nowMs, reply.reset),
    resetAt: reply.reset,
  }

  return createResult(reply.limit, answer, nowMs)
}

/** Lists the Redis keys that now store the count of a key, for `forget`. */
function listStoredKeys({ isBucket, windowMs }: LimiterParts, key: string): string[] {
  const current = Math.floor(Date.now() / windowMs)
  return isBucket ? [key] : [`${key}:${current}`, `${key}:${current - 1}`]
}

function requireDynamicLimit({ settings }: LimiterParts): void {
  if (!settings.dynamicLimit)
    throw new RangeError(
      'The limit can only be read or changed where upstashLimiter() has dynamicLimit: true.',
    )
}

/** Reads the dynamic limit, or changes it where `args` has a value. */
function callDynamicLimit(
  { settings: { redis }, keyPrefix }: LimiterParts,
  context: LimitContext,
  args: readonly string[],
): Promise<unknown> {
  return redis.call(context.env, dynamicLimitScript, [`${keyPrefix}:dynamic:global`], args)
}

function recordResult(
  { settings: { analytics } }: LimiterParts,
  key: string,
  result: LimitResult,
): LimitResult {
  if (analytics !== undefined) recordAnalytics(analytics, key, result)
  return result
}

/** Reports a result to analytics. The take does not wait for it, and its errors are ignored. */
function recordAnalytics(
  analytics: LimitAnalytics,
  identifier: string,
  { allowed }: LimitResult,
): void {
  try {
    Promise.resolve(analytics.record({ identifier, time: Date.now(), success: allowed })).catch(
      () => {},
    )
  } catch {}
}

interface RatelimitReply {
  readonly limit: number
  readonly remaining: number
  readonly reset: number
}

/** Turns the library's errors over unexpected replies into `ERR_STORE_REFUSED`. */
async function withStoreError<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw isPortcullisError(error) ? error : createRejectedError('strange-answer', 'ratelimit')
  }
}
