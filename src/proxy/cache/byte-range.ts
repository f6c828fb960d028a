/**
 * Reads the byte range that a request asks for, and checks `If-Range` against a cached response (RFC 9110 section 14).
 * `respond.ts` calls it. It does not throw. A malformed range, or several ranges, are ignored, so the client gets the
 * whole response; a range beyond the end is `unsatisfiable`, which the caller answers with 416.
 */
import { parseHttpDate } from '../../request/index.ts'

/** Positions of the first and the last byte, both included; `unsatisfiable` if no byte is in the range. */
export type ByteRange = { readonly first: number; readonly last: number } | 'unsatisfiable'

/**
 * Reads the range that a request asks for in a body of `length` bytes. Returns undefined if the client gets the whole
 * body: for no range, for several ranges, and for a malformed one.
 */
export function readRange(headers: Headers, length: number): ByteRange | undefined {
  const match = /^bytes=(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))$/i.exec(
    headers.get('range')?.trim() ?? '',
  )
  if (match === null) return undefined
  const [, firstText, lastText = '', suffix] = match
  if (suffix !== undefined) {
    const suffixLength = Math.min(Number(suffix), length)
    return suffixLength === 0 ? 'unsatisfiable' : { first: length - suffixLength, last: length - 1 }
  }

  const firstByte = Number(firstText)
  if (lastText !== '' && Number(lastText) < firstByte) return undefined
  if (firstByte >= length) return 'unsatisfiable'
  return {
    first: firstByte,
    last: lastText === '' ? length - 1 : Math.min(Number(lastText), length - 1),
  }
}

/**
 * Whether a client's `If-Range` matches the cached response, so that it may get a part. Only strong
 * validators match (RFC 9110 section 13.1.5). A request without `If-Range` matches.
 */
export function isSameForRange(requestHeaders: Headers, cachedHeaders: Headers): boolean {
  const condition = requestHeaders.get('if-range')?.trim()
  if (condition === undefined) return true
  if (condition.startsWith('"')) return condition === cachedHeaders.get('etag')
  const [conditionDate, responseDate] = [
    parseHttpDate(condition),
    parseHttpDate(cachedHeaders.get('date')),
  ]

  // RFC 9110 section 8.8.2.2: a modification date is strong if it is at least a second before the Date of its response.
  return (
    conditionDate !== undefined &&
    condition === cachedHeaders.get('last-modified') &&
    responseDate !== undefined &&
    responseDate - conditionDate >= 1000
  )
}
