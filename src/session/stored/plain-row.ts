/** The row of a store that has only get, set and delete: written as JSON text, read in whatever form a client returns it. */
import { PortcullisError } from '../../errors.ts'
import { isObject } from '../core/record.ts'

/** What lies under a key. */
export interface PlainRow {
  /** Version, decimal. */
  readonly v: string
  /** The sealed record. */
  readonly d: string
  /** When it was last seen, and when it ends: milliseconds since the epoch. */
  readonly t: number
  readonly x: number
}

/** How many layers of JSON text are opened: a client may serialize what it is given, and so may a driver below it. */
const MOST_LAYERS = 3

/**
 * Reads what `get` returned. Many clients do not return the text that `set` was given: unstorage and `@upstash/redis` parse
 * JSON, others return bytes, or JSON text within JSON text.
 *
 * @returns undefined where nothing is stored, or text that is no row of ours.
 * @throws {PortcullisError} `ERR_STORE_REFUSED` for a value that can be no row in any form, such as a number or a Response:
 *   the store is not usable, and to take that for "no session" would log everybody out in silence.
 */
export function readPlainRow(stored: unknown): PlainRow | undefined {
  let value = stored

  for (let layer = 0; layer <= MOST_LAYERS; layer++) {
    if (value === undefined || value === null || value === '') return undefined

    const text = textIn(value)
    if (text === undefined) {
      if (layer > 0 || isObject(value)) return rowIn(value, layer > 0)
      throw unusable(value)
    }

    try {
      value = JSON.parse(text)
    } catch {
      return undefined
    }
  }

  return undefined
}

/** The text of a string or of bytes: an ArrayBuffer, a view of one, or the JSON form of Node's Buffer. */
function textIn(value: unknown): string | undefined {
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

function rowIn(value: unknown, fromText: boolean): PlainRow | undefined {
  const { v, d, t, x } = (isObject(value) ? value : {}) as Partial<PlainRow>

  if (typeof v === 'string' && typeof d === 'string' && Number.isFinite(t) && Number.isFinite(x)) {
    return { v, d, t: t as number, x: x as number }
  }

  // Text of somebody else may lie there; an object of another shape was made by the client itself.
  if (fromText) return undefined
  throw unusable(value)
}

function unusable(value: unknown): PortcullisError {
  const kind = Array.isArray(value)
    ? 'an array'
    : typeof value === 'object'
      ? 'an object'
      : `a ${typeof value}`
  return new PortcullisError(
    'ERR_STORE_REFUSED',
    `The session store answered get() with ${kind} that is no row of ours; it must return what set() was given, as text, ` +
      'as bytes, or as parsed JSON',
  )
}
