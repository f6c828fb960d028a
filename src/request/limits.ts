/**
 * Limits how large the head of a request may be: its url, its query, its headers. The gateway and
 * `limitRequests()` compile the check and call it for each request. A wrong option is reported as
 * an issue.
 */
import { checkKeys, type Issues, parseWholeNumber } from '../options/index.ts'
import type { Verdict } from '../types.ts'
import { isDeviceUrl } from './path/device-path.ts'
import type { ReadableHeaders } from './request-head.ts'

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
  readonly headers: ReadableHeaders
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
 * Validates the options and returns the check. It allocates nothing for a request that is accepted, and checks the cheapest
 * limits first: lengths, then Cookie, which also grows without an attack, then all headers (about 0.25 us each in workerd).
 */
export function compileRequestLimits(
  options: RequestLimits | undefined,
  issues: Issues,
): CheckLimits {
  if (options !== undefined) checkKeys(issues, options, keys)
  const input: RequestLimits = Object(options)
  const bytes = (option: keyof RequestLimits, defaultValue: number, max: number): number =>
    parseWholeNumber(issues, option, input[option], { min: 1, max, unit: 'bytes' }) ?? defaultValue
  const count = (option: keyof RequestLimits, defaultValue: number, max: number): number =>
    parseWholeNumber(issues, option, input[option], { min: 1, max, unit: option }) ?? defaultValue
  const maxUrlBytes = bytes('urlBytes', 8192, 8192)
  const maxParameters = count('queryParameters', 200, 8192)
  const maxParameterBytes = bytes('parameterBytes', 4096, 8192)
  const maxCount = count('headers', 100, 1000)
  const maxBytes = bytes('headerBytes', 16_384, 131_072)
  const maxCookieBytes = bytes('cookieBytes', 16_384, 131_072)
  const maxTotalBytes = bytes('totalHeaderBytes', 32_768, 131_072)
  const headerLimits: HeaderLimits = { maxCount, maxBytes, maxTotalBytes }

  return ({ url, headers }, onName) => {
    // Chromium ends the session of a browser that gets 431, and its cookies may be smaller again tomorrow.
    if (isDeviceUrl(url)) return accepted
    if (url.length > maxUrlBytes) return urlTooLong
    if (!queryFits(url, maxParameters, maxParameterBytes)) return queryTooLarge

    // Header values are byte strings: a character is a byte.
    if ((headers.get('cookie')?.length ?? 0) > maxCookieBytes) return headersTooLarge

    return headersFit(headers, headerLimits, onName) ? accepted : headersTooLarge
  }
}

/** Counts the parameters between `&`, including empty ones, because parsers split them as well. */
function queryFits(url: string, maxCount: number, maxBytes: number): boolean {
  let index = url.indexOf('?')
  if (index === -1) return true

  for (let left = maxCount; index !== -1; left--) {
    if (left === 0) return false

    const next = url.indexOf('&', index + 1)
    if ((next === -1 ? url.length : next) - index - 1 > maxBytes) return false

    index = next
  }

  return true
}

/** Limits of the headers of a request. */
interface HeaderLimits {
  readonly maxCount: number
  /** The maximum size of one header, name and value. */
  readonly maxBytes: number
  readonly maxTotalBytes: number
}

/** Uses `forEach`, because iterators cost a third more in workerd. It cannot stop early. */
function headersFit(
  headers: ReadableHeaders,
  { maxCount, maxBytes, maxTotalBytes }: HeaderLimits,
  onName: ((name: string) => void) | undefined,
): boolean {
  let count = 0
  let sum = 0
  let fits = true

  headers.forEach((value, name) => {
    const size = name.length + value.length
    if (size > maxBytes) fits = false
    count++
    sum += size
    onName?.(name)
  })

  return fits && count <= maxCount && sum <= maxTotalBytes
}
