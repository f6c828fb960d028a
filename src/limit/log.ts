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

/** Up to this limit each take is remembered by its millisecond. */
const mostByMillisecond = 100
/** Above it a window has so many moments. */
const moments = 128

/**
 * The grain for a limit. Above 100 a take is put down up to a 128th of a window late: never more than the limit passes in
 * any window, and whoever keeps asking gets 99 % of it.
 */
export function grainOf(limit: number, windowMs: number): number {
  return limit <= mostByMillisecond ? 1 : Math.ceil(windowMs / moments)
}

/** What a log says of a take, before it happens. */
export interface LogAnswer extends PartAnswer {
  /** The log once it has happened. */
  readonly next: Log
  /** When all is free then. */
  readonly nextResetAt: number
  /** The log without what a clock that went back left in the future; undefined where there is nothing of it. */
  readonly healed: Log | undefined
}

/** Judges a take. */
export function judgeLog(log: Log, rule: LogRule, cost: number, now: number): LogAnswer {
  const { limit, windowMs, grainMs } = rule
  const mark = Math.ceil(now / grainMs) * grainMs
  const live: Array<readonly [at: number, units: number]> = []
  let [used, tail, ahead] = [0, 0, false]
  for (const [at, units] of log) {
    if (at + windowMs <= now) continue
    used += units
    // What a clock that went back left in the future happened now: it blocks for one window from here, and no longer.
    ahead ||= at > mark
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
    healed: ahead ? live : undefined,
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
