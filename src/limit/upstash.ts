/** The one place that knows `@upstash/ratelimit`: its algorithms, without what surrounds them. */
import { Ratelimit } from '@upstash/ratelimit'
import { isPortcullisError } from '../errors.ts'
import { checkKeys, faults, flag, oneOf, wholeNumber } from '../options/index.ts'
import type { Ask } from '../redis/ask.ts'
import type { ScriptFacade } from '../redis/facade.ts'
import { refused } from '../redis/failure.ts'
import type { ProjectEnv } from '../types.ts'
import { blocks } from './blocks.ts'
import type { LimitContext, LimitResult, RedisLimiter } from './contract.ts'
import { dynamicLimitScript, readDynamicLimit } from './dynamic-limit.ts'
import { forgetScript } from './exact-script.ts'
import { blindKey } from './keys.ts'
import { checkCost, resultOf } from './result.ts'
import { judgeRedisLimiter, type RedisLimiterOptions, redisLimiterKeys } from './settings.ts'

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

/** What analytics are told by. */
export interface LimitAnalytics {
  /** Takes one decision: whose, when in ms since the epoch, and whether it passed. */
  record(take: { readonly identifier: string; readonly time: number; readonly success: boolean }): Promise<unknown>
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
 * Makes a limiter of @upstash/ratelimit 2.2: its scripts and keys of theirs, so that limits look alike to whoever knows
 * them. What surrounded them is not used: no cache that blocks until a window ends, no time-out that lets everybody pass,
 * no list that is fetched from elsewhere, no deletion by pattern, and no identifier but digests. It has no clock of ours.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function upstashLimiter<E = ProjectEnv>(options: UpstashLimiterOptions<E>): UpstashLimiter {
  const wrong = faults('upstashLimiter')
  checkKeys(wrong, options, [...redisLimiterKeys, 'algorithm', 'refill', 'dynamicLimit', 'name', 'analytics'])
  const given = { ...options } as Partial<UpstashLimiterOptions<never>>
  const { limit, window, redis, ring, prefix, maxBlocked } = judgeRedisLimiter(given, wrong)
  const kinds = ['fixedWindow', 'slidingWindow', 'tokenBucket'] as const
  const kind = oneOf(wrong, 'algorithm', given.algorithm, kinds, 'slidingWindow')
  const bucket = kind === 'tokenBucket'
  if (given.refill !== undefined && !bucket) wrong.add('refill', "is for algorithm: 'tokenBucket'")
  const refill = wholeNumber(wrong, 'refill', given.refill, limit, { least: 1, most: 1_000_000, unit: 'tokens' })
  const dynamicLimits = flag(wrong, 'dynamicLimit', given.dynamicLimit, false)
  const name = given.name ?? 'default'
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]{0,63}$/.test(name)) wrong.add('name', 'must be a dashed word')
  const { analytics } = given
  if (analytics !== undefined && typeof analytics?.record !== 'function') wrong.add('analytics', 'must have record()')
  wrong.done()

  function told(key: string, result: LimitResult): LimitResult {
    if (analytics !== undefined) tell(analytics, key, result)
    return result
  }

  const every = `${window} s` as const
  const algorithm: Algorithm = bucket ? Ratelimit.tokenBucket(refill, every, limit)() : Ratelimit[kind](limit, every)()
  const windowMs = window * 1000
  const space = `${prefix}r:${name}`
  // A sliding window does not say when it will have room, and a limit that changes not either.
  const known = blocks(dynamicLimits || kind === 'slidingWindow' ? 0 : maxBlocked)
  const region = (facade: ScriptFacade): Region => {
    return { redis: facade as unknown as Region['redis'], prefix: space, dynamicLimits }
  }

  async function keyOf(key: string, context: LimitContext): Promise<string> {
    return `${space}:${await blindKey(ring(context.env), kind, limit, window, bucket ? refill : 0, key)}`
  }
  function judged(allowed: boolean, said: Said, now: number): LimitResult {
    const numbers = [said.limit, said.remaining, said.reset]
    if (!numbers.every((number) => Number.isFinite(number))) throw refused('strange-answer', 'ratelimit')
    const answer = { allowed, free: said.remaining, retryAt: allowed ? now : Math.max(now, said.reset) }
    return resultOf(said.limit, { ...answer, resetAt: said.reset }, now)
  }
  async function joined(ask: Ask, key: string, cost: number): Promise<LimitResult> {
    const said = await answered(algorithm.limit(region(ask.facade), key, cost))
    const now = Date.now()
    const result = judged(said.success === true, said, now)
    known.note(key, cost, result, now)
    return told(key, result)
  }
  async function alone<T>(context: LimitContext, question: (ask: Ask) => Promise<T>): Promise<T> {
    const ask = redis.ask(context.env)
    const answer = question(ask)
    answer.catch(() => {}) // until it is awaited below
    await ask.send()
    return answer
  }
  /** What is kept for a key now: nothing else is ever deleted. */
  function heldAt(key: string): string[] {
    const current = Math.floor(Date.now() / windowMs)
    return bucket ? [key] : [`${key}:${current}`, `${key}:${current - 1}`]
  }
  const dynamicKey = `${space}:dynamic:global`
  function needDynamic(): void {
    if (!dynamicLimits) throw new RangeError('The limit can only be changed with dynamicLimit: true.')
  }

  return {
    limit,
    window,
    redis,
    async prepareTake(key, cost = 1, context = {}) {
      checkCost(cost)
      const held = await keyOf(key, context)
      const result = known.find(held, cost, Date.now())
      return result
        ? { is: 'blocked', result: told(held, result) }
        : { is: 'call', join: (ask) => joined(ask, held, cost) }
    },
    async take(key, cost = 1, context = {}) {
      checkCost(cost)
      const held = await keyOf(key, context)
      const blocked = known.find(held, cost, Date.now())
      return blocked ? told(held, blocked) : alone(context, (ask) => joined(ask, held, cost))
    },
    async peek(key, context = {}) {
      const held = await keyOf(key, context)
      const said = await alone(context, (ask) => answered(algorithm.getRemaining(region(ask.facade), held)))
      const now = Date.now()
      // The script of a bucket tells what was in it when it was last used.
      const late = bucket ? Math.max(0, Math.floor((now - said.reset) / windowMs) + 1) : 0
      const remaining = Math.min(said.limit, said.remaining + late * refill)
      return judged(remaining >= 1, { ...said, remaining, reset: said.reset + late * windowMs }, now)
    },
    async forget(key, context = {}) {
      const held = await keyOf(key, context)
      await redis.call(context.env, forgetScript, heldAt(held), [])
      known.delete(held)
    },
    async setLimit(value, context = {}) {
      needDynamic()
      if (value !== undefined) checkCost(value)
      await redis.call(context.env, dynamicLimitScript, [dynamicKey], value === undefined ? ['0'] : [`${value}`])
    },
    async getLimit(context = {}) {
      needDynamic()
      return readDynamicLimit(await redis.call(context.env, dynamicLimitScript, [dynamicKey], []))
    },
  }
}

/** What analytics make of it is their own affair: a take neither waits for them nor fails with them. */
function tell(analytics: LimitAnalytics, identifier: string, { allowed }: LimitResult): void {
  try {
    Promise.resolve(analytics.record({ identifier, time: Date.now(), success: allowed })).catch(() => {})
  } catch {}
}

interface Said {
  readonly limit: number
  readonly remaining: number
  readonly reset: number
}

/** The library stumbles over answers that Redis did not give: that is a failure of the store, and never a yes. */
async function answered<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw isPortcullisError(error) ? error : refused('strange-answer', 'ratelimit')
  }
}
