/**
 * Formats `Server-Timing`: where the time of a request went, for the developer tools of a browser.
 * The monitor adds it where its option says so. It is pure.
 */
import type { RequestLine } from './line.ts'

/**
 * The value of the header: `gw` all of it, `origin` until the upstream's first byte, `session` reading the session; in
 * milliseconds. Workers' clock moves only where something is waited for, so `gw` without the others reads 0 there.
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
