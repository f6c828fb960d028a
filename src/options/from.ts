/**
 * Resolves options that may be functions of the environment, and caches the parsed result by value.
 * Every module with such an option calls it. Plain values are parsed while building, with their
 * problems added to the caller's list of issues. The result of a function is parsed at the first
 * request, where a missing or invalid value throws a `ConfigError` that names the option and never
 * its value. If the function throws, so does this, with a neutral message.
 */
import { ConfigError } from '../errors.ts'
import type { FromEnv } from '../types.ts'
import type { Issues } from './issues.ts'

/** Validates a resolved value and compiles it into the form that requests need. */
export type ParseValue<T, R> = (value: T, issues: Issues) => R

/**
 * Resolves a `FromEnv` option. A plain value is parsed now. The result of a function is parsed at
 * the first request and cached by value (strings and lists of strings by content): a changed secret
 * takes effect without a restart, and an unchanged one is not parsed again.
 *
 * @returns a function of `env`. It throws a ConfigError if the option's function returned an
 *   invalid value.
 */
export function resolveFrom<T, R>(
  issues: Issues,
  optionName: string,
  input: FromEnv<T, never> | undefined,
  parse: ParseValue<T, R>,
): (env: unknown) => R {
  if (input === undefined) {
    issues.add(optionName, 'is required')
    return () => throwIssue(issues, optionName, 'is required')
  }
  if (typeof input !== 'function') {
    const result = parse(input as T, issues.at(optionName))
    return () => result
  }

  const read = input as (c: { env: unknown }) => T | undefined
  let cache: { value: T; result: R } | undefined
  return (env) => {
    const value = readValue(read, env, issues, optionName)
    if (cache !== undefined && isSame(cache.value, value)) return cache.result

    const valueIssues = issues.child(optionName)
    const result = parse(value, valueIssues)
    valueIssues.throwIfAny()
    cache = { value: Array.isArray(value) ? ([...value] as T) : value, result }
    return result
  }
}

function readValue<T>(
  read: (c: { env: unknown }) => T | undefined,
  env: unknown,
  issues: Issues,
  optionName: string,
): T {
  let value: T | undefined
  try {
    value = read({ env })
  } catch (error) {
    if (error instanceof ConfigError) throw error
    // The message of another error may quote a value, so it is not used.
    return throwIssue(issues, optionName, 'could not be read from the environment')
  }
  return value ?? throwIssue(issues, optionName, 'is not set')
}

function throwIssue(issues: Issues, optionName: string, problem: string): never {
  const valueIssues = issues.child(optionName)
  valueIssues.add('', problem)
  valueIssues.throwIfAny()
  throw new Error('unreachable')
}

function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true
  return (
    Array.isArray(a) &&
    Array.isArray(b) &&
    a.length === b.length &&
    a.every((item, index) => item === b[index])
  )
}
