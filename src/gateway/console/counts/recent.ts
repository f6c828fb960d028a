/**
 * Converts the log line of a request to the entry that the console lists. `observe.ts` creates entries,
 * and `redis-counts.ts` parses those that other isolates have stored in Redis; the counts and the page
 * use the type. Text that is no entry gives undefined. Only some fields of an entry are checked, so a
 * value from Redis is trusted otherwise.
 */
import type { RequestLine } from '../../../monitor/line.ts'

/**
 * One request in the list. It holds no path, query or whole address, so that the page shows no text that a client has
 * chosen.
 */
export interface RecentRequest {
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly method: string
  /** The pattern of the route, never the path. */
  readonly route: string | undefined
  readonly status: number
  readonly decision: RequestLine['decision']
  readonly reason: string | undefined
  readonly upstream: string | undefined
  readonly millis: number
  /** The client's IP address, cut to its /24 (IPv4) or /48 (IPv6). */
  readonly client: string | undefined
}

/** Creates the entry of a request from its log line. */
export function createRecentRequest(line: RequestLine, at: number): RecentRequest {
  const { requestId: id, method, route, status, decision, reason, upstream, client } = line
  const millis = line.totalMs
  return { id, at, method, route, status, decision, reason, upstream, millis, client }
}

/** Parses an entry from the JSON that Redis holds; returns undefined for any other text. */
export function parseRecentRequest(text: unknown): RecentRequest | undefined {
  try {
    const value: unknown = JSON.parse(String(text))
    const { id, at, method, status, decision } = Object(value) as Partial<RecentRequest>
    const isRequest =
      typeof id === 'string' &&
      typeof at === 'number' &&
      typeof method === 'string' &&
      typeof status === 'number' &&
      typeof decision === 'string'
    return isRequest ? (value as RecentRequest) : undefined
  } catch {
    return undefined
  }
}
