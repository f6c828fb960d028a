/** The way through the gateway, cheapest and purest first. */
import { checkCrossOrigin, variesBy } from '../csrf/index.ts'
import { refusal } from '../page/index.ts'
import {
  BodyError,
  canonicalPath,
  checkBody,
  isKnownMethod,
  isNavigation,
  isPrefetch,
  isWebSocketUpgrade,
} from '../request/index.ts'
import type { Reason } from '../types.ts'
import { refuseAccess, whoIsAsking } from './admit.ts'
import { isOwnPath, ownEndpoint } from './endpoints.ts'
import { hopsOf, mostHops } from './forward.ts'
import { refuseHead } from './hygiene.ts'
import { passCached, passOn } from './pass.ts'
import type { Plan } from './plan.ts'
import { UpstreamPaused } from './retry.ts'
import { passLogin } from './throttle.ts'
import type { Visit } from './visit.ts'
import { noteRoute, watchSession } from './watch.ts'

/** Headers of a refusal. */
type Extra = ReadonlyArray<readonly [name: string, value: string]>

/** Answers a request. What goes wrong is thrown; see {@link createGateway} for what becomes of it. */
export async function serve(plan: Plan, visit: Visit): Promise<Response> {
  const { request } = visit
  const { method } = request
  const canonical = canonicalPath(request.url)
  if (!canonical.ok) {
    if (canonical.redirect === undefined || (method !== 'GET' && method !== 'HEAD'))
      return refuse(plan, visit, canonical.reason)
    return redirect(308, canonical.redirect)
  }
  visit.path = canonical.path
  visit.search = canonical.search
  if (!isKnownMethod(method)) return refuse(plan, visit, 'method-not-allowed', [['Allow', everyMethod]])
  const stopped = refuseHead(plan, visit)
  if (stopped?.location !== undefined) return redirect(308, stopped.location)
  if (stopped !== undefined) return refuse(plan, visit, stopped.reason)
  if (isOwnPath(visit.path)) return ownEndpoint(plan, visit)
  const closed = plan.ops.maintenance?.(visit.env, request.headers, plan.platform)
  if (closed !== undefined) return refuse(plan, visit, 'maintenance', [['Retry-After', `${closed}`]])

  const { settings } = visit
  if (settings === undefined) throw visit.fault
  const match = plan.match(visit.path, method)
  if (match.is === 'none') return refuse(plan, visit, 'no-route')
  if (match.is === 'method') return refuse(plan, visit, 'method-not-allowed', [['Allow', match.allow]])
  const { route, access, csrf, throttle } = match.route
  if (visit.notes !== undefined) noteRoute(visit.notes, route)
  const upstream = plan.upstreams.get(route.to)
  if (upstream === undefined) throw new TypeError('A route leads to an upstream that was judged')

  const upgrade = isWebSocketUpgrade(request)
  if (upgrade) {
    // Browsers always send it, and with it the cookies of whoever looks at another site. Other clients have no cookies to lend.
    const origin = request.headers.get('origin')
    if (origin !== null && origin !== settings.publicOrigin) return refuse(plan, visit, 'cross-origin-upgrade')
    if (!plan.upgrades) return refuse(plan, visit, 'upgrade-unsupported')
  }
  if (csrf !== undefined) {
    const verdict = checkCrossOrigin(request, csrf, visit.path, settings)
    if (!verdict.ok) return refuse(plan, visit, verdict.reason, [['Vary', variesBy(verdict.reason)]])
  }
  const body = checkBody(request, match.route.body)
  if (!body.ok) return refuse(plan, visit, body.reason)
  const hops = hopsOf(request.headers) + 1
  if (hops > mostHops) return refuse(plan, visit, 'upstream-loop')

  const who =
    access !== 'public' || upstream.sessions
      ? await watchSession(plan, visit, () => whoIsAsking(plan, visit))
      : undefined
  const reason = refuseAccess(plan, access, who)
  if (reason === 'no-session' && plan.signIn !== undefined && isNavigation(request) && !isPrefetch(request)) {
    return toSignIn(plan.signIn, visit)
  }
  if (reason !== undefined) return refuse(plan, visit, reason)
  try {
    const { maxBytes } = match.route.body
    const passage = { route, upstream, settings, who, upgrade, hops, body: { ...body, maxBytes } }
    if (throttle !== undefined) return await passLogin(plan, visit, passage, throttle)
    return await (route.cache ? passCached(plan, visit, passage, route.cache) : passOn(plan, visit, passage))
  } catch (error) {
    // Found out while it streamed; the upstream has been left.
    if (error instanceof BodyError) return refuse(plan, visit, error.reason)
    if (error instanceof UpstreamPaused)
      return refuse(plan, visit, 'upstream-paused', [['Retry-After', `${error.retryAfter}`]])
    throw error
  }
}

const everyMethod = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

function refuse(plan: Plan, visit: Visit, reason: Reason, headers: Extra = []): Response {
  const { request, requestId } = visit
  if (visit.notes !== undefined) visit.notes.reason = reason
  plan.emit({ type: 'request-refused', reason, request: requestId })
  return refusal(reason, request, { requestId, headers })
}

/** A page that was asked for is asked for again after the login; a form that was sent is not sent again. */
function toSignIn(signIn: string, { request, path, search }: Visit): Response {
  if (request.method !== 'GET') return redirect(303, signIn)
  return redirect(302, `${signIn}?return_to=${encodeURIComponent(path + search)}`)
}

function redirect(status: number, location: string): Response {
  return new Response(null, { status, headers: { location, 'cache-control': 'no-store' } })
}
