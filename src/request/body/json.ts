/**
 * Reads JSON from a request within limits of type, size, depth and keys. Applications call
 * `readJson()`; the login throttle and the GraphQL guard use its parts. A body that exceeds a
 * limit, or is not JSON, gives a reason for 400, 413 or 415 instead of an exception. It only
 * rejects with an error of the stream, for example when the client disconnects.
 */
import {
  type BodyError,
  type BodyReason,
  boundBody,
  checkBody,
  type RequestWithBody,
} from './body.ts'
import { mediaType } from './content-type.ts'
import { jsonFits } from './json-scan.ts'

/** The limits of JSON. An absent limit has its default. */
export interface JsonLimits {
  /** The most bytes. Default 102,400 (100 KB), as in Express. */
  readonly maxBytes?: number
  /**
   * The deepest nesting of lists and objects. Default 32: no form is deeper, and code that walks a
   * value is often recursive.
   */
  readonly maxDepth?: number
}

/** The value that was read, or the reason of the rejection. */
export type JsonResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: BodyReason }

/**
 * Reads the JSON of a request: `application/json` or `...+json`, not compressed, UTF-8, within size
 * and depth. A key `__proto__`, or `prototype` in a `constructor`, is rejected at any depth and in
 * any escaping: only attacks send these, to reach the prototype of code that copies the value
 * (CWE-1321).
 *
 * @throws the error of the stream when the client disconnects
 */
export async function readJson(
  request: RequestWithBody,
  limits: JsonLimits = {},
): Promise<JsonResult> {
  const { maxBytes = 102_400, maxDepth = 32 } = limits
  const verdict = checkBody(request, { maxBytes, types: isJsonType, inspected: true })
  if (!verdict.ok) return verdict
  if (verdict.body === undefined) return { ok: false, reason: 'body-malformed' }

  let rejection: BodyError | undefined
  const onRefuse = (bodyError: BodyError): void => {
    rejection = bodyError
  }

  try {
    const text = await readText(
      boundBody(verdict.body, { maxBytes, length: verdict.length, onRefuse }),
    )
    return text === undefined ? { ok: false, reason: 'body-malformed' } : parseJson(text, maxDepth)
  } catch (error) {
    // The thrown error itself is not used, because a stream in between may have wrapped it.
    if (rejection) return { ok: false, reason: rejection.reason }
    throw error
  }
}

/** Parses a text within the same limits as {@link readJson}. */
export function parseJson(text: string, maxDepth = 32): JsonResult {
  // The depth is checked before the parser, which on some engines recurses.
  if (!jsonFits(text, maxDepth)) return { ok: false, reason: 'body-malformed' }
  try {
    return { ok: true, value: JSON.parse(text) }
  } catch {
    return { ok: false, reason: 'body-malformed' }
  }
}

/** Reads the text of a stream; undefined where it is not UTF-8. */
async function readText(stream: ReadableStream<Uint8Array>): Promise<string | undefined> {
  const reader = stream.getReader()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''

  for (;;) {
    const { done: isDone, value } = await reader.read()
    try {
      text += isDone ? decoder.decode() : decoder.decode(value, { stream: true })
    } catch {
      reader.cancel().catch(() => {})
      return undefined
    }

    if (isDone) return text
  }
}

function isJsonType(headers: Pick<Headers, 'get'>): boolean {
  const type = mediaType(headers)
  return type !== undefined && (type === 'application/json' || type.endsWith('+json'))
}
