/**
 * Reads JSON from a request within bounds: type, size, depth and keys. Applications and the
 * GraphQL guard call it. A body that breaks a bound gives the status for its response; only an
 * error of the stream is thrown.
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

/** How much JSON is taken. Absent = default. */
export interface JsonLimits {
  /** Bytes. Default 102,400 (100 KB), as Express has it. */
  readonly maxBytes?: number
  /** Lists and objects in each other. Default 32; no form is deeper, and code that walks a value is often recursive. */
  readonly maxDepth?: number
}

/** The value that was read, or the reason why it was not. */
export type JsonResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: BodyReason }

/**
 * Reads the JSON of a request: `application/json` or `...+json`, not compressed, UTF-8, within size and depth. A key
 * `__proto__`, or `prototype` in a `constructor`, is refused wherever it stands and however it is escaped: no one sends
 * them but to reach the prototype of whatever copies the value (CWE-1321).
 *
 * @throws what the stream rejects with when the client goes away
 */
export async function readJson(
  request: RequestWithBody,
  limits: JsonLimits = {},
): Promise<JsonResult> {
  const { maxBytes = 102_400, maxDepth = 32 } = limits
  const verdict = checkBody(request, { maxBytes, types: isJsonType, inspected: true })
  if (!verdict.ok) return verdict
  if (verdict.body === undefined) return { ok: false, reason: 'body-malformed' }

  let refused: BodyError | undefined
  const onRefuse = (bodyError: BodyError): void => {
    refused = bodyError
  }

  try {
    const text = await readText(
      boundBody(verdict.body, { maxBytes, length: verdict.length, onRefuse }),
    )
    return text === undefined ? { ok: false, reason: 'body-malformed' } : parseJson(text, maxDepth)
  } catch (error) {
    // Not what was thrown: a stream in between may have wrapped it.
    if (refused) return { ok: false, reason: refused.reason }
    throw error
  }
}

/** {@link readJson} of a text. */
export function parseJson(text: string, maxDepth = 32): JsonResult {
  // Before the parser, which on some engines recurses.
  if (!jsonFits(text, maxDepth)) return { ok: false, reason: 'body-malformed' }
  try {
    return { ok: true, value: JSON.parse(text) }
  } catch {
    return { ok: false, reason: 'body-malformed' }
  }
}

/** The text of a stream; undefined for what is no UTF-8. */
async function readText(stream: ReadableStream<Uint8Array>): Promise<string | undefined> {
  const reader = stream.getReader()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''

  for (;;) {
    const { done, value } = await reader.read()
    try {
      text += done ? decoder.decode() : decoder.decode(value, { stream: true })
    } catch {
      reader.cancel().catch(() => {})
      return undefined
    }

    if (done) return text
  }
}

function isJsonType(headers: Pick<Headers, 'get'>): boolean {
  const type = mediaType(headers)
  return type !== undefined && (type === 'application/json' || type.endsWith('+json'))
}
