/** How large the head of a request may be: its url, its query, its headers. */
import { checkKeys, type Issues, wholeNumber } from '../options/index.ts'
import type { Verdict } from '../types.ts'

/** Limits on the head of a request. Absent = default. What is longer was made by a mistake or for an attack. */
export interface RequestLimits {
  /** Bytes of the whole url. Default 8,192, which is also the most: older servers stop there. Beyond it 414. */
  readonly urlBytes?: number
  /** Parameters in the query. Default 200: parsers pay for each, and some collide on purpose. Beyond it 400. */
  readonly queryParameters?: number
  /** Bytes of one parameter, name and value as they are sent. Default 4,096. Beyond it 400. */
  readonly parameterBytes?: number
  /** Headers; several of one name count as one. Default 100, as nginx and Tomcat have it. Beyond it 431. */
  readonly headers?: number
  /** Bytes of one header, name and value. Default 16,384, as Node and Vercel have it. Beyond it 431. */
  readonly headerBytes?: number
  /** Bytes of the Cookie header. Default 16,384: four cookies of the largest size a browser keeps. Beyond it 431. */
  readonly cookieBytes?: number
  /** Bytes of all headers. Default 32,768, as Vercel has it; Cloudflare takes 128 KB. Beyond it 431. */
  readonly totalHeaderBytes?: number
}

/** As much of a request as the limits look at. */
export interface MeasuredRequest {
  readonly url: string
  readonly headers: Headers
}

/** Judges the head of a request. Every header's name is shown to `see` where nothing before was too much. */
export type CheckLimits = (request: MeasuredRequest, see?: (name: string) => void) => Verdict

const keys: ReadonlyArray<keyof RequestLimits> = [
  'urlBytes',
  'queryParameters',
  'parameterBytes',
  'headers',
  'headerBytes',
  'cookieBytes',
  'totalHeaderBytes',
]
const accepted: Verdict = { ok: true }
const urlTooLong: Verdict = { ok: false, reason: 'url-too-long' }
const queryTooLarge: Verdict = { ok: false, reason: 'query-too-large' }
const headersTooLarge: Verdict = { ok: false, reason: 'headers-too-large' }

/**
 * Judges the options and makes the check. It allocates nothing for a request that passes, and asks for what is cheapest
 * first: lengths, then the one header that grows in honest hands, then all of them (about 0.25 us each in workerd).
 */
export function compileRequestLimits(
  options: RequestLimits | undefined,
  issues: Issues,
): CheckLimits {
  if (options !== undefined) checkKeys(issues, options, keys)
  const given: RequestLimits = Object(options)
  const bytes = (option: keyof RequestLimits, defaultValue: number, most: number): number =>
    wholeNumber(issues, option, given[option], defaultValue, { min: 1, max: most, unit: 'bytes' })
  const count = (option: keyof RequestLimits, defaultValue: number, most: number): number =>
    wholeNumber(issues, option, given[option], defaultValue, { min: 1, max: most, unit: option })
  const mostUrl = bytes('urlBytes', 8192, 8192)
  const mostParameters = count('queryParameters', 200, 8192)
  const mostParameter = bytes('parameterBytes', 4096, 8192)
  const mostHeaders = count('headers', 100, 1000)
  const mostHeader = bytes('headerBytes', 16_384, 131_072)
  const mostCookie = bytes('cookieBytes', 16_384, 131_072)
  const mostTotal = bytes('totalHeaderBytes', 32_768, 131_072)

  return ({ url, headers }, see) => {
    if (url.length > mostUrl) return urlTooLong
    if (!queryFits(url, mostParameters, mostParameter)) return queryTooLarge

    // Header values are byte strings: a character is a byte.
    if ((headers.get('cookie')?.length ?? 0) > mostCookie) return headersTooLarge

    return headersFit(headers, mostHeaders, mostHeader, mostTotal, see) ? accepted : headersTooLarge
  }
}

/** Counts what stands between the `&`; empty parameters are some, since parsers split them off all the same. */
function queryFits(url: string, most: number, longest: number): boolean {
  let at = url.indexOf('?')
  if (at === -1) return true

  for (let left = most; at !== -1; left--) {
    if (left === 0) return false

    const next = url.indexOf('&', at + 1)
    if ((next === -1 ? url.length : next) - at - 1 > longest) return false

    at = next
  }

  return true
}

/** `forEach`, since iterators cost a third more in workerd; it cannot stop, but what it walks over is in memory already. */
function headersFit(
  headers: Headers,
  most: number,
  longest: number,
  total: number,
  see: ((name: string) => void) | undefined,
): boolean {
  let count = 0
  let sum = 0
  let fits = true

  headers.forEach((value, name) => {
    const size = name.length + value.length
    if (size > longest) fits = false
    count++
    sum += size
    see?.(name)
  })

  return fits && count <= most && sum <= total
}
