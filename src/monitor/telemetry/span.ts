/**
 * Creates the spans of one request in the terms of OpenTelemetry: the gateway's own, and one for
 * each recorded step. `telemetry.ts` calls it when a response is sent. It is pure.
 */
import type { RequestLine, RequestMetrics } from '../line.ts'
import type { Trace } from '../trace.ts'

/** A value that an attribute may have. */
export type AttributeValue = string | number | boolean

/** Attributes by name. Members that are undefined are left out. */
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>

/** One question that was asked while a request was served, such as a read of the session. */
export interface ChildSpan {
  /** The name of the operation: `session`, `redis` or the method of a request to an upstream. */
  readonly name: string
  /** `client` where the question left the isolate, else `internal`. */
  readonly kind: 'client' | 'internal'
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** Milliseconds since the epoch. */
  readonly endedAt: number
  /** 16 hex digits; drawn at the export where it is absent. */
  readonly spanId?: string
  /** Facts about the question, by the names of the semantic conventions. */
  readonly attributes?: Attributes
  /** Class of the failure, such as a status or a code; absent where there was none. */
  readonly error?: string
}

/** One finished span, ready for an exporter. */
export interface FinishedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | undefined
  readonly traceState: string | undefined
  readonly name: string
  readonly kind: 'server' | 'client' | 'internal'
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** Milliseconds since the epoch. */
  readonly endedAt: number
  readonly attributes: Attributes
  readonly error: string | undefined
}

/**
 * The spans of one request: its server span first, then its children in the order in which they ended.
 *
 * Names and attributes follow the semantic conventions for HTTP. The path and the query are left out: either may hold a
 * secret. The route stands for both.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/
 */
export function createSpans(
  line: RequestLine,
  metrics: RequestMetrics,
  drawSpanId: () => string,
): FinishedSpan[] {
  const { trace } = metrics
  if (trace?.sampled !== true) return []

  const serverSpan = createServerSpan(line, metrics, trace)
  const children = (metrics.spans ?? []).map((childSpan) => ({
    traceId: trace.traceId,
    spanId: childSpan.spanId ?? drawSpanId(),
    parentId: trace.spanId,
    traceState: trace.state,
    name: childSpan.name,
    kind: childSpan.kind,
    startedAt: childSpan.startedAt,
    endedAt: childSpan.endedAt,
    attributes: childSpan.attributes ?? {},
    error: childSpan.error,
  }))

  return [serverSpan, ...children]
}

function createServerSpan(line: RequestLine, metrics: RequestMetrics, trace: Trace): FinishedSpan {
  return {
    traceId: trace.traceId,
    spanId: trace.spanId,
    parentId: trace.parentId,
    traceState: trace.state,
    name: line.route === undefined ? line.method : `${line.method} ${line.route}`,
    kind: 'server',
    startedAt: metrics.startedAt,
    endedAt: metrics.startedAt + line.totalMs,
    attributes: {
      'http.request.method': line.method === 'OTHER' ? '_OTHER' : line.method,
      'http.route': line.route,
      'http.response.status_code': line.status,
      'http.request.body.size': line.requestBytes,
      'http.response.body.size': line.responseBytes,
      'client.address': line.client,
      'error.type': line.status >= 500 ? (line.code ?? String(line.status)) : undefined,
      'portcullis.request.id': line.requestId,
      'portcullis.decision': line.decision,
      'portcullis.reason': line.reason,
      'portcullis.upstream': line.upstream,
      'portcullis.session': line.session,
      'portcullis.cache': line.cache,
      'portcullis.retries': line.retries,
    },
    // A client's error is not an error of the server (semantic conventions for HTTP spans,
    // "Status").
    error: line.status >= 500 ? (line.code ?? String(line.status)) : undefined,
  }
}
