/**
 * Creates `durableObjectLimiter()`: each key is counted by one Durable Object of the class
 * `PortcullisObject`, which evaluates one take at a time. Applications use it as the limiter of a
 * policy of `rateLimit()`. Wrong options throw a `ConfigError` while building. A take rejects with
 * `ERR_STORE_UNAVAILABLE` where the object cannot be reached, with `ERR_STORE_REFUSED` where its
 * answer has another shape, and with a `RangeError` for an invalid cost.
 */
import { keyRing } from '../../crypto/key-ring.ts'
import {
  createIssues,
  optionalFunction,
  parseWholeNumber,
  resolveFrom,
} from '../../options/index.ts'
import {
  createObjectCaller,
  createStrangeAnswer,
  type ObjectOptions,
} from '../../store/durable-object/call.ts'
import type { Clock, FromEnv, ProjectEnv } from '../../types.ts'
import type { LimitContext, Limiter, LimitResult, PartAnswer } from '../contract.ts'
import { hashKey } from '../keys.ts'
import { createBlockedKeys } from '../memory/blocked-keys.ts'
import { checkCost, createResult } from '../result.ts'
import { type RateOptions, validateRate } from '../settings.ts'
import type { ObjectTakeAnswer } from './counts.ts'

/** Options of {@link durableObjectLimiter}. */
export interface DurableObjectLimiterOptions<E = ProjectEnv> extends RateOptions, ObjectOptions<E> {
  /**
   * One secret or several, each of at least 32 characters. The session's secret may be used here
   * too. Keys in the objects are digests under the first secret, so a new first secret starts every
   * count at zero.
   */
  readonly secret: FromEnv<string | readonly string[], E>
  /**
   * The most blocked keys that one isolate remembers, each until its retry time. A request with a
   * remembered key is denied without a call of the object. Default 10,000, at most 100,000; 0
   * remembers none.
   */
  readonly maxBlocked?: number
  /** Returns the current time in ms. Default `Date.now`. */
  readonly clock?: Clock
}

/**
 * Creates a limiter in Durable Objects of the class `PortcullisObject`, as exact as `exactLimiter`:
 * never more than `limit` in any window, with exact retry times. A take whose answer was lost is
 * sent once more and counts once.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @example
 * durableObjectLimiter({ namespace: (c) => c.env.PORTCULLIS, secret: (c) => c.env.SESSION_SECRET, limit: 100, window: 60 })
 */
export function durableObjectLimiter<E = ProjectEnv>(
  options: DurableObjectLimiterOptions<E>,
): Limiter {
  const issues = createIssues('durableObjectLimiter')
  const limiterKeys = ['secret', 'maxBlocked', 'clock', 'limit', 'window']
  const caller = createObjectCaller(options, limiterKeys, issues)
  const { limit, window } = validateRate(options ?? {}, issues)
  const ring = resolveFrom(issues, 'secret', options?.secret, keyRing)
  const bounds = { min: 0, max: 100_000, unit: 'keys' }
  const maxBlocked = parseWholeNumber(issues, 'maxBlocked', options?.maxBlocked, bounds) ?? 10_000
  const clock = optionalFunction(issues, 'clock', options?.clock) ?? Date.now
  issues.throwIfAny()
  const blockedKeys = createBlockedKeys(maxBlocked)

  const createKey = (limitKey: string, { env }: LimitContext): Promise<string> =>
    hashKey(ring(env), 'object', limit, window, limitKey)

  async function callObject(limitKey: string, cost: number, write: boolean, { env }: LimitContext) {
    const nowMs = Math.floor(clock())
    const id = write ? { write: crypto.randomUUID() } : {}
    const part = { key: limitKey, limit, windowMs: window * 1000, cost, now: nowMs, ...id }
    const answer = await caller.call(env, caller.shardName('l', limitKey), 'take', [part])
    return { now: nowMs, answer: parseAnswer(answer) }
  }

  return {
    limit,
    window,
    async take(text, cost = 1, context = {}) {
      checkCost(cost)
      const limitKey = await createKey(text, context)
      const denial = blockedKeys.find(limitKey, cost, Math.floor(clock()))
      if (denial) return denial
      const { now, answer } = await callObject(limitKey, cost, true, context)
      const result: LimitResult = createResult(limit, answer, now)
      blockedKeys.note(limitKey, cost, result, now)
      return result
    },
    async peek(text, context = {}) {
      const { now, answer } = await callObject(await createKey(text, context), 1, false, context)
      return createResult(limit, answer, now)
    },
    async forget(text, context = {}) {
      const limitKey = await createKey(text, context)
      await caller.call(context.env, caller.shardName('l', limitKey), 'forget', [limitKey])
      blockedKeys.delete(limitKey)
    },
  }
}

/**
 * Parses the answer of an object. Any other value throws `ERR_STORE_REFUSED`, so it allows nothing.
 */
function parseAnswer(replyValue: unknown): PartAnswer {
  const { allowed, free, retryAt, resetAt } = (replyValue ?? {}) as Partial<ObjectTakeAnswer>
  const isTime = (time: unknown): time is number => Number.isFinite(time)
  if (typeof allowed !== 'boolean' || !isTime(free) || !isTime(resetAt)) throw createStrangeAnswer()
  if (retryAt !== null && !isTime(retryAt)) throw createStrangeAnswer()
  return { allowed, free, resetAt, retryAt: retryAt ?? Number.POSITIVE_INFINITY }
}
