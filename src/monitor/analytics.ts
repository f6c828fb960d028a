/**
 * Converts a request's log line to a data point of Workers Analytics Engine. `monitor()` writes it
 * for each request if its option `analytics` is set, and applications may call it for their own
 * dataset; the audit sink uses its types. It is pure and throws nothing. The columns never change
 * their numbers, because queries refer to them; docs/monitoring.md lists them.
 */
import type { RequestLine } from './line.ts'

/** The part of a binding of `analytics_engine_datasets` that is used. */
export interface AnalyticsDataset {
  /** Writes one point. It returns immediately and reports no failure. */
  writeDataPoint(point: AnalyticsPoint): void
}

/** One point: at most one index of 96 bytes, 20 blobs of 16 KB together, 20 doubles. */
export interface AnalyticsPoint {
  /** The key by which points are sampled. */
  readonly indexes: readonly string[]
  /** The columns with texts. */
  readonly blobs: readonly string[]
  /** The columns with numbers. */
  readonly doubles: readonly number[]
}

/**
 * Converts a log line to a data point for Analytics Engine. The layout is stable, because queries refer to columns by
 * number: new columns are appended. docs/monitoring.md has it as a table. An unknown number is -1, since 0 is a
 * measurement.
 *
 * @example
 * env.ANALYTICS.writeDataPoint(analyticsPoint(line))
 */
export function analyticsPoint(requestLine: RequestLine): AnalyticsPoint {
  const {
    route = '',
    method,
    upstream = '',
    decision,
    reason = '',
    code: errorCode = '',
    cache = '',
    version = '',
  } = requestLine

  return {
    // The index makes Analytics Engine sample each route separately. A point with a longer index
    // would be dropped.
    indexes: [truncateBytes(route, 96)],
    blobs: [route, method, upstream, decision, reason, errorCode, cache, version],
    doubles: [
      requestLine.status,
      requestLine.totalMs,
      requestLine.upstreamStatus ?? -1,
      requestLine.ttfbMs ?? -1,
      requestLine.sessionMs ?? -1,
      requestLine.retries ?? 0,
      requestLine.requestBytes ?? -1,
      requestLine.responseBytes ?? -1,
    ],
  }
}

/**
 * Shortens a text to a number of bytes. A UTF-16 unit has at most three bytes in UTF-8; routes are
 * usually ASCII.
 */
function truncateBytes(text: string, maxBytes: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is all of ASCII.
  return /^[\x00-\x7f]*$/.test(text) ? text.slice(0, maxBytes) : text.slice(0, maxBytes / 3)
}
