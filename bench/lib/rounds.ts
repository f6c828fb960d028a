/** Interleaved rounds: every variant once a round, in an order of chance, so that a bad minute is everybody's. */
import { load, restedCpu } from './cpu.ts'
import { median } from './stats.ts'

/** What one variant does in one round: resolves to how many requests, or operations, it did. */
export interface Variant {
  readonly name: string
  readonly pid: number
  readonly run: () => Promise<number>
}

export interface Measured {
  /** CPU microseconds per request, by variant, one for each round. */
  readonly perRequest: ReadonlyMap<string, readonly number[]>
  /** Rounds that were run again since workerd had to wait for a CPU. */
  readonly retried: number
  /** The highest share of time that workerd waited in a round that counts. */
  readonly waited: number
  /** CPU microseconds of the reference unit, median. */
  readonly reference: number
  /** Load averages met. */
  readonly loads: readonly number[]
}

export interface RoundOptions {
  readonly rounds: number
  /** A variant's turn is measured again, at most twice, if workerd waited longer than this share of it. Default 0.2. */
  readonly mostWaiting?: number
  /** The reference unit: measured once a round. */
  readonly unit?: Variant | undefined
  /** Called after each round. */
  readonly tick?: (round: number) => void
}

export async function interleave(
  variants: readonly Variant[],
  { rounds, mostWaiting = 0.2, unit, tick }: RoundOptions,
): Promise<Measured> {
  const perRequest = new Map<string, number[]>(variants.map(({ name }) => [name, []]))
  const loads: number[] = []
  const units: number[] = []
  let [retried, waited] = [0, 0]
  for (let round = 0; round < rounds; round++) {
    for (const variant of shuffled(variants)) {
      let best = await turn(variant)
      for (let again = 0; again < 2 && best.waited > mostWaiting; again++) {
        retried++
        const next = await turn(variant)
        if (next.waited < best.waited) best = next
      }
      waited = Math.max(waited, best.waited)
      perRequest.get(variant.name)?.push(best.each)
    }
    if (unit) units.push((await turn(unit)).each)
    loads.push(load())
    tick?.(round)
  }
  return { perRequest, retried, waited, loads, reference: median(units) }
}

async function turn({ pid, run }: Variant): Promise<{ each: number; waited: number }> {
  const before = await restedCpu(pid)
  const count = await run()
  const after = await restedCpu(pid)
  const [used, waiting] = [after.used - before.used, after.waited - before.waited]
  return { each: used / count, waited: waiting / (used + waiting || 1) }
}

function shuffled<T>(list: readonly T[]): T[] {
  const all = [...list]
  for (let i = all.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[all[i], all[j]] = [all[j] as T, all[i] as T]
  }
  return all
}
