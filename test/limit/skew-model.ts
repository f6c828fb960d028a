/** Arrivals at isolates whose clocks differ, and what a naive log says of those that passed. */
import { expect } from 'vitest'
import type { LimitResult } from '../../src/limit/index.ts'

/** One take on its way: when it was sent and counted in truth, and what its isolate's clock said. */
export interface Arrival {
  readonly countedAt: number
  readonly clock: number
  readonly cost: number
}

/** How arrivals are drawn. */
export interface Traffic {
  readonly seed: number
  readonly count: number
  /** Ms by which each isolate's clock is ahead. */
  readonly clocks: readonly number[]
  /** Ms from reading the clock to Redis, at most. */
  readonly jitter: number
  /** Ms between two takes, on average. */
  readonly gap: number
  readonly mostCost: number
}

/** The same numbers from 0 to 1 each time. */
export function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 4_294_967_296
  }
}

/** Arrivals in the order in which they are counted. */
export function arrivals(start: number, traffic: Traffic): Arrival[] {
  const random = numbers(traffic.seed)
  const list: Arrival[] = []
  let sentAt = start
  for (let i = 0; i < traffic.count; i++) {
    // Many at once, and a pause now and then.
    sentAt += random() < 0.7 ? Math.floor(random() * 3) : Math.floor(random() * traffic.gap * 6)
    const ahead = traffic.clocks[Math.floor(random() * traffic.clocks.length)] ?? 0
    const countedAt = sentAt + Math.floor(random() * (traffic.jitter + 1))
    list.push({
      countedAt,
      clock: sentAt + ahead,
      cost: 1 + Math.floor(random() * traffic.mostCost),
    })
  }
  return list.sort((a, b) => a.countedAt - b.countedAt)
}

/** A take that passed, in truth. */
export interface Passed {
  readonly at: number
  readonly units: number
}

/** What passed of these arrivals. */
export function passedOf(list: readonly Arrival[], results: readonly LimitResult[]): Passed[] {
  return list.flatMap(({ countedAt, cost }, i) =>
    results[i]?.allowed ? [{ at: countedAt, units: cost }] : [],
  )
}

/** The most units that passed in any `length` ms of true time. */
export function mostWithin(passed: readonly Passed[], length: number): number {
  let [most, sum, from] = [0, 0, 0]
  for (const { at, units } of passed) {
    sum += units
    while ((passed[from]?.at ?? at) <= at - length) sum -= passed[from++]?.units ?? 0
    most = Math.max(most, sum)
  }
  return most
}

/** The difference between any two clocks, as Redis sees it. */
export function spreadOf({ clocks, jitter }: Pick<Traffic, 'clocks' | 'jitter'>): number {
  return Math.max(...clocks) - Math.min(...clocks) + jitter
}

/**
 * What a log promises where clocks differ: any `limit` in any window of its own time, which runs at most twice the spread
 * ahead of true time, once. And it starves nobody: whoever always asks gets the limit.
 */
export function expectLogBounds(
  passed: readonly Passed[],
  {
    limit,
    windowMs,
    spread,
  }: { readonly limit: number; readonly windowMs: number; readonly spread: number },
): void {
  const length = (passed.at(-1)?.at ?? 0) - (passed[0]?.at ?? 0)
  for (const real of [windowMs / 2, windowMs, 3 * windowMs, length + 1]) {
    const windows = Math.ceil((real + 2 * spread) / windowMs)
    expect(mostWithin(passed, real)).toBeLessThanOrEqual(limit * windows)
  }
}
