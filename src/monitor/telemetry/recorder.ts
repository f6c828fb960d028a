/**
 * Records the child spans of a request: reading the session, each request to Redis, and each
 * attempt at an upstream. The gateway calls it around these steps through `monitor().spans`, and
 * `telemetry()` exports what it recorded. Work that rejects is recorded with the class of its
 * error, and the error is thrown again. Nothing is recorded for a request whose trace is not
 * sampled.
 */
import { isPortcullisError } from '../../errors.ts'
import type { Clock } from '../../types.ts'
import type { RequestMetrics } from '../line.ts'
import type { ChildSpan } from './span.ts'

/** An attempt at an upstream. */
export interface AttemptStart {
  readonly method: string
  /** The name of the upstream. */
  readonly upstream: string
  /** The span id that was sent to the upstream as the parent of its spans. */
  readonly spanId: string | undefined
}

/** Records the spans of requests whose metrics have a list of them. */
export interface SpanRecorder {
  /** Runs the work and records its span. It rejects with the error of the work. */
  record<T>(
    metrics: RequestMetrics,
    spanStart: Pick<ChildSpan, 'name' | 'kind' | 'attributes'>,
    clock: Clock,
    runWork: () => Promise<T>,
  ): Promise<T>
  /**
   * Begins an attempt. An attempt that is still open got no response and is ended as failed,
   * because this one retries it.
   */
  beginAttempt(metrics: RequestMetrics, start: AttemptStart, now: number): void
  /**
   * Sends a request in one or more attempts, and ends the last one with its status or the class of
   * its error.
   */
  recordAttempts<T extends { readonly response: Response }>(
    metrics: RequestMetrics,
    clock: Clock,
    send: () => Promise<T>,
  ): Promise<T>
}

/**
 * The recorder of all requests. It has no state: an open attempt is stored in the metrics of its
 * request.
 */
export const spanRecorder: SpanRecorder = {
  async record({ spans }, spanStart, clock, runWork) {
    const startedAt = clock()
    let failure: { readonly error: string } | undefined
    try {
      return await runWork()
    } catch (error) {
      failure = { error: readErrorType(error) }
      throw error
    } finally {
      spans?.push({ ...spanStart, ...failure, startedAt, endedAt: Math.max(startedAt, clock()) })
    }
  },
  beginAttempt(metrics, start, now) {
    endAttempt(metrics, now, { error: 'ERR_UPSTREAM_UNREACHABLE' })
    metrics.attempt = { ...start, startedAt: now }
  },
  async recordAttempts(metrics, clock, send) {
    try {
      const exchange = await send()
      endAttempt(metrics, clock(), { status: exchange.response.status })
      return exchange
    } catch (error) {
      endAttempt(metrics, clock(), { error: readErrorType(error) })
      throw error
    }
  },
}

function endAttempt(
  metrics: RequestMetrics,
  now: number,
  { status, error }: { readonly status?: number; readonly error?: string },
): void {
  const { attempt, spans } = metrics
  if (attempt === undefined) return

  metrics.attempt = undefined
  const { method, upstream, startedAt, spanId } = attempt
  // The semantic conventions for HTTP spans count a status from 400 on as an error of a client
  // span.
  const failure = error ?? (status !== undefined && status >= 400 ? String(status) : undefined)
  spans?.push({
    name: method,
    kind: 'client',
    startedAt,
    endedAt: Math.max(startedAt, now),
    ...(spanId !== undefined && { spanId }),
    ...(failure !== undefined && { error: failure }),
    attributes: {
      'http.request.method': method,
      'http.response.status_code': status,
      'error.type': failure,
      'portcullis.upstream': upstream,
    },
  })
}

/** Returns the class of an error: its code, and never its message. */
function readErrorType(error: unknown): string {
  return isPortcullisError(error) ? error.code : 'fault'
}
