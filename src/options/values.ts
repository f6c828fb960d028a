/** Numbers and choices of options, judged once while building. */
import type { Issues } from './issues.ts'

/** Bounds of a whole number, both inclusive, and the word for its unit. */
export interface NumberRange {
  readonly min: number
  readonly max: number
  readonly unit: string
}

/** A whole number within bounds, or the default where it is absent. A fault returns the default. */
export function wholeNumber(
  issues: Issues,
  option: string,
  value: unknown,
  defaultValue: number,
  bounds: NumberRange,
): number {
  if (value === undefined) return defaultValue
  if (
    Number.isInteger(value) &&
    (value as number) >= bounds.min &&
    (value as number) <= bounds.max
  ) {
    return value as number
  }
  issues.add(option, `must be a whole number of ${bounds.unit} from ${bounds.min} to ${bounds.max}`)
  return defaultValue
}

/** One of a list of values, or the default where it is absent. A fault returns the default. */
export function choiceOption<T>(
  issues: Issues,
  option: string,
  value: unknown,
  choices: readonly T[],
  defaultValue: T,
): T {
  if (value === undefined) return defaultValue
  if (choices.includes(value as T)) return value as T
  issues.add(option, `must be one of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}`)
  return defaultValue
}

/** true or false, or the default where it is absent. A fault returns the default. */
export function booleanOption(
  issues: Issues,
  option: string,
  value: unknown,
  defaultValue: boolean,
): boolean {
  return choiceOption(issues, option, value, [true, false], defaultValue)
}

/** A function, or undefined where it is absent. A fault returns undefined. */
export function optionalFunction<T>(
  issues: Issues,
  option: string,
  value: T | undefined,
): T | undefined {
  if (value === undefined || typeof value === 'function') return value
  issues.add(option, 'must be a function')
  return undefined
}

/**
 * Something that is told, or undefined where it is absent: what it throws, or rejects with, is dropped. A log that fails must
 * not fail the request that it is about, nor end the process.
 */
export function optionalListener<Told extends unknown[]>(
  issues: Issues,
  option: string,
  value: ((...told: Told) => unknown) | undefined,
): ((...told: Told) => void) | undefined {
  const listener = optionalFunction(issues, option, value)
  return listener && ignoreErrors(listener)
}

/** Tells a listener and hears nothing back: what it throws, or rejects with, is dropped. */
export function ignoreErrors<Told extends unknown[]>(
  listener: (...told: Told) => unknown,
): (...told: Told) => void {
  return (...told) => {
    try {
      const heard = listener(...told)
      if (heard instanceof Promise) heard.catch(() => {})
    } catch {}
  }
}
