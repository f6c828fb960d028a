/** Observes requests for a monitor: the one place where measurements and spans attach to the gateway. */
import { isPortcullisError } from '../errors.ts'
import type { Monitor, RequestMetrics } from '../monitor/index.ts'
import type { ForwardContext } from '../proxy/forward/context.ts'
import type { ForwardObserver } from '../proxy/forward/forward.ts'
import type { Clock, Reason } from '../types.ts'
import type { RoutePhases } from './handle-route.ts'
import { needsSession } from './phases/session.ts'
import type { RequestContext } from './request-context.ts'
import type { Route } from './routes/route.ts'

/** What the gateway calls on the way of a request. Without a monitor none of it does anything. */
export interface Watch extends ForwardObserver<RequestContext & ForwardContext> {
  /** Called when a request arrives. */
  begin(ctx: RequestContext): void
  /** Called once with the response. Returns it, or a copy with `Server-Timing`. */
  end(ctx: RequestContext, response: Response): Response
  /** Wraps the phases of a route that are to be measured. */
  observePhases(phases: RoutePhases): RoutePhases
}

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

  const attempts = createAttemptSpans(clock)

  return {
    begin(ctx) {
      const { request } = ctx
      ctx.metrics = observer.begin(request.headers, clock())
      // The line of a client that disconnects is written immediately: on Workers nothing may run after that.
      const onAbort = (): void => {
        end(ctx, new Response(null, { status: 499 }))
      }
      request.signal.addEventListener('abort', onAbort, { once: true })
    },
    end,
    observePhases(phases) {
      return {
        ...phases,
        async loadSession(ctx) {
          if (!needsSession(ctx)) return undefined
          const startedAt = clock()
          const session = await phases.loadSession(ctx)
          const { metrics } = ctx
          if (metrics === undefined) return session
          const endedAt = clock()
          metrics.sessionMs = Math.max(0, endedAt - startedAt)
          metrics.spans?.push({ name: 'session', kind: 'internal', startedAt, endedAt })
          const info = await session?.info()
          if (info !== undefined) metrics.session = info.id
          return session
        },
      }
    },
    addTrace(ctx, headers) {
      const { metrics } = ctx
      if (metrics === undefined) return
      // A retry has a span of its own: the attempt before it failed.
      attempts.end(ctx)
      const { spanId } = observer.forward(metrics, headers)
      if (spanId !== undefined) attempts.begin(metrics, spanId)
    },
    async observeUpstream(ctx, send) {
      const { metrics } = ctx
      if (metrics === undefined) return send()
      const startedAt = clock()
      try {
        const exchange = await send()
        metrics.ttfbMs = Math.max(0, clock() - startedAt)
        metrics.upstreamStatus = exchange.response.status
        attempts.end(ctx, exchange.response.status)
        return exchange
      } finally {
        attempts.end(ctx)
      }
    },
    recordRetry({ metrics }) {
      if (metrics !== undefined) metrics.retries = (metrics.retries ?? 0) + 1
    },
  }
}

interface AttemptSpans {
  begin(metrics: RequestMetrics, spanId: string): void
  /** Ends the span, if one was begun; without a status the attempt failed. */
  end(ctx: RequestContext, status?: number): void
}

/** Creates spans of requests to an upstream, by the ids that the upstream received. */
function createAttemptSpans(clock: Clock): AttemptSpans {
  const begun = new WeakMap<RequestMetrics, { spanId: string; startedAt: number }>()

  return {
    begin(metrics, spanId) {
      begun.set(metrics, { spanId, startedAt: clock() })
    },
    end({ metrics, request }, status) {
      const attempt = metrics && begun.get(metrics)
      if (attempt === undefined || metrics === undefined) return
      begun.delete(metrics)
      metrics.spans?.push({
        ...attempt,
        name: request.method,
        kind: 'client',
        endedAt: clock(),
        attributes: {
          'portcullis.upstream': metrics.upstream,
          'http.response.status_code': status,
        },
        ...(status === undefined && { error: 'upstream-failed' }),
      })
    },
  }
}

/** Records the route of a request. */
export function recordRoute({ metrics }: RequestContext, { path, to }: Route): void {
  if (metrics === undefined) return
  metrics.route = path
  metrics.upstream = to
}

/** Records an error. */
export function recordError({ metrics }: RequestContext, reason: Reason, error: unknown): void {
  if (metrics === undefined) return
  metrics.reason = reason
  if (isPortcullisError(error)) metrics.code = error.code
}
