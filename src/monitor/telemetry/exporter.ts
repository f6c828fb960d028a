/**
 * Posts bodies to an OTLP endpoint within a time limit, and bounds the queue of spans.
 * `collector.ts` calls it. It never throws: its result says whether the collector accepted the
 * body or wants it again.
 */
import { withTimeout } from '../timeout.ts'
import type { FinishedSpan } from './span.ts'

/** Where and how to send. */
export interface ExportTarget {
  /** Base address; `/v1/traces` and `/v1/metrics` are appended. */
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
}

/** How a post ended. */
export type PostResult =
  | { readonly status: 'delivered' }
  /** The collector asks for the same again later (429, 502, 503, 504), or could not be reached. */
  | { readonly status: 'retryable'; readonly reason: string }
  | { readonly status: 'rejected'; readonly reason: string }

/** Answers after which the protocol wants the same request again (OTLP specification, "Retryable Response Codes"). */
const retryableStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504])

/**
 * Posts one body as JSON. It never throws, and follows no redirect: the headers may hold a token.
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

/** Spans that wait for the next export. What does not fit is dropped and counted. */
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

  /** Spans that did not fit since the start. */
  get dropped(): number {
    return this.#dropped
  }

  /** Appends spans as long as there is room. */
  push(spans: readonly FinishedSpan[]): void {
    const remainingRoom = Math.max(0, this.#capacity - this.#spans.length)
    this.#spans.push(...spans.slice(0, remainingRoom))
    this.#dropped += Math.max(0, spans.length - remainingRoom)
  }

  /** Takes out everything. */
  drain(): FinishedSpan[] {
    const spans = this.#spans
    this.#spans = []
    return spans
  }
}
