/**
 * Remembers in one isolate which keys a store has denied, so that the store is not called again
 * before their retry time. `exactLimiter()`, `upstashLimiter()` and `durableObjectLimiter()` use
 * it. It only denies what the store has denied, and it is pure bookkeeping without errors. When the
 * map is full, the oldest key is forgotten, which costs one call of the store. A key that
 * `forget()` freed in another isolate stays blocked in this one until its retry time.
 */

import { createBoundedMap } from '../../memory/bounded-map.ts'
import type { LimitResult } from '../contract.ts'

/** The blocked keys of one limiter. */
export interface BlockedKeys {
  readonly size: number
  /**
   * Returns the denial of a take whose key is blocked, or undefined. `remaining` is 0: a cheaper
   * take might be allowed, but how many units are free is unknown.
   */
  find(limitKey: string, cost: number, nowMs: number): LimitResult | undefined
  /** Remembers a denied take. A take that will never be allowed is not remembered. */
  note(limitKey: string, cost: number, result: LimitResult, nowMs: number): void
  delete(limitKey: string): void
}

interface BlockedUntil {
  readonly until: number
  readonly since: number
  readonly cost: number
  readonly result: LimitResult
}

/** Creates a memory of at most `max` keys; 0 remembers none. */
export function createBlockedKeys(max: number): BlockedKeys {
  const blockedKeys = createBoundedMap<BlockedUntil>(max)
  return {
    get size(): number {
      return blockedKeys.size
    },
    find(limitKey, cost, nowMs) {
      const block = blockedKeys.get(limitKey, nowMs)
      if (block === undefined) return undefined

      // The clock was set back, so the stored retry time would block the key for longer than the
      // store decided.
      if (nowMs < block.since) {
        blockedKeys.delete(limitKey)
        return undefined
      }

      // A take that costs less may be allowed.
      if (cost < block.cost) return undefined

      return {
        ...block.result,
        remaining: 0,
        retryAfter: Math.max(1, Math.ceil((block.until - nowMs) / 1000)),
      }
    },
    note(limitKey, cost, result, nowMs) {
      if (
        max === 0 ||
        result.allowed ||
        !(result.retryAt > nowMs) ||
        result.retryAt === Number.POSITIVE_INFINITY
      )
        return

      blockedKeys.put(limitKey, { until: result.retryAt, since: nowMs, cost, result }, nowMs)
    },
    delete: blockedKeys.delete,
  }
}
