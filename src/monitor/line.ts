/**
 * Creates the log line of a request, a flat object of facts about it that contains nothing which a
 * client can choose freely. `monitor()` calls it when a response is ready; the console, analytics,
 * telemetry and the event handlers of the gateway and `portcullis()` use its types. It is pure and
 * never throws. A Content-Length that is no number, and an unknown reason, are tolerated.
 */
import { reasonStatus, reasons } from '../page/reasons.ts'
import { truncateAddress } from '../request/address/truncate.ts'
import { isKnownMethod } from '../request/method.ts'
import type { Reason } from '../types.ts'
import type { ChildSpan } from './telemetry/span.ts'
import type { Trace } from './trace.ts'

/** A request to an upstream whose response has not arrived yet. */
export interface OpenAttempt {
  readonly method: string
  /** Name of the upstream. */
  readonly upstream: string
  /** The span id that was sent to the upstream as the parent of its spans. */
  readonly spanId: string | undefined
  /** Milliseconds since the epoch. */
  readonly startedAt: number
}

/** The measurements of a request while it is handled. Each step adds the members that it knows. */
export interface RequestMetrics {
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** The request's position in its trace. */
  readonly trace?: Trace
  /** The pattern of the route, such as `/admin/*`. Never the path, which may contain a secret. */
  route?: string
  /** Name of the upstream. */
  upstream?: string
  /** The status of the upstream's response; absent where there was none. */
  upstreamStatus?: number
  /** Milliseconds from the request to the upstream to the first byte of its response. */
  ttfbMs?: number
  /** The time to read the session, in milliseconds. */
  sessionMs?: number
  /** Why the request was rejected or failed: a {@link Reason}, or the reason of a failed login. */
  reason?: string
  /** Digest of the session's id. */
  session?: string
  /**
   * The result of the cache: `hit`, `miss`, `stale` where the upstream failed, `bypass` where
   * nothing may be cached.
   */
  cache?: string
  /** Number of retries to the upstream. */
  retries?: number
  /** Code of the error behind a failure. */
  code?: string
  /** Spans of requests to Redis and upstreams, if the monitor records spans. */
  spans?: ChildSpan[]
  /** The request to an upstream that waits for its response, if the monitor records spans. */
  attempt?: OpenAttempt | undefined
  /** Whether the request gets no line: it is a health check, of which many arrive. */
  quiet?: boolean
  /** The line of the request, once the monitor has created it, so that the console need not create it again. */
  line?: RequestLine
}

/** The outcome of a request, known at its end. */
export interface RequestOutcome {
  readonly request: { readonly method: string; readonly headers: Headers }
  readonly requestId: string
  /** The client's full address; the line has only its network. */
  readonly address: string | undefined
  readonly status: number
  readonly headers: Headers
  /** Milliseconds since the epoch. */
  readonly endedAt: number
  /** The version of the deployment. */
  readonly version?: string
}

/** The log line of one request. Members that are unknown are absent. */
export interface RequestLine {
  /** `error` from status 500 on. */
  readonly level: 'info' | 'error'
  /** Always `request`, which distinguishes these lines from events. */
  readonly event: 'request'
  /** When the request arrived, ISO 8601 in UTC. */
  readonly time: string
  /** The request's id, which error pages show. */
  readonly requestId: string
  /** See W3C Trace Context; absent where tracing is off. */
  readonly traceId?: string
  /** The span of the gateway in that trace. */
  readonly spanId?: string
  /** The method; `OTHER` for an unknown one. */
  readonly method: string
  /** The pattern of the route that handled the request. */
  readonly route?: string
  /** The response's status; 499 where the client closed its connection first. */
  readonly status: number
  /**
   * The kind of result: `passed` to an upstream, `answered` by the gateway or app itself, `refused`
   * for a reason, `failed`, or `left` by the client.
   */
  readonly decision: 'passed' | 'answered' | 'refused' | 'failed' | 'left'
  /** Why it was rejected: a `Reason`, or the `LoginReason` of a failed login, such as `denied`. */
  readonly reason?: string
  /** Code of the error behind a failure. */
  readonly code?: string
  /** The name of the upstream that received the request. */
  readonly upstream?: string
  /** The status of the upstream's response; the client may have received another one. */
  readonly upstreamStatus?: number
  /** Milliseconds until the first byte of the upstream's response. */
  readonly ttfbMs?: number
  /** Milliseconds until the head of the response; a body may stream for longer. */
  readonly totalMs: number
  /** Milliseconds to read the session, its store included. */
  readonly sessionMs?: number
  /** The digest of the session's id; never its key in the store. */
  readonly session?: string
  /** The client's network: `203.0.113.0/24` or `2001:db8:1::/48`. */
  readonly client?: string
  /** Bytes of the request's body, from Content-Length; absent where it has none. */
  readonly requestBytes?: number
  /** Bytes of the response's body, from Content-Length; absent where it has none. */
  readonly responseBytes?: number
  /** The result of the cache, as in {@link RequestMetrics}. */
  readonly cache?: string
  /** Number of retries to the upstream. */
  readonly retries?: number
  /** The version of the deployment. */
  readonly version?: string
}

/** The status that nginx logs for a client that closed its connection before the response. */
export const clientClosedRequest = 499

/** Creates the log line of a request. */
export function createRequestLine(metrics: RequestMetrics, outcome: RequestOutcome): RequestLine {
  const {
    trace,
    startedAt,
    route,
    upstream,
    upstreamStatus,
    ttfbMs,
    sessionMs,
    reason,
    code: errorCode,
    session,
  } = metrics

  const { request, requestId, status, endedAt, version } = outcome
  // JSON.stringify omits members that are undefined, and a data point writes them as unknown.
  return {
    level: status >= 500 ? 'error' : 'info',
    event: 'request',
    time: new Date(startedAt).toISOString(),
    requestId,
    traceId: trace?.traceId,
    spanId: trace?.spanId,
    method: isKnownMethod(request.method) ? request.method : 'OTHER',
    route,
    status,
    decision: findDecision(status, metrics),
    reason,
    code: errorCode,
    upstream,
    upstreamStatus,
    ttfbMs,
    totalMs: Math.max(0, endedAt - startedAt),
    sessionMs,
    session,
    client: truncateAddress(outcome.address),
    requestBytes: readLength(request.headers),
    responseBytes: readLength(outcome.headers),
    cache: metrics.cache,
    retries: metrics.retries,
    version,
  } as RequestLine
}

function findDecision(
  status: number,
  { reason, upstreamStatus, cache }: RequestMetrics,
): RequestLine['decision'] {
  if (status === clientClosedRequest) return 'left'
  if (reason !== undefined) return findStatus(reason, status) >= 500 ? 'failed' : 'refused'
  return upstreamStatus !== undefined || cache === 'hit' || cache === 'stale'
    ? 'passed'
    : 'answered'
}

/**
 * Returns the status of a reason. Reasons of a login are not in the map, so the status of the
 * response is used.
 */
function findStatus(reason: string, status: number): number {
  return reason in reasons ? reasonStatus(reason as Reason) : status
}

function readLength(headers: Headers): number | undefined {
  const length = headers.get('content-length')
  return length !== null && /^\d{1,15}$/.test(length) ? Number(length) : undefined
}
