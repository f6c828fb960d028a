/**
 * Remembers the keys that one isolate knows to be blocked: until their exact retry time Redis is
 * not asked. The limiters in Redis and Durable Objects use it. It only ever denies what the store
 * has denied; forgetting a key costs one request.
 */

import type { LimitResult } from '../contract.ts'
import { createBoundedMap } from './bounded-map.ts'

/** Blocked keys of one limiter. */
export interface BlockedKeys {
  readonly size: number
  /** The answer to a take that is known to be blocked. What is left of less than it costs is not known: 0. */
  find(limitKey: string, cost: number, nowMs: number): LimitResult | undefined
  /** Notes a denied take. What will never be allowed is not worth a place. */
  note(limitKey: string, cost: number, result: LimitResult, nowMs: number): void
  delete(limitKey: string): void
}

interface BlockedUntil {
  readonly until: number
  readonly since: number
  readonly cost: number
  readonly result: LimitResult
}

/** Remembers at most so many keys; 0 remembers none. */
export function createBlockedKeys(max: number): BlockedKeys {
  const known = createBoundedMap<BlockedUntil>(max)
  return {
    get size(): number {
      return known.size
    },
    find(limitKey, cost, nowMs) {
      const block = known.get(limitKey, nowMs)
      if (block === undefined) return undefined

      // The clock went back: it would block for longer than anybody decided, now or when that moment comes again.
      if (nowMs < block.since) {
        known.delete(limitKey)
        return undefined
      }

      // A take that costs less may pass.
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

      known.put(limitKey, { until: result.retryAt, since: nowMs, cost, result }, nowMs)
    },
    delete: known.delete,
  }
}
