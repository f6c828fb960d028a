/**
 * Creates the OpenTelemetry spans of one request: the server span of the gateway, and a child span
 * for each recorded step. `telemetry()` calls it when the response is ready; the recorder, exporter
 * and encoder use its types. It is pure and throws nothing. A request whose trace is not sampled
 * gives no spans.
 */
import type { RequestLine, RequestMetrics } from '../line.ts'
import type { Trace } from '../trace.ts'

/** A value that an attribute may have. */
export type AttributeValue = string | number | boolean

/** Attributes by name. Members that are undefined are omitted. */
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>

/** A recorded step of a request, such as reading the session. */
export interface ChildSpan {
  /** The name of the operation: `session`, `redis` or the method of a request to an upstream. */
  readonly name: string
  /** `client` where the step called another service, otherwise `internal`. */
  readonly kind: 'client' | 'internal'
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** Milliseconds since the epoch. */
  readonly endedAt: number
  /** 16 hex digits. If it is absent, a random id is created for the export. */
  readonly spanId?: string
  /** The attributes of the step, named as in the semantic conventions. */
  readonly attributes?: Attributes
  /** The class of the error, such as a status or a code; absent where there was none. */
  readonly error?: string
}

/** A finished span, ready to be exported. */
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
 * Creates the spans of a request: its server span first, then its children in the order in which
 * they ended.
 *
 * Names and attributes follow the semantic conventions for HTTP. The path and the query are
 * omitted, because either may contain a secret; the route's pattern stands for both.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/
 */
export function createSpans(
  line: RequestLine,
  metrics: RequestMetrics,
  createSpanId: () => string,
): FinishedSpan[] {
  const { trace } = metrics
  if (trace?.sampled !== true) return []

  const serverSpan = createServerSpan(line, metrics, trace)
  const children = (metrics.spans ?? []).map((childSpan) => ({
    traceId: trace.traceId,
    spanId: childSpan.spanId ?? createSpanId(),
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
    // The semantic conventions for HTTP spans ("Status") do not count a client's error as an error
    // of the server span.
    error: line.status >= 500 ? (line.code ?? String(line.status)) : undefined,
  }
}
