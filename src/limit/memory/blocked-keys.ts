/** What one isolate knows to be blocked: until the exact retry time Redis need not be asked. */

import type { LimitResult } from '../contract.ts'
import { createBoundedMap } from './bounded-map.ts'

/** Blocked keys of one limiter. */
export interface BlockedKeys {
  readonly size: number
  /** The answer to a take that is known to be blocked. What is left of less than it costs is not known: 0. */
  find(key: string, cost: number, now: number): LimitResult | undefined
  /** Notes a denied take. What will never be allowed is not worth a place. */
  note(key: string, cost: number, result: LimitResult, now: number): void
  delete(key: string): void
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
    find(key, cost, now) {
      const block = known.get(key, now)
      if (block === undefined) return undefined

      // The clock went back: it would block for longer than anybody decided, now or when that moment comes again.
      if (now < block.since) {
        known.delete(key)
        return undefined
      }

      // A take that costs less may pass.
      if (cost < block.cost) return undefined

      return {
        ...block.result,
        remaining: 0,
        retryAfter: Math.max(1, Math.ceil((block.until - now) / 1000)),
      }
    },
    note(key, cost, result, now) {
      if (
        max === 0 ||
        result.allowed ||
        !(result.retryAt > now) ||
        result.retryAt === Number.POSITIVE_INFINITY
      )
        return

      known.put(key, { until: result.retryAt, since: now, cost, result }, now)
    },
    delete: known.delete,
  }
}
