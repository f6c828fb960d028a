/**
 * Validates session data: copies it as JSON would bring it back, and checks it with the option `schema`.
 * Handles call it for every write (`handle/`), and both engines and legacy imports for every load.
 *
 * Values that JSON would lose (a Date, Map, BigInt, class instance, cycle, NaN) throw `ERR_SESSION_DATA`
 * with their place, never the value. Undefined members are dropped silently. A schema that does not
 * accept the data gives the places of its issues; a schema that throws makes the call reject.
 */
import { PortcullisError } from '../../errors.ts'

// The part of Standard Schema v1 that sessions use is declared here, so that no schema library is a dependency.

/** Any Standard Schema (https://standardschema.dev): zod, valibot, arktype and others implement it. */
export interface Schema<Output> {
  /** The one member that makes an object a Standard Schema. */
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    validate(value: unknown): SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

/** The result of a schema. Without `issues` the value is valid. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/** One problem of a value, and its place. */
export interface SchemaIssue {
  /** The problem in the schema's words. */
  readonly message: string
  /** Keys from the top of the value to the place of the problem. */
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined
}

const MAX_DEPTH = 64

/** Characters of a path that a message quotes. */
const MAX_PATH_LENGTH = 128

/**
 * Copies a value as JSON would bring it back. Undefined members of objects are left out, as JSON does.
 *
 * @param path - place of the value for the message, such as `cart`.
 * @throws {PortcullisError} `ERR_SESSION_DATA` with the place of a value that JSON cannot represent: a Date, Map,
 * BigInt,
 *   function, NaN, class instance, cycle, hole in an array, or a member called `__proto__`.
 */
export function jsonCopy<T>(value: T, path: string): T {
  return copyValue(value, path, 0) as T
}

/**
 * Validates data with a schema.
 *
 * @returns the schema's output, or the places of its issues. The messages of a schema are not used: they may quote
 * values.
 */
export async function validateData<Data>(
  schema: Schema<Data>,
  data: unknown,
): Promise<{ readonly data: Data } | { readonly issues: string }> {
  const validation = schema['~standard'].validate(data)
  const result = validation instanceof Promise ? await validation : validation
  if (result.issues === undefined) return { data: result.value }

  const places = result.issues.map(({ path }) => (path ?? []).map(readKey).join('.') || 'the whole')
  return { issues: places.join(', ') }
}

/** Creates the error for data that must not be written. */
export function dataError(problem: string): PortcullisError {
  return new PortcullisError('ERR_SESSION_DATA', `Session data ${problem}`)
}

function copyValue(value: unknown, path: string, depth: number): unknown {
  if (depth > MAX_DEPTH) {
    throw dataError(
      `is nested more than ${MAX_DEPTH} deep, or has a cycle, at ${path.slice(0, MAX_PATH_LENGTH)}`,
    )
  }

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
  const copy: unknown[] = []

  // The loop counts indexes, since an iteration would skip a hole, which JSON writes as null.
  for (let index = 0; index < value.length; index++) {
    copy.push(copyValue(value[index], `${path}[${index}]`, depth + 1))
  }
  return copy
}

function copyObject(value: object, path: string, depth: number): object {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null && !isForeignPlain(prototype)) {
    throw lossError(prototypeName(prototype), path)
  }
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') throw lossError('toJSON', path)

  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[key]

    // Code that merges the data into an object would otherwise set that object's prototype.
    if (key === '__proto__') {
      throw dataError(`has a member called __proto__${path && ` at ${path}`}`)
    }
    if (member !== undefined) {
      copy[key] = copyValue(member, path ? `${path}.${key}` : key, depth + 1)
    }
  }
  return copy
}

/** True for the Object.prototype of another realm, such as a sandbox's. */
function isForeignPlain(prototype: unknown): boolean {
  return (
    Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf')
  )
}

function lossError(kind: string, path: string): PortcullisError {
  const place = path.slice(0, MAX_PATH_LENGTH) || 'its top'
  return dataError(`holds ${kind} at ${place}, which JSON cannot represent`)
}

function prototypeName(prototype: unknown): string {
  const name: unknown = (prototype as { constructor?: { name?: unknown } }).constructor?.name
  return typeof name === 'string' && name ? `an instance of ${name}` : 'a class instance'
}

function readKey(part: PropertyKey | { readonly key: PropertyKey }): string {
  return String(typeof part === 'object' ? part.key : part)
}
