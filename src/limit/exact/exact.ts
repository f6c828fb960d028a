/**
 * Creates `exactLimiter()`, which counts the units of each key in Redis with one script and never
 * allows more than the limit. Applications use it as the limiter of a policy of `rateLimit()`, or
 * call it directly. Wrong options throw a `ConfigError` while building. A take rejects with
 * `ERR_STORE_UNAVAILABLE` where Redis cannot be reached and with `ERR_STORE_REFUSED` where its
 * reply is not one of the script, and with a `RangeError` for a cost that is not a whole number of
 * at least 1.
 */
import {
  checkKeys,
  createIssues,
  optionalFunction,
  parseChoice,
  parseWholeNumber,
} from '../../options/index.ts'
import type { Clock, ProjectEnv } from '../../types.ts'
import type {
  LimitContext,
  LimitResult,
  PartAnswer,
  PreparedTake,
  RedisLimiter,
  TakePart,
} from '../contract.ts'
import { hashKey } from '../keys.ts'
import { createBlockedKeys } from '../memory/blocked-keys.ts'
import { checkCost, createResult } from '../result.ts'
import {
  type RedisLimiterOptions,
  type RedisLimiterSettings,
  redisLimiterKeys,
  validateRedisLimiter,
} from '../settings.ts'
import { findResolution } from './log.ts'
import { parseTakeReplies, serializeTakes } from './reply.ts'
import { forgetScript, takeScript } from './script.ts'

/** Options of {@link exactLimiter}. */
export interface ExactLimiterOptions<E = ProjectEnv> extends RedisLimiterOptions<E> {
  /**
   * `'log'` (default) stores the units that were consumed and when: at most `limit` in any
   * `window`. Up to a limit of 100, each moment is stored to the millisecond. Above 100, a window
   * has at most 129 moments, and units become free up to a 128th of a window late.
   *
   * `'gcra'` stores one number: at most `burst` at one moment and `limit` per `window` in the long
   * run, so up to `burst + limit` in one window. Use it for even rates and large limits.
   */
  readonly algorithm?: 'log' | 'gcra'
  /** The units that `'gcra'` allows at one moment. Default `limit`. */
  readonly burst?: number
  /** Returns the current time in ms. Default `Date.now`. */
  readonly clock?: Clock
}

/**
 * Creates an exact limiter in Redis: a request at `retryAt` is allowed, one millisecond earlier it
 * is denied. An allowed request needs one HTTP request with three commands, and a denied one needs
 * two commands. A denied key is remembered in this isolate, and needs no command until its retry
 * time. Denied requests change nothing in Redis.
 *
 * The limit holds up to the clock skew between isolates: isolates whose clocks differ by up to a
 * minute may once allow as many more as arrive in twice that difference. A clock that is set back
 * blocks no client for longer than one window. A request whose reply was lost is sent again and may
 * count twice.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @example
 * rateLimit({
 *   limiter: exactLimiter({ redis: client, secret: (c) => c.env.SECRET, limit: 100, window: 60 }),
 *   platform: 'cloudflare',
 * })
 */
export function exactLimiter<E = ProjectEnv>(options: ExactLimiterOptions<E>): RedisLimiter {
  const settings = validateOptions(options)
  const { limit, window, redis, ring, prefix, gcra, burst, clock } = settings
  const windowMs = window * 1000
  const grainMs = findResolution(limit, windowMs)
  const blockedKeys = createBlockedKeys(settings.maxBlocked)
  const max = gcra ? burst : limit

  async function createKey(limitKey: string, context: LimitContext | undefined): Promise<string> {
    const algorithm = gcra ? 'gcra-2' : 'log'
    const hash = await hashKey(ring(context?.env), algorithm, limit, window, burst, limitKey)

    return `${prefix}l:${hash}`
  }

  const createPart = (limitKey: string, cost: number): TakePart => {
    return { key: limitKey, now: Math.floor(clock()), limit, windowMs, cost, grainMs, burst }
  }

  function toResult(part: TakePart, answer: PartAnswer): LimitResult {
    const result = createResult(max, answer, part.now)
    blockedKeys.note(part.key, part.cost, result, part.now)
    return result
  }

  async function sendPart(
    part: TakePart,
    write: boolean,
    context: LimitContext | undefined,
  ): Promise<PartAnswer> {
    const [answer] = parseTakeReplies(
      await redis.call(context?.env, takeScript, [part.key], serializeTakes([part], write)),
      1,
    )
    return answer as PartAnswer
  }

  async function prepareTake(
    limitKey: string,
    cost = 1,
    context: LimitContext = {},
  ): Promise<PreparedTake> {
    checkCost(cost)
    const part = createPart(await createKey(limitKey, context), cost)
    const result = blockedKeys.find(part.key, cost, part.now)
    if (result) return { is: 'blocked', result }

    return { is: 'part', part, settle: (answer, sent) => toResult(sent, answer) }
  }

  return {
    limit: max,
    window,
    redis,
    prepareTake,
    async take(limitKey, cost = 1, context = {}) {
      checkCost(cost)
      const part = createPart(await createKey(limitKey, context), cost)
      const denial = blockedKeys.find(part.key, cost, part.now)

      return denial ?? toResult(part, await sendPart(part, true, context))
    },
    async peek(limitKey, context = {}) {
      const part = createPart(await createKey(limitKey, context), 1)
      return createResult(max, await sendPart(part, false, context), part.now)
    },
    async forget(limitKey, context = {}) {
      const name = await createKey(limitKey, context)
      await redis.call(context.env, forgetScript, [name], [])
      blockedKeys.delete(name)
    },
  }
}

/** The validated options of one limiter. */
interface ExactSettings extends RedisLimiterSettings {
  /** Whether the algorithm is `'gcra'`. */
  readonly gcra: boolean
  /** Units at once for `'gcra'`; 0 for `'log'`. */
  readonly burst: number
  readonly clock: Clock
}

function validateOptions<E>(options: ExactLimiterOptions<E>): ExactSettings {
  const issues = createIssues('exactLimiter')
  checkKeys(issues, options, [...redisLimiterKeys, 'algorithm', 'burst', 'clock'])

  const input = { ...options } as Partial<ExactLimiterOptions<never>>
  const rate = validateRedisLimiter(input, issues)
  const { limit, window } = rate
  const gcra = parseChoice(issues, 'algorithm', input.algorithm, ['log', 'gcra']) === 'gcra'

  if (input.burst !== undefined && !gcra) issues.add('burst', "needs algorithm: 'gcra'")
  const bounds = { min: 1, max: limit, unit: 'units' }
  const burst = gcra ? (parseWholeNumber(issues, 'burst', input.burst, bounds) ?? limit) : 0

  // The script stores the step between two units as a whole number of 1/1024 ms. At finer rates,
  // rounding would be an error of more than a thousandth.
  if (gcra && limit > window * 1000)
    issues.add('limit', "must be at most 1,000 units a second for algorithm: 'gcra'")
  const clock = optionalFunction(issues, 'clock', input.clock) ?? Date.now
  issues.throwIfAny()

  return { ...rate, gcra, burst, clock }
}
