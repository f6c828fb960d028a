/**
 * The exact limiter: one script in Redis, one key for each client, never more than the limit.
 * Applications create it as the limiter of a policy. Wrong options are a `ConfigError`; a take
 * rejects with `ERR_STORE_UNAVAILABLE` or `ERR_STORE_REFUSED` where Redis cannot be reached or
 * answers wrongly.
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
   * `'log'` (default) remembers what was taken: at most `limit` in any `window`. Up to a limit of 100 to the millisecond;
   * above it in at most 129 moments, which free units up to a 128th of a window late.
   *
   * `'gcra'` keeps one number: at most `burst` at once and `limit` per `window` in the long run, so up to `burst + limit`
   * in one window. For even rates and large limits.
   */
  readonly algorithm?: 'log' | 'gcra'
  /** Units at once, for `'gcra'`. Default `limit`. */
  readonly burst?: number
  /** Now. Default `Date.now`. */
  readonly clock?: Clock
}

/**
 * Creates an exact limiter in Redis: a request at `retryAt` is allowed, one millisecond earlier it is denied. An allowed
 * request takes one HTTP request and three commands; a denied one two commands, and none while this isolate remembers
 * that the key is blocked. Denied requests change nothing.
 *
 * The limit holds up to the clock skew between isolates: isolates whose clocks differ by up to a minute may once allow as
 * many more as arrive in twice that difference. A clock that is set back blocks no client for longer than one window. A
 * request whose reply was lost is sent again and may count twice.
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
  const known = createBlockedKeys(settings.maxBlocked)
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
    known.note(part.key, part.cost, result, part.now)
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
    const result = known.find(part.key, cost, part.now)
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
      const blocked = known.find(part.key, cost, part.now)

      return blocked ?? toResult(part, await sendPart(part, true, context))
    },
    async peek(limitKey, context = {}) {
      const part = createPart(await createKey(limitKey, context), 1)
      return createResult(max, await sendPart(part, false, context), part.now)
    },
    async forget(limitKey, context = {}) {
      const name = await createKey(limitKey, context)
      await redis.call(context.env, forgetScript, [name], [])
      known.delete(name)
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

  if (input.burst !== undefined && !gcra) issues.add('burst', "is for algorithm: 'gcra'")
  const bounds = { min: 1, max: limit, unit: 'units' }
  const burst = gcra ? (parseWholeNumber(issues, 'burst', input.burst, bounds) ?? limit) : 0

  // The step between two units is a whole number of 1/1024 ms: finer rates would be off by more than a thousandth.
  if (gcra && limit > window * 1000)
    issues.add('limit', "must be at most 1,000 a second for algorithm: 'gcra'")
  const clock = optionalFunction(issues, 'clock', input.clock) ?? Date.now
  issues.throwIfAny()

  return { ...rate, gcra, burst, clock }
}
