/** The way through the gateway, cheapest and purest first. */
import { judgeAddress } from '../access/index.ts'
import { checkCrossOrigin, variesBy } from '../csrf/index.ts'
import {
  BodyError,
  canonicalPath,
  checkBody,
  clientAddress,
  hostNameOf,
  hostOf,
  isKnownMethod,
  isNavigation,
  isPrefetch,
  isWebSocketUpgrade,
} from '../request/index.ts'
import type { Reason } from '../types.ts'
import { askSoon, refuseAccess, whoIsAsking } from './admit.ts'
import { invalidateAfter } from './cache-invalidation.ts'
import { keptSlashes } from './encoded-slash.ts'
import { isOwnPath, ownEndpoint } from './endpoints.ts'
import { hopsOf, mostHops } from './forward.ts'
import { withoutDetails } from './hide-errors.ts'
import { refuseHead } from './hygiene.ts'
import { findGraphql } from './judge-graphql.ts'
import { countRequest } from './limits.ts'
import { overrideMethod } from './method-override.ts'
import { passOn } from './pass.ts'
import { passCached } from './pass-cached.ts'
import type { Plan } from './plan.ts'
import { redirect, refuse, toSignIn } from './refuse.ts'
import { UpstreamPaused } from './retry.ts'
import type { CompiledRoute, Match } from './routes.ts'
import { type Settings, visited } from './settings.ts'
import type { LoginStart } from './throttle-types.ts'
import type { Visit } from './visit.ts'
import { noteRoute, watchSession } from './watch.ts'

/** Answers a request. What goes wrong is thrown; see {@link createGateway} for what becomes of it. */
export async function serve(plan: Plan, visit: Visit): Promise<Response> {
  const { request } = visit
  const { method } = request
  const canonical = canonicalPath(request.url)
  const kept = canonical.ok || !plan.keepsSlashes ? undefined : keptSlashes(request.url)
  if (canonical.ok) visit.path = canonical.path
  else if (kept !== undefined) visit.path = kept.path
  else if (canonical.redirect === undefined || (method !== 'GET' && method !== 'HEAD')) {
    return refuse(plan, visit, canonical.reason)
  } else return redirect(308, canonical.redirect)
  visit.search = canonical.ok ? canonical.search : (kept?.search ?? '')
  if (!isKnownMethod(method)) return refuse(plan, visit, 'method-not-allowed', [['Allow', everyMethod]])
  const stopped = refuseHead(plan, visit)
  if (stopped?.location !== undefined) return redirect(308, stopped.location)
  if (stopped !== undefined) return refuse(plan, visit, stopped.reason)
  if (isOwnPath(visit.path)) return ownEndpoint(plan, visit)
  const closed = plan.ops.maintenance?.(visit.env, request.headers, plan.platform)
  if (closed !== undefined) return refuse(plan, visit, 'maintenance', [['Retry-After', `${closed}`]])

  const { settings } = visit
  if (settings === undefined) throw visit.fault
  const match = routeOf(plan, visit, kept?.opened)
  if (match === undefined) return refuse(plan, visit, 'path-not-canonical')
  if (match.is === 'none') return refuse(plan, visit, 'no-route')
  if (match.is === 'method') return refuse(plan, visit, 'method-not-allowed', [['Allow', match.allow]])
  const taken = await overrideMethod(
    visit,
    match.route,
    (method) => routeOf(plan, visit, kept?.opened, method) ?? match,
  )
  if (taken.is === 'unclear') return refuse(plan, visit, 'body-malformed')
  if (taken.is !== 'route')
    return refuse(plan, visit, 'method-not-allowed', [['Allow', taken.is === 'method' ? taken.allow : '']])
  const { route, secure } = taken.route
  if (visit.notes !== undefined) noteRoute(visit.notes, route)
  visit.secure = secure
  if (route.host !== undefined) visit.settings = visited(settings, hostOf(request.url))
  return through(plan, visit, taken.route, visit.settings ?? settings)
}

/** The route of a request. Of a path with `%2F` both readings must lead to one that takes it; undefined where they do not. */
function routeOf(
  { routes }: Plan,
  { request, path, search }: Visit,
  opened: string | undefined,
  method: string = request.method,
): Match | undefined {
  const host = routes.hosted ? hostNameOf(request.url) : ''
  const match = routes.match(host, path, method, search)
  if (opened === undefined) return match
  const other = routes.match(host, opened, method, search)
  if (match.is !== 'route' || other.is !== 'route' || match.route !== other.route) return undefined
  return match.route.route.encodedSlash === 'keep' ? match : undefined
}

/** What a route asks of a request: first what its head tells, then what costs something, then whom Redis knows. */
async function through(plan: Plan, visit: Visit, compiled: CompiledRoute, settings: Settings): Promise<Response> {
  const { request } = visit
  const { route, access, csrf, throttle, upstream, limits = [] } = compiled
  if (upstream === undefined) throw new TypeError('A route leads to an upstream that was judged')
  if (access.ranges !== undefined) {
    const verdict = judgeAddress(access, clientAddress(request.headers, plan.platform))
    if (!verdict.ok) return refuse(plan, visit, verdict.reason)
  }
  const upgrade = isWebSocketUpgrade(request)
  if (upgrade) {
    // Browsers always send it, and with it the cookies of whoever looks at another site. Other clients have no cookies to lend.
    const origin = request.headers.get('origin')
    const trusted = origin === null || origin === settings.publicOrigin || csrf?.trustedOrigins.has(origin) === true
    if (!trusted) return refuse(plan, visit, 'cross-origin-upgrade')
    if (!visit.client.upgrades) return refuse(plan, visit, 'upgrade-unsupported')
  }
  if (csrf !== undefined) {
    const verdict = checkCrossOrigin(request, csrf, visit.path, settings)
    if (!verdict.ok) return refuse(plan, visit, verdict.reason, [['Vary', variesBy(verdict.reason)]])
  }
  const body = checkBody(request, compiled.body)
  if (!body.ok) return refuse(plan, visit, body.reason)
  const hops = hopsOf(request.headers) + 1
  if (hops > mostHops) return refuse(plan, visit, 'upstream-loop')

  const counting = limits.length > 0 ? await countRequest(plan, visit, limits) : undefined
  if (counting?.is === 'refused') return counting.response
  const graphql = compiled.graphql && (await findGraphql(plan, visit, compiled.graphql))
  // Refused or not, it had to be parsed.
  if (graphql?.refused !== undefined) return (await counting?.decide()) ?? graphql.refused
  const reads = access.session || upstream.sessions
  if (reads && plan.shares) await askSoon(plan, visit)
  try {
    // Where nobody has to be signed in a try is counted in the same request to Redis as everything else.
    let login = throttle?.reads && !access.session ? await throttle.start(plan, visit, undefined) : undefined
    const over = await counting?.decide()
    if (over !== undefined) {
      if (login?.is === 'open') await login.cancel()
      return over
    }
    const who = reads
      ? await orCancel(
          watchSession(plan, visit, () => whoIsAsking(plan, visit)),
          login,
        )
      : undefined
    const reason = refuseAccess(plan, access, who)
    if (reason !== undefined) return turnAway(plan, visit, reason)
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
      route.cache ? passCached(plan, visit, passage, route.cache) : passOn(plan, visit, passage)
    const response = await (login === undefined ? cached() : login.pass(passage))
    if (plan.caches) await invalidateAfter(plan, visit, settings, response)
    return upstream.hideErrors ? withoutDetails(response, visit) : response
  } catch (error) {
    // Found out while it streamed; the upstream has been left.
    if (error instanceof BodyError) return refuse(plan, visit, error.reason)
    if (error instanceof UpstreamPaused)
      return refuse(plan, visit, 'upstream-paused', [['Retry-After', `${error.retryAfter}`]])
    throw error
  }
}

/** Nobody looked at a login whose session could not be read. */
async function orCancel<T>(work: Promise<T>, login: LoginStart | undefined): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (login?.is === 'open') await login.cancel()
    throw error
  }
}

const everyMethod = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

/** 401 and 403, or the sign-in page for a person who could sign in there; a browser that fetches ahead is no person. */
function turnAway(plan: Plan, visit: Visit, reason: Reason): Response {
  const signs = reason === 'no-session' || reason === 'session-too-old'
  const { request } = visit
  if (signs && plan.signIn !== undefined && isNavigation(request) && !isPrefetch(request)) {
    return toSignIn(plan.signIn, visit)
  }
  return refuse(plan, visit, reason)
}
