/**
 * Validates numbers, choices, flags, functions and listeners of options. Every module calls these
 * functions while it is built. They throw nothing: an invalid value is added to the caller's list
 * of issues, and undefined or the default is returned. Listeners are wrapped, so that their errors
 * never reach a request.
 */
import { recordListenerSource } from '../events.ts'
import type { Issues } from './issues.ts'

/** Bounds of a whole number, both inclusive, and the name of its unit. */
export interface NumberRange {
  readonly min: number
  readonly max: number
  readonly unit: string
}

/** Validates a whole number within bounds. An absent or invalid value returns undefined. */
export function parseWholeNumber(
  issues: Issues,
  optionName: string,
  optionValue: unknown,
  bounds: NumberRange,
): number | undefined {
  if (optionValue === undefined) return undefined

  const number = optionValue as number
  if (Number.isInteger(number) && number >= bounds.min && number <= bounds.max) return number

  issues.add(
    optionName,
    `must be a whole number of ${bounds.unit} from ${bounds.min} to ${bounds.max}`,
  )
  return undefined
}

/** Validates one of a list of values. An absent or invalid value returns undefined. */
export function parseChoice<T>(
  issues: Issues,
  optionName: string,
  optionValue: unknown,
  choices: readonly T[],
): T | undefined {
  if (optionValue === undefined) return undefined
  if (choices.includes(optionValue as T)) return optionValue as T

  issues.add(
    optionName,
    `must be one of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}`,
  )
  return undefined
}

/** Validates true or false. An absent or invalid value returns the default. */
export function booleanOption(
  issues: Issues,
  optionName: string,
  optionValue: unknown,
  defaultValue: boolean,
): boolean {
  return parseChoice(issues, optionName, optionValue, [true, false]) ?? defaultValue
}

/** Validates a function. An absent or invalid value returns undefined. */
export function optionalFunction<T>(
  issues: Issues,
  optionName: string,
  value: T | undefined,
): T | undefined {
  if (value === undefined || typeof value === 'function') return value

  issues.add(optionName, 'must be a function')
  return undefined
}

/**
 * Validates a listener and wraps it in {@link ignoreErrors}. An absent or invalid value returns undefined.
 */
export function optionalListener<Args extends unknown[]>(
  issues: Issues,
  optionName: string,
  value: ((...args: Args) => unknown) | undefined,
): ((...args: Args) => void) | undefined {
  const listener = optionalFunction(issues, optionName, value)
  if (listener === undefined) return undefined

  const safeListener = ignoreErrors(listener)
  recordListenerSource(safeListener, listener)
  return safeListener
}

/**
 * Wraps a listener so that its errors and rejections are dropped. A log that fails must not fail a
 * request or end the process.
 */
export function ignoreErrors<Args extends unknown[]>(
  listener: (...args: Args) => unknown,
): (...args: Args) => void {
  return async (...args) => {
    try {
      await listener(...args)
    } catch {}
  }
}

/**
 * Returns an address without the slashes at its end. It uses a loop, because a regular expression
 * would take quadratic time.
 */
export function withoutSlashAtEnd(address: string): string {
  let end = address.length
  while (address[end - 1] === '/') end--
  return address.slice(0, end)
}
