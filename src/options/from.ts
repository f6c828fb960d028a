/** Options that may be functions of the request's context, resolved and memoised by value. */
import { ConfigError } from '../errors.ts'
import type { FromEnv } from '../types.ts'
import type { Issues } from './issues.ts'

/** Judges a resolved value: notes what is wrong with it, and makes of it what requests need. */
export type ParseValue<T, R> = (value: T, issues: Issues) => R

/**
 * Resolves a `From` option. A plain value is judged now; a function's result at each request, memoised by value (strings
 * and arrays of strings by content), so that a changed secret takes effect without a restart and an unchanged one costs
 * nothing.
 *
 * @returns a function of `env`. It throws a ConfigError when what a function returned does not do.
 */
export function resolveFrom<T, R>(
  issues: Issues,
  option: string,
  input: FromEnv<T, never> | undefined,
  judge: ParseValue<T, R>,
): (env: unknown) => R {
  if (typeof input !== 'function') {
    if (input === undefined) {
      issues.add(option, 'is required')
      return () => throwIssue(issues, option, 'is required')
    }
    const made = judge(input as T, issues.at(option))
    return () => made
  }
  const from = input as (c: { env: unknown }) => T | undefined
  let last: { value: T; made: R } | undefined
  return (env) => {
    const value = call(from, env, issues, option)
    if (last !== undefined && isSame(last.value, value)) return last.made
    const late = issues.child(option)
    const made = judge(value, late)
    late.throwIfAny()
    last = { value: Array.isArray(value) ? ([...value] as T) : value, made }
    return made
  }
}

function call<T>(
  from: (c: { env: unknown }) => T | undefined,
  env: unknown,
  issues: Issues,
  option: string,
): T {
  let value: T | undefined
  try {
    value = from({ env })
  } catch (error) {
    if (error instanceof ConfigError) throw error
    // What was thrown may quote a value; the option's name says enough.
    return throwIssue(issues, option, 'could not be read from the environment')
  }
  return value ?? throwIssue(issues, option, 'is not set')
}

function throwIssue(issues: Issues, option: string, problem: string): never {
  const late = issues.child(option)
  late.add('', problem)
  late.throwIfAny()
  throw new Error('unreachable')
}

function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true
  return (
    Array.isArray(a) &&
    Array.isArray(b) &&
    a.length === b.length &&
    a.every((item, i) => item === b[i])
  )
}
