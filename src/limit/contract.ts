/**
 * Defines the interface of a limiter and its results. A limiter consumes units of a key (a "take")
 * in one step, or in two steps for limiters whose commands share a request to Redis. Every limiter
 * implements it, `takes.ts` and the policies of `rateLimit()` call it, and `limiterContract` of
 * `portcullis/testing` tests it. A take that cannot be counted rejects with `ERR_STORE_UNAVAILABLE`
 * or `ERR_STORE_REFUSED`, and the caller decides whether the request is allowed.
 */
import type { RedisBatch } from '../redis/batch.ts'
import type { Redis } from '../redis/client.ts'

/** The result of a take. Moments are ms since the epoch, by the clock that evaluated the take. */
export interface TakeResult {
  /** Whether the whole cost was within the limit. Otherwise nothing was consumed. */
  readonly allowed: boolean
  /** The units that may be consumed in one window. */
  readonly limit: number
  /**
   * The units that are free after this take, or a lower bound of them. Undefined where the limiter
   * does not know.
   */
  readonly remaining: number | undefined
  /**
   * The seconds to wait before the same take, rounded up: 0 where it was allowed, `Infinity` where
   * it will never be allowed.
   */
  readonly retryAfter: number
  /** The first moment at which the same take is allowed if no other take happens before. */
  readonly retryAt: number
  /** The moment at which all units are free, if no other take happens before. */
  readonly resetAt: number
  /**
   * Whether a fallback decided because the store was unavailable, so that this take was not counted
   * there.
   */
  readonly degraded: boolean
}

/** A result of a limiter that knows the remaining units. */
export interface LimitResult extends TakeResult {
  readonly remaining: number
}

/** The context of a call. Limiters whose URL or secret comes from the environment need it. */
export interface LimitContext {
  /** The environment, which options that are functions receive. */
  readonly env?: unknown
}

/** The smallest limiter: it counts, and cannot be read or reset. */
export interface BasicLimiter {
  /** The units in one window. */
  readonly limit: number
  /** Seconds. */
  readonly window: number
  /**
   * Consumes `cost` units, or nothing where fewer are free.
   *
   * @param limitKey - the key whose units are consumed: any text, of any length
   * @param cost - a whole number, at least 1 (the default). More than `limit` is never allowed.
   * @throws {RangeError} for any other cost
   * @throws {PortcullisError} `ERR_STORE_UNAVAILABLE` or `ERR_STORE_REFUSED` where nobody knows
   *   whether the take is allowed; the caller decides
   */
  take(limitKey: string, cost?: number, context?: LimitContext): Promise<TakeResult>
}

/**
 * A complete limiter. `limiterContract` of `portcullis/testing` tests one against this interface.
 */
export interface Limiter extends BasicLimiter {
  take(limitKey: string, cost?: number, context?: LimitContext): Promise<LimitResult>
  /** Returns the result that a take of one unit would have, without consuming it. */
  peek(limitKey: string, context?: LimitContext): Promise<LimitResult>
  /**
   * Frees all units of a key. Other isolates that remember the key as blocked still deny it until
   * its retry time.
   */
  forget(limitKey: string, context?: LimitContext): Promise<void>
}

/** A limiter in Redis, whose takes can share an HTTP request with other commands. */
export interface RedisLimiter extends Limiter {
  /** The Redis client. Limiters, stores and sessions with the same client share a request. */
  readonly redis: Redis
  /** Prepares a take: computes its key and digest, and sends nothing. */
  prepareTake(limitKey: string, cost?: number, context?: LimitContext): Promise<PreparedTake>
}

/** A prepared take. */
export type PreparedTake =
  /** This isolate remembers the key as blocked, so Redis need not be called. */
  | { readonly is: 'blocked'; readonly result: LimitResult }
  /**
   * A part of a call of the exact limiter's script. One call decides about all parts of one client,
   * and either all of them consume or none. `settle` turns the reply into a result; `sent` is the
   * part as it was sent, whose cost is higher where an earlier part has the same key.
   */
  | {
      readonly is: 'part'
      readonly part: TakePart
      readonly settle: (answer: PartAnswer, sent: TakePart) => LimitResult
    }
  /**
   * A separate call. `join` adds it to the batch before it returns; its promise resolves after the
   * batch was sent.
   */
  | { readonly is: 'call'; readonly join: (redisBatch: RedisBatch) => Promise<LimitResult> }

/** The arguments of the exact script for one key. */
export interface TakePart {
  readonly key: string
  readonly now: number
  readonly limit: number
  readonly windowMs: number
  readonly cost: number
  /**
   * The resolution in ms: all takes within one interval of this length count as made at its end.
   */
  readonly grainMs: number
  /** The units that GCRA allows at one moment; 0 for the log algorithm. */
  readonly burst: number
}

/** The result of the exact limiter's script for one key. */
export interface PartAnswer {
  readonly allowed: boolean
  readonly free: number
  /** Infinity where the take will never be allowed. */
  readonly retryAt: number
  readonly resetAt: number
}

/** Reports whether takes of this limiter can be prepared and sent later together with others. */
export function isRedisLimiter(limiter: BasicLimiter): limiter is RedisLimiter {
  return 'prepareTake' in limiter && typeof limiter.prepareTake === 'function'
}
