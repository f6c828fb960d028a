/** The one place that knows `@upstash/ratelimit`: its algorithms, without what surrounds them. */
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
import type { ScriptFacade } from '../redis/facade.ts'
import { createRejectedError } from '../redis/failure.ts'
import type { ProjectEnv } from '../types.ts'
import type { LimitContext, LimitResult, RedisLimiter } from './contract.ts'
import { dynamicLimitScript, readDynamicLimit } from './dynamic-limit.ts'
import { forgetScript } from './exact/script.ts'
import { hashKey } from './keys.ts'
import { createBlockedKeys } from './memory/blocked-keys.ts'
import { checkCost, createResult } from './result.ts'
import { type RedisLimiterOptions, redisLimiterKeys, validateRedisLimiter } from './settings.ts'

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
  const issues = createIssues('upstashLimiter')
  checkKeys(issues, options, [
    ...redisLimiterKeys,
    'algorithm',
    'refill',
    'dynamicLimit',
    'name',
    'analytics',
  ])

  const input = { ...options } as Partial<UpstashLimiterOptions<never>>
  const { limit, window, redis, ring, prefix, maxBlocked } = validateRedisLimiter(input, issues)
  const kinds = ['fixedWindow', 'slidingWindow', 'tokenBucket'] as const
  const kind = parseChoice(issues, 'algorithm', input.algorithm, kinds) ?? 'slidingWindow'
  const bucket = kind === 'tokenBucket'

  if (input.refill !== undefined && !bucket) issues.add('refill', "is for algorithm: 'tokenBucket'")
  const refill =
    parseWholeNumber(issues, 'refill', input.refill, {
      min: 1,
      max: 1_000_000,
      unit: 'tokens',
    }) ?? limit

  const dynamicLimits = booleanOption(issues, 'dynamicLimit', input.dynamicLimit, false)
  const name = input.name ?? 'default'

  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]{0,63}$/.test(name))
    issues.add('name', 'must be a dashed word')
  const { analytics } = input

  if (analytics !== undefined && typeof analytics?.record !== 'function')
    issues.add('analytics', 'must have record()')
  issues.throwIfAny()

  function recordResult(limitKey: string, result: LimitResult): LimitResult {
    if (analytics !== undefined) recordAnalytics(analytics, limitKey, result)
    return result
  }

  const every = `${window} s` as const
  const algorithm: Algorithm = bucket
    ? Ratelimit.tokenBucket(refill, every, limit)()
    : Ratelimit[kind](limit, every)()
  const windowMs = window * 1000
  const space = `${prefix}r:${name}`

  // A sliding window does not say when it will have room, and a limit that changes not either.
  const known = createBlockedKeys(dynamicLimits || kind === 'slidingWindow' ? 0 : maxBlocked)
  const region = (facade: ScriptFacade): Region => {
    return { redis: facade as unknown as Region['redis'], prefix: space, dynamicLimits }
  }

  async function createKey(limitKey: string, context: LimitContext): Promise<string> {
    const perRefill = bucket ? refill : 0
    const hash = await hashKey(ring(context.env), kind, limit, window, perRefill, limitKey)

    return `${space}:${hash}`
  }

  function toLimitResult(allowed: boolean, said: RatelimitReply, nowMs: number): LimitResult {
    const numbers = [said.limit, said.remaining, said.reset]
    if (!numbers.every((number) => Number.isFinite(number)))
      throw createRejectedError('strange-answer', 'ratelimit')

    const answer = {
      allowed,
      free: said.remaining,
      retryAt: allowed ? nowMs : Math.max(nowMs, said.reset),
    }

    return createResult(said.limit, { ...answer, resetAt: said.reset }, nowMs)
  }

  async function takeInBatch(
    redisBatch: RedisBatch,
    limitKey: string,
    cost: number,
  ): Promise<LimitResult> {
    const said = await withStoreError(algorithm.limit(region(redisBatch.facade), limitKey, cost))
    const nowMs = Date.now()
    const result = toLimitResult(said.success === true, said, nowMs)

    known.note(limitKey, cost, result, nowMs)
    return recordResult(limitKey, result)
  }

  async function takeAlone<T>(
    context: LimitContext,
    question: (redisBatch: RedisBatch) => Promise<T>,
  ): Promise<T> {
    const redisBatch = redis.ask(context.env)
    const answer = question(redisBatch)
    answer.catch(() => {}) // until it is awaited below
    await redisBatch.send()

    return answer
  }

  /** Lists the entries that hold a key now: nothing else is ever deleted. */
  function listStoredKeys(limitKey: string): string[] {
    const current = Math.floor(Date.now() / windowMs)
    return bucket ? [limitKey] : [`${limitKey}:${current}`, `${limitKey}:${current - 1}`]
  }

  const dynamicKey = `${space}:dynamic:global`

  function requireDynamicLimit(): void {
    if (!dynamicLimits)
      throw new RangeError('The limit can only be changed with dynamicLimit: true.')
  }

  return {
    limit,
    window,
    redis,
    async prepareTake(limitKey, cost = 1, context = {}) {
      checkCost(cost)
      const held = await createKey(limitKey, context)
      const result = known.find(held, cost, Date.now())

      return result
        ? { is: 'blocked', result: recordResult(held, result) }
        : { is: 'call', join: (redisBatch) => takeInBatch(redisBatch, held, cost) }
    },
    async take(limitKey, cost = 1, context = {}) {
      checkCost(cost)
      const held = await createKey(limitKey, context)
      const blocked = known.find(held, cost, Date.now())

      return blocked
        ? recordResult(held, blocked)
        : takeAlone(context, (redisBatch) => takeInBatch(redisBatch, held, cost))
    },
    async peek(limitKey, context = {}) {
      const held = await createKey(limitKey, context)
      const said = await takeAlone(context, (redisBatch) =>
        withStoreError(algorithm.getRemaining(region(redisBatch.facade), held)),
      )
      const nowMs = Date.now()

      // The script of a bucket tells what was in it when it was last used.
      const late = bucket ? Math.max(0, Math.floor((nowMs - said.reset) / windowMs) + 1) : 0
      const remaining = Math.min(said.limit, said.remaining + late * refill)

      return toLimitResult(
        remaining >= 1,
        { ...said, remaining, reset: said.reset + late * windowMs },
        nowMs,
      )
    },
    async forget(limitKey, context = {}) {
      const held = await createKey(limitKey, context)
      await redis.call(context.env, forgetScript, listStoredKeys(held), [])
      known.delete(held)
    },
    async setLimit(value, context = {}) {
      requireDynamicLimit()
      if (value !== undefined) checkCost(value)
      await redis.call(
        context.env,
        dynamicLimitScript,
        [dynamicKey],
        value === undefined ? ['0'] : [`${value}`],
      )
    },
    async getLimit(context = {}) {
      requireDynamicLimit()
      return readDynamicLimit(await redis.call(context.env, dynamicLimitScript, [dynamicKey], []))
    },
  }
}

/** What analytics make of it is their own affair: a take neither waits for them nor fails with them. */
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
