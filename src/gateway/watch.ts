/**
 * Measures requests for a monitor: durations, spans, and the route and status of each request.
 * `compile.ts` creates one watch for a gateway. `create.ts` calls `begin` and `end` for each request,
 * `phases/list.ts` passes the watch to forwarding, and `find-route.ts` and `respond-to-error.ts` record
 * the route and the error. Without a monitor every function does nothing. Errors of a measured step
 * are rethrown. If the client disconnects, the request is recorded with status 499, and its later
 * response is not recorded.
 */
import { isPortcullisError } from '../errors.ts'
import type { Monitor, RequestMetrics, SpanRecorder } from '../monitor/index.ts'
import type { ForwardContext, LoadedSession } from '../proxy/forward/context.ts'
import type { ForwardObserver } from '../proxy/forward/forward.ts'
import { type ObserveBatch, shareAsks } from '../redis/shared.ts'
import type { Clock, Reason } from '../types.ts'
import type { RoutePhases } from './handle-route.ts'
import { needsSession } from './phases/session.ts'
import type { RequestContext } from './request-context.ts'
import type { Route } from './routes/route.ts'

/** Measures the steps of a request. Without a monitor every method does nothing. */
export interface Watch extends ForwardObserver<RequestContext & ForwardContext> {
  /** Called when a request arrives. */
  begin(ctx: RequestContext): void
  /** Called with the response. It returns that response, or a copy with `Server-Timing`. A second call does nothing. */
  end(ctx: RequestContext, response: Response): Response
  /** Returns the phases with those wrapped that are measured: the read of the session. */
  observePhases(phases: RoutePhases): RoutePhases
}

const sessionSpan = { name: 'session', kind: 'internal' } as const

const noWatch: Watch = {
  begin() {},
  end: (_ctx, response) => response,
  observePhases: (phases) => phases,
  addTrace() {},
  observeUpstream: (_ctx, send) => send(),
  recordRetry() {},
}

/** Creates the watch of a gateway. */
export function createWatch(monitor: Monitor | undefined, clock: Clock): Watch {
  if (monitor === undefined) return noWatch
  const observer: Monitor = monitor
  const { spans: recorder } = observer

  function end(ctx: RequestContext, response: Response): Response {
    const { metrics, request, requestId, address, env, waitUntil } = ctx
    if (metrics === undefined) return response
    ctx.metrics = undefined

    return observer.end(metrics, response, {
      request,
      requestId,
      address,
      env,
      left: request.signal.aborted,
      endedAt: clock(),
      waitUntil,
    })
  }

  return {
    begin(ctx) {
      const { request } = ctx
      const metrics = observer.begin(request.headers, clock())
      ctx.metrics = metrics
      if (metrics.spans !== undefined)
        ctx.env = shareAsks(ctx.env, observeRedis(recorder, metrics, clock))

      // The line of a disconnected client is written immediately, since on Workers nothing may run later.
      const onAbort = (): void => {
        end(ctx, new Response(null, { status: 499 }))
      }
      request.signal.addEventListener('abort', onAbort, { once: true })
    },
    end,
    observePhases: (phases) => ({
      ...phases,
      loadSession: observeSession(phases, recorder, clock),
    }),
    addTrace({ metrics, request, upstream }, headers) {
      if (metrics === undefined) return
      const { spanId } = observer.forward(metrics, headers)
      if (metrics.spans === undefined) return
      const start = { method: request.method, upstream: upstream.name, spanId }
      recorder?.beginAttempt(metrics, start, clock())
    },
    async observeUpstream({ metrics }, send) {
      if (metrics === undefined) return send()
      const startedAt = clock()
      const exchange =
        metrics.spans === undefined || recorder === undefined
          ? await send()
          : await recorder.recordAttempts(metrics, clock, send)
      metrics.ttfbMs = Math.max(0, clock() - startedAt)
      metrics.upstreamStatus = exchange.response.status

      return exchange
    },
    recordRetry({ metrics }) {
      if (metrics !== undefined) metrics.retries = (metrics.retries ?? 0) + 1
    },
  }
}

function observeSession(
  phases: RoutePhases,
  recorder: SpanRecorder | undefined,
  clock: Clock,
): RoutePhases['loadSession'] {
  return async function loadSession(ctx) {
    if (!needsSession(ctx)) return undefined
    const { metrics } = ctx

    const startedAt = clock()
    const readSession = async (): Promise<LoadedSession | undefined> => phases.loadSession(ctx)
    const session =
      metrics?.spans === undefined || recorder === undefined
        ? await readSession()
        : await recorder.record(metrics, sessionSpan, clock, readSession)

    if (metrics === undefined) return session
    metrics.sessionMs = Math.max(0, clock() - startedAt)
    const info = await session?.info()
    if (info !== undefined) metrics.session = info.id
    return session
  }
}

function observeRedis(
  recorder: SpanRecorder | undefined,
  metrics: RequestMetrics,
  clock: Clock,
): ObserveBatch {
  return (commands, send) => {
    const attributes = { 'db.system.name': 'redis', 'db.operation.batch.size': commands }
    const span = { name: 'redis', kind: 'client', attributes } as const
    return recorder === undefined ? send() : recorder.record(metrics, span, clock, send)
  }
}

/** Records the route of a request and its upstream for the monitor. */
export function recordRoute({ metrics }: RequestContext, { path, to }: Route): void {
  if (metrics === undefined) return
  metrics.route = path
  metrics.upstream = to
}

/** Records the reason and the code of an error for the monitor. */
export function recordError({ metrics }: RequestContext, reason: Reason, error: unknown): void {
  if (metrics === undefined) return
  metrics.reason = reason
  if (isPortcullisError(error)) metrics.code = error.code
}
