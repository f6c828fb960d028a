/**
 * Creates the result of a take as `contract.ts` defines it, and validates costs. Every limiter but
 * the Workers binding calls `createResult`, and every limiter calls `checkCost`, which throws a
 * `RangeError` for a cost that is not a whole number of at least 1.
 */
import type { LimitResult, PartAnswer } from './contract.ts'

/**
 * Creates the result of a take that was evaluated at `nowMs`. `retryAfter` is rounded up to whole
 * seconds, and at least 1 after a denial.
 */
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

/**
 * Validates a cost. A negative one would free units, and a fraction cannot be counted.
 *
 * @throws {RangeError} for a cost that is not a whole number of at least 1
 */
export function checkCost(cost: number): void {
  if (!Number.isSafeInteger(cost) || cost < 1)
    throw new RangeError('The cost must be a whole number of at least 1.')
}
