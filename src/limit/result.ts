/**
 * Creates results as the contract defines them from the few numbers that counting leaves, and
 * checks costs. Every limiter calls it. `checkCost` throws a `RangeError` for a cost that is not a
 * whole number from 1.
 */
import type { LimitResult, PartAnswer } from './contract.ts'

/** A result of what was judged at `now`. */
export function createResult(
  limit: number,
  { allowed, free, retryAt, resetAt }: PartAnswer,
  nowMs: number,
): LimitResult {
  const retryAfter = allowed ? 0 : Math.max(1, Math.ceil((retryAt - nowMs) / 1000))
  return {
    allowed,
    limit,
    remaining: Math.max(0, free),
    retryAfter,
    retryAt,
    resetAt,
    degraded: false,
  }
}

/** @throws {RangeError} for a cost that is not whole or less than 1: it would free units, or be counted as something else */
export function checkCost(cost: number): void {
  if (!Number.isSafeInteger(cost) || cost < 1)
    throw new RangeError('The cost must be a whole number of at least 1.')
}
