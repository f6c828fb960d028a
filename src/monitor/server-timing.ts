/**
 * Formats the response header `Server-Timing` from a request's measurements, which the developer
 * tools of browsers show. `monitor()` calls it if its option `serverTiming` is on. It is pure and
 * throws nothing; measurements that are missing are left out.
 */
import type { RequestLine } from './line.ts'

/**
 * Formats the header's value. `gw` is the total time, `origin` the time until the upstream's first
 * byte, and `session` the time to read the session, all in ms. The clock of Workers only advances
 * during I/O, so `gw` reads 0 there for a request without any.
 *
 * @see https://www.w3.org/TR/server-timing/ section 2
 */
export function formatServerTiming({ totalMs, ttfbMs, sessionMs, cache }: RequestLine): string {
  let headerValue = `gw;dur=${totalMs}`
  if (ttfbMs !== undefined) headerValue += `, origin;dur=${ttfbMs}`
  if (sessionMs !== undefined) headerValue += `, session;dur=${sessionMs}`
  if (cache !== undefined) headerValue += `, cache;desc=${cache}`

  return headerValue
}
