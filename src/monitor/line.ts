/**
 * Creates the log line of a request: facts in, one flat object out, with nothing in it that a
 * client can choose freely. The monitor and the console read it. It is pure and never throws.
 */
import { reasonStatus, reasons } from '../page/reasons.ts'
import { truncateAddress } from '../request/address/truncate.ts'
import { isKnownMethod } from '../request/method.ts'
import type { Reason } from '../types.ts'
import type { ChildSpan } from './telemetry/span.ts'
import type { Trace } from './trace.ts'

/** An attempt at an upstream that has begun. */
export interface OpenAttempt {
  readonly method: string
  /** Name of the upstream. */
  readonly upstream: string
  /** The id that was sent, as the parent of what is done there. */
  readonly spanId: string | undefined
  /** Milliseconds since the epoch. */
  readonly startedAt: number
}

/**
 * Measurements of a request while it is handled. The code that handles it fills in the members that
 * it knows.
 */
export interface RequestMetrics {
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** Where the request stands in its trace. */
  readonly trace?: Trace
  /** Pattern of the route, such as `/admin/*`: never the path, which may hold what is secret. */
  route?: string
  /** Name of the upstream. */
  upstream?: string
  /** Its status; absent where it gave none. */
  upstreamStatus?: number
  /** Milliseconds from the request to the upstream to the first byte of its response. */
  ttfbMs?: number
  /** Time to read the session, in milliseconds. */
  sessionMs?: number
  /** Why the request was refused or failed: a {@link Reason}, or the reason of a login that failed. */
  reason?: string
  /** Digest of the session's id. */
  session?: string
  /**
   * The outcome of a cache: `hit`, `miss`, `stale` where the upstream failed, `bypass` where
   * nothing may be cached.
   */
  cache?: string
  /** Number of retries to the upstream. */
  retries?: number
  /** Code of the error behind a failure. */
  code?: string
  /** Spans of requests to Redis and upstreams, if the monitor records spans. */
  spans?: ChildSpan[]
  /** The attempt at an upstream that waits for its response, if the monitor records spans. */
  attempt?: OpenAttempt | undefined
  /** Set for health checks, which come every few seconds and get no line. */
  quiet?: boolean
  /** The line of the request, once the monitor has created it, so that the console need not create it again. */
  line?: RequestLine
}

/** The outcome of a request, known at its end. */
export interface RequestOutcome {
  readonly request: { readonly method: string; readonly headers: Headers }
  readonly requestId: string
  /** The client's whole address; the line has less of it. */
  readonly address: string | undefined
  readonly status: number
  readonly headers: Headers
  /** Milliseconds since the epoch. */
  readonly endedAt: number
  /** Name of what is deployed. */
  readonly version?: string
}

/** One request, as a log gets it. Members that are not known are absent. */
export interface RequestLine {
  /** `error` from status 500 on. */
  readonly level: 'info' | 'error'
  /** Always the same word, to tell these lines from events. */
  readonly event: 'request'
  /** When it came, ISO 8601 in UTC. */
  readonly time: string
  /** The id that the client was shown. */
  readonly requestId: string
  /** See W3C Trace Context; absent where tracing is off. */
  readonly traceId?: string
  /** The span of the gateway in that trace. */
  readonly spanId?: string
  /** The method; `OTHER` for an unknown one. */
  readonly method: string
  /** Pattern of the route that took it. */
  readonly route?: string
  /** 499 where the client left first. */
  readonly status: number
  /** `passed` to an upstream, `answered` by ourselves, `refused` for a reason, or `failed`. */
  readonly decision: 'passed' | 'answered' | 'refused' | 'failed' | 'left'
  /** Why it was refused: a `Reason`, or for a login that failed its `LoginReason`, such as `denied`. */
  readonly reason?: string
  /** Code of the error behind a failure. */
  readonly code?: string
  /** Name of the upstream that was asked. */
  readonly upstream?: string
  /** The status of the upstream's response; the client may have received another one. */
  readonly upstreamStatus?: number
  /** Milliseconds until the first byte of the upstream. */
  readonly ttfbMs?: number
  /** Until the head of the answer; a body may stream for longer. */
  readonly totalMs: number
  /** Milliseconds spent on the session, its store included. */
  readonly sessionMs?: number
  /** Digest of the session's id; never the key of a store. */
  readonly session?: string
  /** The client's address, cut: `203.0.113.0/24`, `2001:db8:1::/48`. */
  readonly client?: string
  /** As their heads say; absent for bodies that stream. */
  readonly requestBytes?: number
  /** Bytes of the answer's body, where they were counted. */
  readonly responseBytes?: number
  /** Whether the answer came from the cache, and how. */
  readonly cache?: string
  /** Number of retries to the upstream. */
  readonly retries?: number
  /** Which deployment answered. */
  readonly version?: string
}

/** The status that nginx logs for a client that closed its connection before the response. */
export const clientClosedRequest = 499

/** Makes the line. */
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
  // JSON leaves out what is undefined; a point of numbers reads it as such.
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

/** The status of a reason. Those of a login are not in the map: their page has the status. */
function findStatus(reason: string, status: number): number {
  return reason in reasons ? reasonStatus(reason as Reason) : status
}

function readLength(headers: Headers): number | undefined {
  const length = headers.get('content-length')
  return length !== null && /^\d{1,15}$/.test(length) ? Number(length) : undefined
}
