/**
 * Converts the line of a request to a data point of Workers Analytics Engine. The monitor writes
 * it for each request. The layout is stable; docs/monitoring.md has it as a table. It is pure.
 */
import type { RequestLine } from './line.ts'

/** A binding of `analytics_engine_datasets`, as far as it is used. */
export interface AnalyticsDataset {
  /** Writes one point. It returns immediately and reports no failure. */
  writeDataPoint(point: AnalyticsPoint): void
}

/** One point: at most one index of 96 bytes, 20 blobs of 16 KB together, 20 doubles. */
export interface AnalyticsPoint {
  /** The key by which points are sampled. */
  readonly indexes: readonly string[]
  /** Texts. */
  readonly blobs: readonly string[]
  /** Numbers. */
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
    // At a high volume each route is sampled separately. A longer index would drop the point.
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

/** A character is three bytes of UTF-8 at most, and canonical paths are ASCII. */
function truncateBytes(text: string, maxBytes: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant.
  return /^[\x00-\x7f]*$/.test(text) ? text.slice(0, maxBytes) : text.slice(0, maxBytes / 3)
}
