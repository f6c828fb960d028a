/**
 * Evaluates a take by the sliding log: the units that were consumed in the last window are stored
 * with their moments, and a take is allowed if it fits beside them. The memory limiter and the
 * Durable Object count with it, and `exact.ts` uses its resolution for the script in Redis. It is
 * pure and throws nothing; the caller must pass a limit and a cost that were validated.
 */
import type { PartAnswer } from '../contract.ts'
import { readKeyTime } from './key-clock.ts'

/** The stored takes, oldest first: the moment in ms and the units of each. */
export type Log = ReadonlyArray<readonly [at: number, units: number]>

/** The limit and its window. */
export interface LogRule {
  readonly limit: number
  readonly windowMs: number
  /**
   * The resolution in ms: all takes within one interval of this length count as made at its end.
   */
  readonly grainMs: number
}

/** Up to this limit, each take is stored with its millisecond. */
const mostByMillisecond = 100
/** Above that limit, a window is divided into this many intervals. */
const intervals = 128

/**
 * Returns the resolution for a limit in ms. Above a limit of 100, a take counts up to a 128th of a
 * window longer than it should: no window ever allows more than the limit, and a client that
 * retries constantly gets 99 % of it.
 */
export function findResolution(limit: number, windowMs: number): number {
  return limit <= mostByMillisecond ? 1 : Math.ceil(windowMs / intervals)
}

/** The stored takes of a key. */
export interface KeptLog {
  readonly log: Log
  /** See {@link KeyClock}. */
  readonly shift: number
}

/** The result of a take, before it is stored. Moments are by the caller's clock. */
export interface LogAnswer extends PartAnswer {
  /** The log to store if the take is made. */
  readonly next: KeptLog
  /** The moment at which all units are free after the take. */
  readonly nextResetAt: number
  /**
   * The log to store after a denial, with a new shift of the clock. Undefined where nothing
   * changes.
   */
  readonly afterDenial: KeptLog | undefined
  /** The moment until which the log must be stored, by the most advanced clock. */
  readonly keepUntil: number
}

/** Evaluates a take of `cost` units against the stored log of its key. */
export function evaluateLog(
  stored: KeptLog,
  rule: LogRule,
  cost: number,
  nowMs: number,
): LogAnswer {
  const { limit, windowMs, grainMs } = rule
  const end = stored.log.at(-1)?.[0]

  // All stored takes have expired by every clock, so the time of the key starts anew.
  const newest = end !== undefined && end + windowMs > nowMs ? end : undefined
  // A stored moment is the end of its interval; the take happened at its first millisecond at the
  // earliest.
  const last = newest === undefined ? undefined : newest - grainMs + 1
  const time = readKeyTime(nowMs, { last, shift: stored.shift })
  const mark = Math.ceil(time.at / grainMs) * grainMs
  const behind = time.at - nowMs

  const liveTakes = stored.log.filter(([takenAt]) => takenAt + windowMs > time.at)
  const free = liveTakes.reduce((remaining, [, units]) => remaining - units, limit)
  const tail = liveTakes.at(-1)?.[0] === mark ? (liveTakes.at(-1)?.[1] ?? 0) : 0
  const log: Log = [...(tail > 0 ? liveTakes.slice(0, -1) : liveTakes), [mark, tail + cost]]
  const retryAt = cost <= free ? nowMs : findRetryAt(liveTakes, cost - free) + windowMs - behind

  return {
    allowed: cost <= free,
    free,
    retryAt,
    resetAt: (liveTakes.at(-1)?.[0] ?? time.at - windowMs) + windowMs - behind,
    next: { log, shift: time.shift },
    nextResetAt: mark + windowMs - behind,
    afterDenial: time.isNew ? { log: stored.log, shift: time.shift } : undefined,
    keepUntil: mark + windowMs,
  }
}

/**
 * Finds the moment after which enough units are free: the first whose units, with those of all
 * earlier moments, are at least `missing`. Returns Infinity where all together are too few.
 */
function findRetryAt(liveTakes: Log, missing: number): number {
  let stillMissing = missing
  for (const [takenAt, units] of liveTakes) {
    stillMissing -= units
    if (stillMissing <= 0) return takenAt
  }

  return Number.POSITIVE_INFINITY
}
