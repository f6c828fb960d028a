/** Session data is judged before it is written: what JSON would lose, and what a schema refuses. */
import { PortcullisError } from '../../errors.ts'
import type { Schema } from './schema.ts'

const MAX_DEPTH = 64

/**
 * A copy of a value as JSON brings it back; undefined members of objects are left out, as JSON does.
 *
 * @param path - where the value stands, for the message, such as `cart`.
 * @throws {PortcullisError} `ERR_SESSION_DATA` naming the place of what JSON cannot carry: a Date, Map, BigInt, function,
 *   NaN, class instance, cycle, hole in an array, or a member called `__proto__`.
 */
export function jsonCopy<T>(value: T, path: string): T {
  return copyValue(value, path, 0) as T
}

/**
 * Passes data through a schema.
 *
 * @returns what the schema made of it, or the places it found wrong.
 */
export async function passSchema<Data>(
  schema: Schema<Data>,
  data: unknown,
): Promise<{ readonly data: Data } | { readonly wrong: string }> {
  const answer = schema['~standard'].validate(data)
  const result = answer instanceof Promise ? await answer : answer
  if (result.issues === undefined) return { data: result.value }
  // Places only: an issue's message may quote the value.
  return {
    wrong: result.issues
      .map(({ path }) => (path ?? []).map(readKey).join('.') || 'the whole')
      .join(', '),
  }
}

/** The error for data that may not be written. */
export function dataError(problem: string): PortcullisError {
  return new PortcullisError('ERR_SESSION_DATA', `Session data ${problem}`)
}

function copyValue(value: unknown, path: string, depth: number): unknown {
  if (depth > MAX_DEPTH)
    throw dataError(
      `is nested more than ${MAX_DEPTH} deep, or has a cycle, at ${path.slice(0, 128)}`,
    )
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      if (!Number.isFinite(value)) throw lossError(`${value}`, path)
      return value
    case 'object':
      if (value === null) return null
      return Array.isArray(value) ? copyArray(value, path, depth) : copyObject(value, path, depth)
    default:
      throw lossError(typeof value, path)
  }
}

function copyArray(value: unknown[], path: string, depth: number): unknown[] {
  const made: unknown[] = []
  // By index: a hole is undefined here and null in JSON.
  for (let i = 0; i < value.length; i++) made.push(copyValue(value[i], `${path}[${i}]`, depth + 1))
  return made
}

function copyObject(value: object, path: string, depth: number): object {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null && !isForeignPlain(prototype)) {
    throw lossError(prototypeName(prototype), path)
  }
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') throw lossError('toJSON', path)
  const made: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[key]
    // As a member of an object literal it would become the prototype of whoever merges it.
    if (key === '__proto__')
      throw dataError(`has a member called __proto__${path && ` at ${path}`}`)
    if (member !== undefined)
      made[key] = copyValue(member, path ? `${path}.${key}` : key, depth + 1)
  }
  return made
}

/** Object.prototype of another realm, such as a sandbox's. */
function isForeignPlain(prototype: unknown): boolean {
  return (
    Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf')
  )
}

function lossError(what: string, path: string): PortcullisError {
  return dataError(`holds ${what} at ${path.slice(0, 128) || 'its top'}, which JSON cannot carry`)
}

function prototypeName(prototype: unknown): string {
  const name: unknown = (prototype as { constructor?: { name?: unknown } }).constructor?.name
  return typeof name === 'string' && name ? `an instance of ${name}` : 'a class instance'
}

function readKey(part: PropertyKey | { readonly key: PropertyKey }): string {
  return String(typeof part === 'object' ? part.key : part)
}
