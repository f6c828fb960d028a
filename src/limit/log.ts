/** The exact rule: what was taken in the last window is remembered, moment by moment. Pure. */
import type { PartAnswer } from './contract.ts'

/** Takes, oldest first: when, and how many units. */
export type Log = ReadonlyArray<readonly [at: number, units: number]>

/** The rule, in milliseconds. */
export interface LogRule {
  readonly limit: number
  readonly windowMs: number
  /** Takes within so many ms count as one moment, the last of them. */
  readonly grainMs: number
}

/** Up to this limit each take is remembered by its ms; above it, a log has at most so many moments and one. */
const mostMoments = 100

/**
 * The grain for a limit. Above 100 takes are put down a hundredth of a window late at most: never more than the limit
 * passes in any window, and whoever keeps asking gets 99 % of it.
 */
export function grainOf(limit: number, windowMs: number): number {
  return limit <= mostMoments ? 1 : Math.ceil(windowMs / mostMoments)
}

/** What a log says of a take, before it happens. */
export interface LogAnswer extends PartAnswer {
  /** The log once it has happened. */
  readonly next: Log
  /** When all is free then. */
  readonly nextResetAt: number
}

/** Judges a take. */
export function judgeLog(log: Log, rule: LogRule, cost: number, now: number): LogAnswer {
  const { limit, windowMs, grainMs } = rule
  const mark = Math.ceil(now / grainMs) * grainMs
  const live: Array<readonly [at: number, units: number]> = []
  let [used, tail] = [0, 0]
  for (const [at, units] of log) {
    if (at + windowMs <= now) continue
    used += units
    // What a clock that went back left in the future happened now: it blocks for one window from here, and no longer.
    if (at >= mark) tail += units
    else live.push([at, units])
  }
  const next: Log = [...live, [mark, tail + cost]]
  if (tail > 0) live.push([mark, tail])
  const free = limit - used
  return {
    allowed: cost <= free,
    free,
    retryAt: cost <= free ? now : retryAtOf(live, cost - free) + windowMs,
    resetAt: (live.at(-1)?.[0] ?? now - windowMs) + windowMs,
    next,
    nextResetAt: mark + windowMs,
  }
}

/** The moment whose units, with all before it, are enough. */
function retryAtOf(live: Log, missing: number): number {
  let over = missing
  for (const [at, units] of live) {
    over -= units
    if (over <= 0) return at
  }
  return Number.POSITIVE_INFINITY
}
