/**
 * Defines a limiter: its takes, its results, and the two halves of a take that is sent to Redis.
 * Every limiter implements it and `takes.ts` calls it; `limiterContract` in `portcullis/testing`
 * tests it. A take that cannot be counted rejects with `ERR_STORE_UNAVAILABLE` or
 * `ERR_STORE_REFUSED`.
 */
import type { RedisBatch } from '../redis/batch.ts'
import type { Redis } from '../redis/client.ts'

/** The result of a take. Moments are ms since the epoch, by the clock of whoever judged. */
export interface TakeResult {
  /** Whether all of the cost fitted; otherwise nothing was taken. */
  readonly allowed: boolean
  /** Units that may be taken in one window. */
  readonly limit: number
  /** Units that are free now, after this take, or at least so many; undefined where the limiter does not know. */
  readonly remaining: number | undefined
  /** Seconds to wait before the same take, rounded up: 0 where it was allowed, `Infinity` where it never will be. */
  readonly retryAfter: number
  /** The first moment at which the same take is allowed if nobody takes meanwhile. */
  readonly retryAt: number
  /** When all units are free, if nobody takes meanwhile. */
  readonly resetAt: number
  /** Nobody counted this one: the store was out of reach, and a fallback answered. */
  readonly degraded: boolean
}

/** A result of a limiter that knows what is left. */
export interface LimitResult extends TakeResult {
  readonly remaining: number
}

/** The request of a verb: limiters whose address or secret is in the environment need it. */
export interface LimitContext {
  /** The environment, the argument of the limiter's `From` functions. */
  readonly env?: unknown
}

/** The least that can limit: it counts, and says no more. */
export interface BasicLimiter {
  /** Units in one window. */
  readonly limit: number
  /** Seconds. */
  readonly window: number
  /**
   * Takes `cost` units, or none where so many are not free.
   *
   * @param limitKey - whose units: any text, of any length
   * @param cost - whole, at least 1 (the default). More than `limit` is never allowed. @throws {RangeError} for another
   * @throws {PortcullisError} `ERR_STORE_UNAVAILABLE`, `ERR_STORE_REFUSED`: nobody knows; it is the caller's to decide
   */
  take(limitKey: string, cost?: number, context?: LimitContext): Promise<TakeResult>
}

/** A limiter in full; `limiterContract` in `portcullis/testing` holds one to what is said here. */
export interface Limiter extends BasicLimiter {
  take(limitKey: string, cost?: number, context?: LimitContext): Promise<LimitResult>
  /** Returns the result that a take of one unit would have, without taking it. */
  peek(limitKey: string, context?: LimitContext): Promise<LimitResult>
  /** Frees all units of a key. Isolates that know it to be blocked hold on to that until its retry time. */
  forget(limitKey: string, context?: LimitContext): Promise<void>
}

/** A limiter whose takes can share an HTTP request with whatever else a request asks. */
export interface RedisLimiter extends Limiter {
  /** The client it asks: limiters, stores and sessions of one client share a request. */
  readonly redis: Redis
  /** The first half of a take: all of its crypto, and nothing that leaves the isolate. */
  prepareTake(limitKey: string, cost?: number, context?: LimitContext): Promise<PreparedTake>
}

/** A take that was prepared. */
export type PreparedTake =
  /** It is known to be blocked: nobody need be asked. */
  | { readonly is: 'blocked'; readonly result: LimitResult }
  /**
   * A part of one script: takes of this kind and client are judged together, all or nothing. `settle` takes the part as it
   * was sent, which costs more where an earlier part has the same key.
   */
  | {
      readonly is: 'part'
      readonly part: TakePart
      readonly settle: (answer: PartAnswer, sent: TakePart) => LimitResult
    }
  /** A call of its own. It is in the Ask when this returns; the result comes after `ask.send()`. */
  | { readonly is: 'call'; readonly join: (redisBatch: RedisBatch) => Promise<LimitResult> }

/** The arguments of the exact script for one key. */
export interface TakePart {
  readonly key: string
  readonly now: number
  readonly limit: number
  readonly windowMs: number
  readonly cost: number
  /** Takes within so many ms count as one moment, the last of them. */
  readonly grainMs: number
  /** Units at once for GCRA; 0 for the log. */
  readonly burst: number
}

/** The answer of the exact script for one key. */
export interface PartAnswer {
  readonly allowed: boolean
  readonly free: number
  /** Infinity: never. */
  readonly retryAt: number
  readonly resetAt: number
}

/** Whether takes of this limiter travel to Redis in two halves. */
export function isRedisLimiter(limiter: BasicLimiter): limiter is RedisLimiter {
  return 'prepareTake' in limiter && typeof limiter.prepareTake === 'function'
}
