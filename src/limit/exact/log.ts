/**
 * The exact rule: what was taken in the last window is remembered, moment by moment. The memory
 * limiter and the Durable Object count with it; `exact.ts` uses its resolution. It is pure, and
 * expects a valid limit and cost.
 */
import type { PartAnswer } from '../contract.ts'
import { readKeyTime } from './key-clock.ts'

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
export function findResolution(limit: number, windowMs: number): number {
  return limit <= mostByMillisecond ? 1 : Math.ceil(windowMs / moments)
}

/** The remembered takes of a key. */
export interface KeptLog {
  readonly log: Log
  /** See {@link KeyClock}. */
  readonly shift: number
}

/** The result of a take by the log, before it happens. Moments are by the clock that asked. */
export interface LogAnswer extends PartAnswer {
  /** The state after the take. */
  readonly next: KeptLog
  /** When all is free then. */
  readonly nextResetAt: number
  /** The value to keep after a denial, with a new shift of the clock. Undefined where nothing changes. */
  readonly afterDenial: KeptLog | undefined
  /** Until when that must be remembered, by the clock that is ahead of the others. */
  readonly keepUntil: number
}

/** Validates a take against what is remembered of its key. */
export function evaluateLog(kept: KeptLog, rule: LogRule, cost: number, nowMs: number): LogAnswer {
  const { limit, windowMs, grainMs } = rule
  const end = kept.log.at(-1)?.[0]

  // Nothing is left of it by any clock, so that the time of the key begins anew.
  const newest = end !== undefined && end + windowMs > nowMs ? end : undefined
  // A mark stands for the moments of its grain: the first of them is the earliest that it can have been.
  const last = newest === undefined ? undefined : newest - grainMs + 1
  const time = readKeyTime(nowMs, { last, shift: kept.shift })
  const mark = Math.ceil(time.at / grainMs) * grainMs
  const behind = time.at - nowMs

  const live = kept.log.filter(([takenAt]) => takenAt + windowMs > time.at)
  const free = live.reduce((left, [, units]) => left - units, limit)
  const tail = live.at(-1)?.[0] === mark ? (live.at(-1)?.[1] ?? 0) : 0
  const log: Log = [...(tail > 0 ? live.slice(0, -1) : live), [mark, tail + cost]]
  const retryAt = cost <= free ? nowMs : findRetryAt(live, cost - free) + windowMs - behind

  return {
    allowed: cost <= free,
    free,
    retryAt,
    resetAt: (live.at(-1)?.[0] ?? time.at - windowMs) + windowMs - behind,
    next: { log, shift: time.shift },
    nextResetAt: mark + windowMs - behind,
    afterDenial: time.isNew ? { log: kept.log, shift: time.shift } : undefined,
    keepUntil: mark + windowMs,
  }
}

/** The moment whose units, with all before it, are enough. */
function findRetryAt(live: Log, missing: number): number {
  let over = missing
  for (const [index, units] of live) {
    over -= units
    if (over <= 0) return index
  }

  return Number.POSITIVE_INFINITY
}
