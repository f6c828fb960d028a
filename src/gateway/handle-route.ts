/** The way through the gateway, cheapest and purest first. */
import { checkAddress } from '../access/index.ts'
import { checkCrossOrigin, varyHeaders } from '../csrf/index.ts'
import { preserveEncodedSlashes } from '../proxy/encoded-slash.ts'
import { maxHops, readHops } from '../proxy/request-headers.ts'
import {
  BodyError,
  canonicalPath,
  checkBody,
  clientAddress,
  isKnownMethod,
  isNavigation,
  isPrefetch,
  isWebSocketUpgrade,
  readUrlHost,
  readUrlHostName,
} from '../request/index.ts'
import type { Reason } from '../types.ts'
import { hideErrorDetails } from './checks/hide-errors.ts'
import { checkAccess, loadSession, prefetchSession } from './checks/load-session.ts'
import { overrideMethod } from './checks/method-override.ts'
import { beginRateLimits } from './checks/rate-limits.ts'
import { validateRequestHead } from './checks/request-head.ts'
import type { CompiledGateway } from './compile.ts'
import { isOwnPath, ownEndpoint } from './endpoints/endpoints.ts'
import { forwardToUpstream } from './forward.ts'
import { forwardCached } from './forward-cached.ts'
import { invalidateCacheAfter } from './invalidate-cache.ts'
import { redirect, redirectToSignIn, rejectRequest } from './reject.ts'
import type { RequestContext } from './request-context.ts'
import { UpstreamPaused } from './retry.ts'
import { inspectRouteGraphql } from './routes/graphql.ts'
import type { CompiledRoute, RouteMatch } from './routes/table.ts'
import { type Settings, settingsForHost } from './settings.ts'
import type { LoginStartResult } from './throttle/types.ts'
import { recordRoute, timeSession } from './watch.ts'

/** Answers a request. What goes wrong is thrown; see {@link createGateway} for what becomes of it. */
export async function handleRequest(
  plan: CompiledGateway,
  visit: RequestContext,
): Promise<Response> {
  const { request } = visit
  const { method } = request
  const canonical = canonicalPath(request.url)
  const kept = canonical.ok || !plan.keepsSlashes ? undefined : preserveEncodedSlashes(request.url)
  if (canonical.ok) visit.path = canonical.path
  else if (kept !== undefined) visit.path = kept.path
  else if (canonical.redirect === undefined || (method !== 'GET' && method !== 'HEAD')) {
    return rejectRequest(plan, visit, canonical.reason)
  } else return redirect(308, canonical.redirect)
  visit.search = canonical.ok ? canonical.search : (kept?.search ?? '')
  if (!isKnownMethod(method))
    return rejectRequest(plan, visit, 'method-not-allowed', [['Allow', allMethods]])
  const stopped = validateRequestHead(plan, visit)
  if (stopped?.location !== undefined) return redirect(308, stopped.location)
  if (stopped !== undefined) return rejectRequest(plan, visit, stopped.reason)
  if (isOwnPath(visit.path)) return ownEndpoint(plan, visit)
  const closed = plan.ops.maintenance?.(visit.env, request.headers, plan.platform)
  if (closed !== undefined)
    return rejectRequest(plan, visit, 'maintenance', [['Retry-After', `${closed}`]])

  const { settings } = visit
  if (settings === undefined) throw visit.fault
  const match = matchRoute(plan, visit, kept?.opened)
  if (match === undefined) return rejectRequest(plan, visit, 'path-not-canonical')
  if (match.is === 'none') return rejectRequest(plan, visit, 'no-route')
  if (match.is === 'method')
    return rejectRequest(plan, visit, 'method-not-allowed', [['Allow', match.allow]])
  const taken = await overrideMethod(
    visit,
    match.route,
    (method) => matchRoute(plan, visit, kept?.opened, method) ?? match,
  )
  if (taken.is === 'unclear') return rejectRequest(plan, visit, 'body-malformed')
  if (taken.is !== 'route')
    return rejectRequest(plan, visit, 'method-not-allowed', [
      ['Allow', taken.is === 'method' ? taken.allow : ''],
    ])
  const { route, secure } = taken.route
  if (visit.notes !== undefined) recordRoute(visit.notes, route)
  visit.secure = secure
  if (route.host !== undefined) visit.settings = settingsForHost(settings, readUrlHost(request.url))
  return handleRoute(plan, visit, taken.route, visit.settings ?? settings)
}

/** The route of a request. Of a path with `%2F` both readings must lead to one that takes it; undefined where they do not. */
function matchRoute(
  { routes }: CompiledGateway,
  { request, path, search }: RequestContext,
  opened: string | undefined,
  method: string = request.method,
): RouteMatch | undefined {
  const host = routes.hosted ? readUrlHostName(request.url) : ''
  const match = routes.match(host, path, method, search)
  if (opened === undefined) return match
  const other = routes.match(host, opened, method, search)
  if (match.is !== 'route' || other.is !== 'route' || match.route !== other.route) return undefined
  return match.route.route.encodedSlash === 'keep' ? match : undefined
}

/** What a route asks of a request: first what its head tells, then what costs something, then whom Redis knows. */
async function handleRoute(
  plan: CompiledGateway,
  visit: RequestContext,
  compiled: CompiledRoute,
  settings: Settings,
): Promise<Response> {
  const { request } = visit
  const { route, access, csrf, throttle, upstream, limits = [] } = compiled
  if (upstream === undefined) throw new TypeError('A route leads to an upstream that was judged')
  if (access.ranges !== undefined) {
    const verdict = checkAddress(access, clientAddress(request.headers, plan.platform))
    if (!verdict.ok) return rejectRequest(plan, visit, verdict.reason)
  }
  const upgrade = isWebSocketUpgrade(request)
  if (upgrade) {
    // Browsers always send it, and with it the cookies of whoever looks at another site. Other clients have no cookies to lend.
    const origin = request.headers.get('origin')
    const trusted =
      origin === null ||
      origin === settings.publicOrigin ||
      csrf?.trustedOrigins.has(origin) === true
    if (!trusted) return rejectRequest(plan, visit, 'cross-origin-upgrade')
    if (!visit.client.upgrades) return rejectRequest(plan, visit, 'upgrade-unsupported')
  }
  if (csrf !== undefined) {
    const verdict = checkCrossOrigin(request, csrf, visit.path, settings)
    if (!verdict.ok)
      return rejectRequest(plan, visit, verdict.reason, [['Vary', varyHeaders(verdict.reason)]])
  }
  const body = checkBody(request, compiled.body)
  if (!body.ok) return rejectRequest(plan, visit, body.reason)
  const hops = readHops(request.headers) + 1
  if (hops > maxHops) return rejectRequest(plan, visit, 'upstream-loop')

  const counting = limits.length > 0 ? await beginRateLimits(plan, visit, limits) : undefined
  if (counting?.is === 'refused') return counting.response
  const graphql = compiled.graphql && (await inspectRouteGraphql(plan, visit, compiled.graphql))
  // Refused or not, it had to be parsed.
  if (graphql?.refused !== undefined) return (await counting?.decide()) ?? graphql.refused
  const reads = access.session || upstream.sessions
  if (reads && plan.shares) await prefetchSession(plan, visit)
  try {
    // Where nobody has to be signed in a try is counted in the same request to Redis as everything else.
    let login =
      throttle?.reads && !access.session ? await throttle.start(plan, visit, undefined) : undefined
    const over = await counting?.decide()
    if (over !== undefined) {
      if (login?.is === 'open') await login.cancel()
      return over
    }
    const who = reads
      ? await voidAttemptOnError(
          timeSession(plan, visit, () => loadSession(plan, visit)),
          login,
        )
      : undefined
    const reason = checkAccess(plan, access, who)
    if (reason !== undefined) return denyOrRedirectToSignIn(plan, visit, reason)
    const hidden = graphql?.judge(who)
    if (hidden !== undefined) {
      if (login?.is === 'open') await login.cancel()
      return hidden
    }
    if (throttle !== undefined) login ??= await throttle.start(plan, visit, who)
    if (login?.is === 'refused') return login.response
    const passage = {
      route,
      upstream,
      settings,
      who,
      upgrade,
      hops,
      body: { ...body, ...graphql?.body, maxBytes: compiled.body.maxBytes },
    }
    const cached = (): Promise<Response> =>
      route.cache
        ? forwardCached(plan, visit, passage, route.cache)
        : forwardToUpstream(plan, visit, passage)
    const response = await (login === undefined ? cached() : login.pass(passage))
    if (plan.caches) await invalidateCacheAfter(plan, visit, settings, response)
    return upstream.hideErrors ? hideErrorDetails(response, visit) : response
  } catch (error) {
    // Found out while it streamed; the upstream has been left.
    if (error instanceof BodyError) return rejectRequest(plan, visit, error.reason)
    if (error instanceof UpstreamPaused)
      return rejectRequest(plan, visit, 'upstream-paused', [['Retry-After', `${error.retryAfter}`]])
    throw error
  }
}

/** Nobody looked at a login whose session could not be read. */
async function voidAttemptOnError<T>(
  work: Promise<T>,
  login: LoginStartResult | undefined,
): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (login?.is === 'open') await login.cancel()
    throw error
  }
}

const allMethods = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

/** 401 and 403, or the sign-in page for a person who could sign in there; a browser that fetches ahead is no person. */
function denyOrRedirectToSignIn(
  plan: CompiledGateway,
  visit: RequestContext,
  reason: Reason,
): Response {
  const signs = reason === 'no-session' || reason === 'session-too-old'
  const { request } = visit
  if (signs && plan.signIn !== undefined && isNavigation(request) && !isPrefetch(request)) {
    return redirectToSignIn(plan.signIn, visit)
  }
  return rejectRequest(plan, visit, reason)
}
