/** What a disturbed machine does to figures, said beside them. */
import { referenceThere } from './reference.ts'
import type { Goal } from './report.ts'
import type { Measured } from './rounds.ts'
import { figure, median, over, signed, spread } from './stats.ts'

/** How far the machine was our own. */
export function noiseOf({ retried, waited, loads, reference }: Measured): string {
  const [least, most] = [Math.min(...loads), Math.max(...loads)]
  return `reference unit ${figure(reference)} µs, load ${least.toFixed(1)}-${most.toFixed(1)}, ${retried} turns repeated, waited at most ${(waited * 100).toFixed(0)} %`
}

/**
 * A goal of a few microseconds, which a neighbour's bad minute outweighs: the best round against the best, since whatever
 * disturbs a round only ever adds to it. The median stands beside it.
 */
export function goalBest(
  promise: string,
  most: number,
  ours: readonly number[],
  base: readonly number[],
): Goal {
  const best = spread(ours).min - spread(base).min
  const more = ours.map((value, i) => value - (base[i] ?? Number.NaN))
  return {
    promise,
    goal: `<= ${most} µs`,
    measured: `${signed(best)} µs, median ${signed(median(more))}`,
    holds: best <= most,
  }
}

/** A goal in microseconds: as measured here, and in units of the machine where it was set. */
export function goalOver(
  promise: string,
  most: number,
  values: readonly number[],
  { reference }: Measured,
): Goal {
  const here = median(values)
  const there = (here * referenceThere) / reference
  const scaled = Number.isFinite(there) ? `, ${figure(there)} scaled` : ''
  return {
    promise,
    goal: `<= ${most} µs`,
    measured: `${over(values)} µs${scaled}`,
    holds: here <= most,
    scaled: there <= most,
  }
}
