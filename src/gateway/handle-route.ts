/**
 * Handles a request whose route is known. It runs the phases of a route in order: checks, rate limits,
 * GraphQL, session, login attempt, authorization, forwarding. `compile.ts` creates the handler from
 * the phases of `phases/list.ts`, and `handle-request.ts` calls it; the console, the phases and
 * `watch.ts` use its types. The first phase that returns a response ends the handling. A login attempt
 * is settled in one `finally`, however the request ends. It rejects with any error of a phase, such as
 * `ERR_STORE_UNAVAILABLE` or `ERR_UPSTREAM_TIMEOUT`; `respond-to-error.ts` maps that error.
 */

import type { LoadedSession } from '../proxy/forward/context.ts'
import type { Authorize } from './phases/authorize.ts'
import type { InspectGraphql } from './phases/graphql.ts'
import type { BeginLogin, LoginScope } from './phases/login.ts'
import type { BeginRateLimits } from './phases/rate-limits.ts'
import type { RouteContext } from './request-context.ts'

/**
 * The phases of a route. Each is created once, from its own options. A phase that has nothing to do returns no promise,
 * since awaiting one would cost a turn of the event loop. A phase that needs Redis adds its commands to the request's
 * batch when it begins, and the first phase that needs a reply sends the whole batch.
 */
export interface RoutePhases {
  /** Client address, WebSocket origin, csrf, body, loops: no I/O. See `checks/route-checks.ts`. */
  validateRequest(ctx: RouteContext): Response | undefined
  readonly beginRateLimits: BeginRateLimits
  readonly inspectGraphql: InspectGraphql
  prefetchSession(ctx: RouteContext): Promise<void> | undefined
  readonly beginLogin: BeginLogin
  loadSession(ctx: RouteContext): Promise<LoadedSession | undefined> | undefined
  readonly authorize: Authorize
  forward(
    ctx: RouteContext,
    session: LoadedSession | undefined,
    login: LoginScope,
  ): Promise<Response>
}

/**
 * Handles a request whose route is known. It rejects with the error of a phase; `respond-to-error.ts` maps that error.
 */
export type HandleRoute = (ctx: RouteContext) => Promise<Response>

/** Creates the handler of all routes. */
export function createRouteHandler(phases: RoutePhases): HandleRoute {
  return (ctx) => handleRoute(phases, ctx)
}

async function handleRoute(phases: RoutePhases, ctx: RouteContext): Promise<Response> {
  const rejection = phases.validateRequest(ctx)
  if (rejection !== undefined) return rejection

  const pendingLimits = phases.beginRateLimits(ctx)
  const limits = pendingLimits instanceof Promise ? await pendingLimits : pendingLimits
  if (limits.denied !== undefined) return limits.denied

  const pendingGraphql = phases.inspectGraphql(ctx)
  const graphql = pendingGraphql instanceof Promise ? await pendingGraphql : pendingGraphql
  // A rejected query counts against the rate limits too, since parsing it took time.
  if (graphql.reject !== undefined) return (await limits.decide()) ?? graphql.reject()

  const pendingPrefetch = phases.prefetchSession(ctx)
  if (pendingPrefetch) await pendingPrefetch

  const pendingLogin = phases.beginLogin(ctx)
  const login = pendingLogin instanceof Promise ? await pendingLogin : pendingLogin
  try {
    const pendingDecision = limits.decide()
    const overLimit = pendingDecision && (await pendingDecision)
    if (overLimit !== undefined) return overLimit

    const pendingSession = phases.loadSession(ctx)
    const session = pendingSession && (await pendingSession)

    const denial = phases.authorize(ctx, session) ?? graphql.denyIntrospection(session)
    if (denial !== undefined) return await denial

    const pendingDenial = login.deny(session)
    const loginDenial = pendingDenial && (await pendingDenial)
    return loginDenial ?? (await phases.forward(ctx, session, login))
  } finally {
    const pendingEnd = login.end()
    if (pendingEnd) await pendingEnd
  }
}
