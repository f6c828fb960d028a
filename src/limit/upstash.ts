/**
 * Entry point `portcullis/limit/upstash`: a limiter that counts with the scripts of
 * `@upstash/ratelimit`, and nothing else of that library. Applications create it as the limiter of
 * a policy. Takes reject with `ERR_STORE_UNAVAILABLE` or `ERR_STORE_REFUSED`, also where the
 * library fails over an answer.
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

/** How @upstash/ratelimit counts; docs/limits.md says how exact each is. */
export type UpstashAlgorithm = 'fixedWindow' | 'slidingWindow' | 'tokenBucket'

/** Options of {@link upstashLimiter}. */
export interface UpstashLimiterOptions<E = ProjectEnv> extends RedisLimiterOptions<E> {
  /** Default `'slidingWindow'`. */
  readonly algorithm?: UpstashAlgorithm
  /** Tokens that a `'tokenBucket'` gets back each window; `limit` is how many it holds. Default `limit`. */
  readonly refill?: number
  /**
   * Lets `setLimit` change the limit while everything runs, for one more command a take. Default false. A limit that may
   * rise is not remembered as reached: `maxBlocked` has no effect then.
   */
  readonly dynamicLimit?: boolean
  /** A dashed word, under which the changed limit is kept. Default `default`. */
  readonly name?: string
  /**
   * Is told what each take came to: `new Analytics({ redis })` of @upstash/ratelimit, which keeps its counts in Redis
   * without an end, or anything else with `record`. It gets a digest of the key, is not waited for, and cannot fail a take.
   */
  readonly analytics?: LimitAnalytics
}

/** The sender of analytics. */
export interface LimitAnalytics {
  /** Takes one decision: whose, when in ms since the epoch, and whether it passed. */
  record(take: {
    readonly identifier: string
    readonly time: number
    readonly success: boolean
  }): Promise<unknown>
}

/** A limiter of @upstash/ratelimit. */
export interface UpstashLimiter extends RedisLimiter {
  /** Changes the limit for every key, everywhere, until it is changed again; undefined takes that back. Needs `dynamicLimit`. */
  setLimit(limit: number | undefined, context?: LimitContext): Promise<void>
  /** The limit that `setLimit` set. */
  getLimit(context?: LimitContext): Promise<number | undefined>
}

type Algorithm = ReturnType<ReturnType<typeof Ratelimit.fixedWindow>>
type Region = Parameters<Algorithm['limit']>[0]

/**
 * Creates a limiter of @upstash/ratelimit 2.2, with its scripts and its format of keys, so that its dashboards understand
 * them. Its other features are not used: no cache that blocks until a window ends, no timeout that allows requests, no list
 * fetched from elsewhere, no deletion by pattern, and no identifiers but digests. It has no option `clock`.
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
      parts.known.delete(key)
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
    issues.add('refill', "is for algorithm: 'tokenBucket'")
  const bounds = { min: 1, max: 1_000_000, unit: 'tokens' }
  const refill = parseWholeNumber(issues, 'refill', input.refill, bounds) ?? rate.limit
  const dynamicLimit = booleanOption(issues, 'dynamicLimit', input.dynamicLimit, false)

  const { name = 'default', analytics } = input
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]{0,63}$/.test(name))
    issues.add('name', 'must be lower-case letters, digits and dashes')
  if (analytics !== undefined && typeof analytics?.record !== 'function')
    issues.add('analytics', 'must have record()')
  issues.throwIfAny()

  return { ...rate, kind, refill, dynamicLimit, name, analytics }
}

/** The options of one limiter, and the values that were computed from them once. */
interface LimiterParts {
  readonly settings: UpstashSettings
  readonly algorithm: Algorithm
  readonly known: BlockedKeys
  /** The prefix of its keys. */
  readonly space: string
  readonly isBucket: boolean
  readonly windowMs: number
}

function createLimiterParts(settings: UpstashSettings): LimiterParts {
  const { kind, limit, window, refill, dynamicLimit, maxBlocked, prefix, name } = settings
  const every = `${window} s` as const
  // A sliding window does not tell when it will have room, and a limit that changes does not either.
  const remembers = !dynamicLimit && kind !== 'slidingWindow'

  return {
    settings,
    algorithm:
      kind === 'tokenBucket'
        ? Ratelimit.tokenBucket(refill, every, limit)()
        : Ratelimit[kind](limit, every)(),
    known: createBlockedKeys(remembers ? maxBlocked : 0),
    space: `${prefix}r:${name}`,
    isBucket: kind === 'tokenBucket',
    windowMs: window * 1000,
  }
}

/** The context of the library's algorithms: its Redis is the batch of this request. */
function createRegion({ settings, space }: LimiterParts, facade: ScriptFacade): Region {
  return {
    redis: facade as unknown as Region['redis'],
    prefix: space,
    dynamicLimits: settings.dynamicLimit,
  }
}

async function createKey(
  { settings, space, isBucket }: LimiterParts,
  limitKey: string,
  context: LimitContext,
): Promise<string> {
  const { ring, kind, limit, window, refill } = settings
  const perRefill = isBucket ? refill : 0
  const hash = await hashKey(ring(context.env), kind, limit, window, perRefill, limitKey)

  return `${space}:${hash}`
}

/** Returns the denial of a key that this isolate remembers as blocked, and records it. */
function findBlocked(parts: LimiterParts, key: string, cost: number): LimitResult | undefined {
  const result = parts.known.find(key, cost, Date.now())
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

  parts.known.note(key, cost, result, nowMs)
  return recordResult(parts, key, result)
}

/** Sends one call in a batch of its own. */
async function sendAlone<T>(
  redis: Redis,
  context: LimitContext,
  call: (redisBatch: RedisBatch) => Promise<T>,
): Promise<T> {
  const redisBatch = redis.ask(context.env)
  const answer = call(redisBatch)
  answer.catch(() => {}) // until it is awaited below
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

  // The script of a bucket tells what was in it when it was last used.
  const late = isBucket ? Math.max(0, Math.floor((nowMs - reply.reset) / windowMs) + 1) : 0
  const remaining = Math.min(reply.limit, reply.remaining + late * settings.refill)
  const reset = reply.reset + late * windowMs

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

/** Lists the entries that hold a key now: nothing else is ever deleted. */
function listStoredKeys({ isBucket, windowMs }: LimiterParts, key: string): string[] {
  const current = Math.floor(Date.now() / windowMs)
  return isBucket ? [key] : [`${key}:${current}`, `${key}:${current - 1}`]
}

function requireDynamicLimit({ settings }: LimiterParts): void {
  if (!settings.dynamicLimit)
    throw new RangeError('The limit can only be changed with dynamicLimit: true.')
}

/** Reads the limit of every key, or changes it where there is an argument. */
function callDynamicLimit(
  { settings: { redis }, space }: LimiterParts,
  context: LimitContext,
  args: readonly string[],
): Promise<unknown> {
  return redis.call(context.env, dynamicLimitScript, [`${space}:dynamic:global`], args)
}

function recordResult(
  { settings: { analytics } }: LimiterParts,
  key: string,
  result: LimitResult,
): LimitResult {
  if (analytics !== undefined) recordAnalytics(analytics, key, result)
  return result
}

/** Sends a decision to analytics: a take neither waits for them nor fails with them. */
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

/** The library stumbles over answers that Redis did not give: that is a failure of the store, and never a yes. */
async function withStoreError<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw isPortcullisError(error) ? error : createRejectedError('strange-answer', 'ratelimit')
  }
}
