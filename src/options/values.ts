/** Numbers and choices of options, judged once while building. */
import type { Faults } from './faults.ts'

/** Bounds of a whole number, both inclusive, and the word for its unit. */
export interface Bounds {
  readonly least: number
  readonly most: number
  readonly unit: string
}

/** A whole number within bounds, or the default where it is absent. A fault returns the default. */
export function wholeNumber(faults: Faults, option: string, given: unknown, byDefault: number, bounds: Bounds): number {
  if (given === undefined) return byDefault
  if (Number.isInteger(given) && (given as number) >= bounds.least && (given as number) <= bounds.most) {
    return given as number
  }
  faults.add(option, `must be a whole number of ${bounds.unit} from ${bounds.least} to ${bounds.most}`)
  return byDefault
}

/** One of a list of values, or the default where it is absent. A fault returns the default. */
export function oneOf<T>(faults: Faults, option: string, given: unknown, choices: readonly T[], byDefault: T): T {
  if (given === undefined) return byDefault
  if (choices.includes(given as T)) return given as T
  faults.add(option, `must be one of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}`)
  return byDefault
}

/** true or false, or the default where it is absent. A fault returns the default. */
export function flag(faults: Faults, option: string, given: unknown, byDefault: boolean): boolean {
  return oneOf(faults, option, given, [true, false], byDefault)
}

/** A function, or undefined where it is absent. A fault returns undefined. */
export function optionalFunction<T>(faults: Faults, option: string, given: T | undefined): T | undefined {
  if (given === undefined || typeof given === 'function') return given
  faults.add(option, 'must be a function')
  return undefined
}

/**
 * Something that is told, or undefined where it is absent: what it throws, or rejects with, is dropped. A log that fails must
 * not fail the request that it is about, nor end the process.
 */
export function optionalListener<Told extends unknown[]>(
  faults: Faults,
  option: string,
  given: ((...told: Told) => unknown) | undefined,
): ((...told: Told) => void) | undefined {
  const listener = optionalFunction(faults, option, given)
  return listener && unheard(listener)
}

/** Tells a listener and hears nothing back: what it throws, or rejects with, is dropped. */
export function unheard<Told extends unknown[]>(listener: (...told: Told) => unknown): (...told: Told) => void {
  return (...told) => {
    try {
      const heard = listener(...told)
      if (heard instanceof Promise) heard.catch(() => {})
    } catch {}
  }
}
