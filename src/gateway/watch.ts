/** Watches one request through the gateway, where the configuration has a monitor. */
import { isPortcullisError } from '../errors.ts'
import type { RequestMetrics } from '../monitor/index.ts'
import { clientAddress } from '../request/index.ts'
import type { Reason } from '../types.ts'
import type { LoadedSession } from './checks/load-session.ts'
import type { CompiledGateway } from './compile.ts'
import type { RequestContext } from './request-context.ts'
import type { Route } from './routes/route.ts'

/** Begins. A client that leaves before there is an answer is told of at once: on Workers nothing may run after it. */
export function beginWatch(plan: CompiledGateway, visit: RequestContext): void {
  if (plan.ops.monitor === undefined) return
  const { request } = visit
  visit.notes = plan.ops.monitor.begin(request.headers, plan.clock())
  request.signal.addEventListener(
    'abort',
    () => endWatch(plan, visit, new Response(null, { status: 499 })),
    {
      once: true,
    },
  )
}

/** Ends: once, whatever happens. Returns the response, or a copy that says where the time went. */
export function endWatch(
  plan: CompiledGateway,
  visit: RequestContext,
  response: Response,
): Response {
  const { notes, request, requestId, env, waitUntil } = visit
  if (notes === undefined || plan.ops.monitor === undefined) return response
  visit.notes = undefined
  return plan.ops.monitor.end(notes, response, {
    request,
    requestId,
    address: clientAddress(request.headers, plan.platform),
    env,
    left: request.signal.aborted,
    endedAt: plan.clock(),
    waitUntil,
  })
}

/** Runs the read of a session, and notes whose it was and how long it took. */
export function timeSession(
  plan: CompiledGateway,
  visit: RequestContext,
  read: () => Promise<LoadedSession | undefined>,
): Promise<LoadedSession | undefined> {
  return visit.notes === undefined ? read() : measureSession(plan, visit.notes, read)
}

async function measureSession(
  plan: CompiledGateway,
  notes: RequestMetrics,
  read: () => Promise<LoadedSession | undefined>,
): Promise<LoadedSession | undefined> {
  const before = plan.clock()
  const who = await read()
  notes.sessionMs = Math.max(0, plan.clock() - before)
  const info = await who?.info()
  if (info !== undefined) notes.session = info.id
  return who
}

/** Runs a question to an upstream, and notes what it answered and when. Of several the last one counts. */
export function timeUpstream<T extends { readonly status: number }>(
  plan: CompiledGateway,
  visit: RequestContext,
  headers: Headers,
  ask: () => Promise<T>,
): Promise<T> {
  return visit.notes === undefined ? ask() : measureUpstream(plan, visit.notes, headers, ask)
}

async function measureUpstream<T extends { readonly status: number }>(
  plan: CompiledGateway,
  notes: RequestMetrics,
  headers: Headers,
  ask: () => Promise<T>,
): Promise<T> {
  plan.ops.monitor?.forward(notes, headers)
  const before = plan.clock()
  const answer = await ask()
  notes.ttfbMs = Math.max(0, plan.clock() - before)
  notes.upstreamStatus = answer.status
  return answer
}

/** Notes what a cache did: it says so in its member of `Cache-Status`, which is the last one (RFC 9211 section 2). */
export function watchCache(visit: RequestContext, work: Promise<Response>): Promise<Response> {
  const { notes } = visit
  if (notes === undefined) return work
  return work.then((response) => {
    const status = response.headers.get('cache-status') ?? ''
    const said = status.slice(status.lastIndexOf('portcullis; ') + 12)
    if (/detail=stale-(?:if-error|while-revalidate)/.test(said)) notes.cache = 'stale'
    else if (said.startsWith('hit')) notes.cache = 'hit'
    else notes.cache = /^fwd=(?:bypass|method)/.test(said) ? 'bypass' : 'miss'
    return response
  })
}

/** Notes which way a request takes. */
export function recordRoute(notes: RequestMetrics, { path, to }: Route): void {
  notes.route = path
  notes.upstream = to
}

/** Notes that the upstream is asked once more. */
export function recordRetry(notes: RequestMetrics): void {
  notes.retries = (notes.retries ?? 0) + 1
}

/** Notes what went wrong. */
export function recordError(notes: RequestMetrics, reason: Reason, error: unknown): void {
  notes.reason = reason
  if (isPortcullisError(error)) notes.code = error.code
}
