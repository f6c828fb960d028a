/**
 * Reads the row of a store that has only `get`, `set` and `delete`. Rows are written as JSON text, and read in
 * every form in which a client may return that text. `plain-store/store.ts` calls it for each read.
 *
 * Nothing stored, and text that is not a row, read as undefined. A value that cannot come from `set`, such as a
 * number or a `Response`, throws `ERR_STORE_REFUSED`, so that a wrong store does not sign everybody out
 * silently.
 */
import { PortcullisError } from '../../../errors.ts'
import { isObject } from '../../../options/is-object.ts'

/** The value under a key. */
export interface PlainRow {
  /** The version, a decimal number. */
  readonly v: string
  /** The sealed record. */
  readonly d: string
  /** When the session was last seen, in milliseconds since the epoch. */
  readonly t: number
  /** When the session ends, in milliseconds since the epoch. */
  readonly x: number
}

/** Most layers of JSON text that are parsed: a client may serialize its values, and so may a driver below it. */
const MAX_LAYERS = 3

/**
 * Reads the result of `get`. Many clients do not return the text that `set` received: unstorage and `@upstash/redis`
 * parse JSON, others return bytes, or JSON text within JSON text.
 *
 * @returns undefined if nothing is stored, or text that is not a row of ours.
 * @throws {PortcullisError} `ERR_STORE_REFUSED` for a value that is not a row in any form, such as a number or a
 * Response.
 */
export function readPlainRow(result: unknown): PlainRow | undefined {
  let value = result

  for (let layer = 0; layer <= MAX_LAYERS; layer++) {
    if (value === undefined || value === null || value === '') return undefined

    const text = readText(value)
    if (text === undefined) {
      if (layer > 0 || isObject(value)) return readMembers(value, layer > 0)
      throw createUnusableError(value)
    }

    try {
      value = JSON.parse(text)
    } catch {
      return undefined
    }
  }

  return undefined
}

/** Reads the text of a string or of bytes: an ArrayBuffer, a view of one, or the JSON form of Node's Buffer. */
function readText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return decode(value)
  if (!isObject(value)) return undefined

  const { type, data } = value as { readonly type?: unknown; readonly data?: unknown }
  return type === 'Buffer' && Array.isArray(data)
    ? decode(Uint8Array.from(data as number[]))
    : undefined
}

function decode(bytes: ArrayBuffer | ArrayBufferView): string {
  return new TextDecoder().decode(bytes as AllowSharedBufferSource)
}

function readMembers(value: unknown, wasText: boolean): PlainRow | undefined {
  const { v, d, t, x } = (isObject(value) ? value : {}) as Partial<PlainRow>

  if (typeof v === 'string' && typeof d === 'string' && Number.isFinite(t) && Number.isFinite(x)) {
    return { v, d, t: t as number, x: x as number }
  }

  // Text may belong to another program. An object of another shape comes from the client itself, such as a Response.
  if (wasText) return undefined
  throw createUnusableError(value)
}

function createUnusableError(value: unknown): PortcullisError {
  const type = Array.isArray(value)
    ? 'an array'
    : typeof value === 'object'
      ? 'an object'
      : `a ${typeof value}`
  return new PortcullisError(
    'ERR_STORE_REFUSED',
    `get() of the session store returned ${type} that is not a session row: it must return ` +
      'the value that set() received, as a string, as bytes, or as parsed JSON',
  )
}
