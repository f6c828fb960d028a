/**
 * Serves byte ranges of a cached response (RFC 9110 section 14). `respond.ts` calls it. It is
 * pure; a range that cannot be read is ignored, so the client gets the whole response.
 */
import { parseHttpDate } from '../../request/index.ts'

/** First and last byte, both of them included; or that no byte is in the range. */
export type ByteRange = { readonly first: number; readonly last: number } | 'unsatisfiable'

/**
 * The range that a request asks for of `length` bytes; undefined where it is to get all of them: with no range, several ones, or
 * one that cannot be read.
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
 * Whether a client's `If-Range` matches the cached response; only strong validators count. RFC 9110
 * section 13.1.5.
 */
export function isSameForRange(requestHeaders: Headers, cachedHeaders: Headers): boolean {
  const condition = requestHeaders.get('if-range')?.trim()
  if (condition === undefined) return true
  if (condition.startsWith('"')) return condition === cachedHeaders.get('etag')
  const [conditionDate, responseDate] = [
    parseHttpDate(condition),
    parseHttpDate(cachedHeaders.get('date')),
  ]

  // Section 8.8.2.2: a date is strong where it lies a second before the answer that had it.
  return (
    conditionDate !== undefined &&
    condition === cachedHeaders.get('last-modified') &&
    responseDate !== undefined &&
    responseDate - conditionDate >= 1000
  )
}
