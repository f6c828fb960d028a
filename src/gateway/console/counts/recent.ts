/**
 * Reads from the line of a request what the console shows of it. `observe.ts` creates the entries,
 * and `redis-counts.ts` parses those of other isolates. Text that is no such entry gives
 * undefined.
 */
import type { RequestLine } from '../../../monitor/line.ts'

/** One request in the list. It holds nothing that a client can choose freely, and no whole address. */
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
  /** The address, cut to its /24 or /48. */
  readonly client: string | undefined
}

/** Reads them. */
export function createRecentRequest(line: RequestLine, at: number): RecentRequest {
  const { requestId: id, method, route, status, decision, reason, upstream, client } = line
  const millis = line.totalMs
  return { id, at, method, route, status, decision, reason, upstream, millis, client }
}

/** Reads one that came as JSON from Redis; undefined for anything else. */
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
