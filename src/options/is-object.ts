/**
 * Tests whether a value is an object that is not an array. Validators of options and parsers of
 * JSON call it. It never throws; functions are no objects here.
 */

/** Reports whether a value is an object that is not an array. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The same test, for code that then reads members by any name. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return isObject(value)
}
