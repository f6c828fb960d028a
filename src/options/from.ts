/** Options that may be functions of the request's context, resolved and memoised by value. */
import { ConfigError } from '../errors.ts'
import type { From } from '../types.ts'
import type { Faults } from './faults.ts'

/** Judges a resolved value: notes what is wrong with it, and makes of it what requests need. */
export type Judge<T, R> = (value: T, faults: Faults) => R

/**
 * Resolves a `From` option. A plain value is judged now; a function's result at each request, memoised by value (strings
 * and arrays of strings by content), so that a changed secret takes effect without a restart and an unchanged one costs
 * nothing.
 *
 * @returns a function of `env`. It throws a ConfigError when what a function returned does not do.
 */
export function resolveFrom<T, R>(
  faults: Faults,
  option: string,
  given: From<T, never> | undefined,
  judge: Judge<T, R>,
): (env: unknown) => R {
  if (typeof given !== 'function') {
    if (given === undefined) {
      faults.add(option, 'is required')
      return () => refuse(faults, option, 'is required')
    }
    const made = judge(given as T, faults.under(option))
    return () => made
  }
  const from = given as (c: { env: unknown }) => T | undefined
  let last: { value: T; made: R } | undefined
  return (env) => {
    const value = call(from, env, faults, option)
    if (last !== undefined && same(last.value, value)) return last.made
    const late = faults.fresh(option)
    const made = judge(value, late)
    late.done()
    last = { value: Array.isArray(value) ? ([...value] as T) : value, made }
    return made
  }
}

function call<T>(from: (c: { env: unknown }) => T | undefined, env: unknown, faults: Faults, option: string): T {
  let value: T | undefined
  try {
    value = from({ env })
  } catch (error) {
    if (error instanceof ConfigError) throw error
    // What was thrown may quote a value; the option's name says enough.
    return refuse(faults, option, 'could not be read from the environment')
  }
  return value ?? refuse(faults, option, 'is not set')
}

function refuse(faults: Faults, option: string, problem: string): never {
  const late = faults.fresh(option)
  late.add('', problem)
  late.done()
  throw new Error('unreachable')
}

function same(a: unknown, b: unknown): boolean {
  if (a === b) return true
  return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => item === b[i])
}
