/**
 * Posts OTLP bodies to a collector within a time limit, and queues finished spans up to a bound.
 * The collector of `telemetry()` calls both. Neither throws: the result of a post says whether the
 * body was accepted, should be sent again, or was rejected; a timeout or network error counts as
 * the second. Redirects are not followed, because the headers may contain a token. Spans over the
 * queue's bound are dropped and counted.
 */
import { withTimeout } from '../timeout.ts'
import type { FinishedSpan } from './span.ts'

/** The collector, and the headers of each post. */
export interface ExportTarget {
  /** The base URL; `/v1/traces` and `/v1/metrics` are appended. */
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
}

/** The result of a post. */
export type PostResult =
  | { readonly status: 'delivered' }
  /**
   * The body should be sent again later (429, 502, 503, 504), or the collector could not be
   * reached.
   */
  | { readonly status: 'retryable'; readonly reason: string }
  | { readonly status: 'rejected'; readonly reason: string }

/**
 * The statuses after which the protocol wants the same request again (OTLP specification,
 * "Retryable Response Codes").
 */
const retryableStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504])

/**
 * Posts one body as JSON. It never throws. It follows no redirect, because the headers may contain
 * a token.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export async function postOtlp(
  path: '/v1/traces' | '/v1/metrics',
  body: string,
  target: ExportTarget,
  options: { readonly fetch: typeof fetch; readonly timeoutMs: number },
): Promise<PostResult> {
  const { fetch: send, timeoutMs } = options
  try {
    const response = await withTimeout(timeoutMs, (signal) =>
      send(target.endpoint + path, {
        method: 'POST',
        headers: { ...target.headers, 'content-type': 'application/json' },
        body,
        redirect: 'manual',
        signal,
      }),
    )

    response.body?.cancel().catch(() => {})
    if (response.ok) return { status: 'delivered' }

    const reason = `http-${response.status}`

    return { status: retryableStatuses.has(response.status) ? 'retryable' : 'rejected', reason }
  } catch {
    return { status: 'retryable', reason: 'unreachable' }
  }
}

/**
 * A queue of spans that wait for the next export. Spans that do not fit are dropped and counted.
 */
export class SpanQueue {
  readonly #capacity: number
  #spans: FinishedSpan[] = []
  #dropped = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#spans.length
  }

  /** The number of spans dropped since the start. */
  get dropped(): number {
    return this.#dropped
  }

  /** Appends spans while there is room. */
  push(spans: readonly FinishedSpan[]): void {
    const remainingRoom = Math.max(0, this.#capacity - this.#spans.length)
    this.#spans.push(...spans.slice(0, remainingRoom))
    this.#dropped += Math.max(0, spans.length - remainingRoom)
  }

  /** Removes and returns all spans. */
  drain(): FinishedSpan[] {
    const spans = this.#spans
    this.#spans = []
    return spans
  }
}
