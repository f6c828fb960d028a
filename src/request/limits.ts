/**
 * Limits how large the head of a request may be: its URL, its query and its headers. The gateway
 * and `limitRequests()` compile the check while they are built and call it for each request.
 * Invalid options are added to the caller's list of issues. A check throws nothing: a request over
 * a limit gives the verdict for 414, 400 or 431. Requests to the addresses of device-bound sessions
 * are never limited.
 */
import { checkKeys, type Issues, parseWholeNumber } from '../options/index.ts'
import type { Verdict } from '../types.ts'
import { isDeviceUrl } from './path/device-path.ts'
import type { ReadableHeaders } from './request-head.ts'

/**
 * The limits of a request's head. An absent limit has its default. A longer head is a mistake or an
 * attack.
 */
export interface RequestLimits {
  /**
   * The most bytes of the whole URL; more gets 414. Default 8,192, which is also the largest value,
   * since older servers stop there.
   */
  readonly urlBytes?: number
  /**
   * The most parameters of the query; more gets 400. Default 200: each costs parsers time, and
   * attackers choose names whose hashes collide.
   */
  readonly queryParameters?: number
  /**
   * The most bytes of one parameter, name and value as they are sent; more gets 400. Default 4,096.
   */
  readonly parameterBytes?: number
  /**
   * The most headers, of which several with one name count as one; more gets 431. Default 100, as
   * in nginx and Tomcat.
   */
  readonly headers?: number
  /**
   * The most bytes of one header, name and value; more gets 431. Default 16,384, as in Node and
   * Vercel.
   */
  readonly headerBytes?: number
  /**
   * The most bytes of the Cookie header; more gets 431. Default 16,384: four cookies of the largest
   * size that a browser stores.
   */
  readonly cookieBytes?: number
  /**
   * The most bytes of all headers; more gets 431. Default 32,768, as in Vercel; Cloudflare accepts
   * 128 KB.
   */
  readonly totalHeaderBytes?: number
}

/** The parts of a request that are limited. */
export interface MeasuredRequest {
  readonly url: string
  readonly headers: ReadableHeaders
}

/**
 * Checks the head of a request. `onName` receives the name of each header if no earlier limit was
 * exceeded.
 */
export type CheckLimits = (request: MeasuredRequest, onName?: (name: string) => void) => Verdict

const keys: ReadonlyArray<keyof RequestLimits> = [
  'urlBytes',
  'queryParameters',
  'parameterBytes',
  'headers',
  'headerBytes',
  'cookieBytes',
  'totalHeaderBytes',
]
const withinLimits: Verdict = { ok: true }
const urlTooLong: Verdict = { ok: false, reason: 'url-too-long' }
const queryTooLarge: Verdict = { ok: false, reason: 'query-too-large' }
const headersTooLarge: Verdict = { ok: false, reason: 'headers-too-large' }

/**
 * Validates the options and returns the check. The check allocates nothing for a request within the
 * limits, and does the cheapest comparisons first: lengths, then Cookie, which often grows without
 * an attack, then all headers (about 0.25 us each in workerd).
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
    // Chromium ends a device-bound session if its refresh gets 431, although the browser's cookies
    // may be smaller again the next day.
    if (isDeviceUrl(url)) return withinLimits
    if (url.length > maxUrlBytes) return urlTooLong
    if (!queryFits(url, maxParameters, maxParameterBytes)) return queryTooLarge

    // Header values are byte strings: a character is a byte.
    if ((headers.get('cookie')?.length ?? 0) > maxCookieBytes) return headersTooLarge

    return headersFit(headers, headerLimits, onName) ? withinLimits : headersTooLarge
  }
}

/** Counts the parameters between `&`, including empty ones, because parsers split them as well. */
function queryFits(url: string, maxCount: number, maxBytes: number): boolean {
  let index = url.indexOf('?')
  if (index === -1) return true

  for (let remaining = maxCount; index !== -1; remaining--) {
    if (remaining === 0) return false

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

/**
 * Checks the headers. It uses `forEach`, which cannot stop early, because iterators take a third
 * longer in workerd.
 */
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
