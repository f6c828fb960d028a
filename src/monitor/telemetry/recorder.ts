/**
 * Records child spans of a request: reading the session, each request to Redis, and each attempt
 * at an upstream. The gateway's watch calls it. Work that rejects is recorded as an error, and its
 * error is thrown on.
 */
import { isPortcullisError } from '../../errors.ts'
import type { Clock } from '../../types.ts'
import type { RequestMetrics } from '../line.ts'
import type { ChildSpan } from './span.ts'

/** An attempt at an upstream. */
export interface AttemptStart {
  readonly method: string
  /** Name of the upstream. */
  readonly upstream: string
  /** The id that was sent, as the parent of what is done there. */
  readonly spanId: string | undefined
}

/** Records the spans of requests whose metrics have a list of them. */
export interface SpanRecorder {
  /** Does work and records its span. Rejects with what the work rejects with. */
  record<T>(
    metrics: RequestMetrics,
    spanStart: Pick<ChildSpan, 'name' | 'kind' | 'attributes'>,
    clock: Clock,
    runWork: () => Promise<T>,
  ): Promise<T>
  /** Begins an attempt. One that is open got no response, and this is its retry. */
  beginAttempt(metrics: RequestMetrics, start: AttemptStart, now: number): void
  /** Sends a request, perhaps in several attempts, and ends the last one with its status or the class of its failure. */
  recordAttempts<T extends { readonly response: Response }>(
    metrics: RequestMetrics,
    clock: Clock,
    send: () => Promise<T>,
  ): Promise<T>
}

/** The recorder. It has no state: open attempts are in the metrics of their request. */
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
  // Semantic conventions for HTTP spans: for a client a status from 400 on is an error.
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

/** The class of a failure: its code, and never its message. */
function readErrorType(error: unknown): string {
  return isPortcullisError(error) ? error.code : 'fault'
}
