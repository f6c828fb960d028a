/**
 * Handles a request whose route is known: the phases of a route, in their order.
 * `handle-request.ts` calls it. A login attempt is settled in one `finally`, however the request
 * ends; what throws goes to `respond-to-error.ts`.
 */

import type { LoadedSession } from '../proxy/forward/context.ts'
import type { Authorize } from './phases/authorize.ts'
import type { InspectGraphql } from './phases/graphql.ts'
import type { BeginLogin, LoginScope } from './phases/login.ts'
import type { BeginRateLimits } from './phases/rate-limits.ts'
import type { RouteContext } from './request-context.ts'

/**
 * The phases of a route. Each is created once, from its own options. One that has nothing to do returns no promise, since
 * waiting for it would cost a turn of the event loop. A phase that needs Redis puts its commands into the
 * request's batch when it begins, and the first one that needs a reply sends them all.
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

/** Handles a request whose route is known. It rejects with what the error mapping of the gateway turns into a response. */
export type HandleRoute = (ctx: RouteContext) => Promise<Response>

/** Creates the handler of all routes. */
export function createRouteHandler(phases: RoutePhases): HandleRoute {
  return (ctx) => handleRoute(phases, ctx)
}

async function handleRoute(phases: RoutePhases, ctx: RouteContext): Promise<Response> {
  const rejection = phases.validateRequest(ctx)
  if (rejection !== undefined) return rejection

  const counting = phases.beginRateLimits(ctx)
  const limits = counting instanceof Promise ? await counting : counting
  if (limits.denied !== undefined) return limits.denied

  const inspecting = phases.inspectGraphql(ctx)
  const graphql = inspecting instanceof Promise ? await inspecting : inspecting
  // A rejected query counts against the rate limits too: it had to be parsed.
  if (graphql.reject !== undefined) return (await limits.decide()) ?? graphql.reject()

  const prefetching = phases.prefetchSession(ctx)
  if (prefetching) await prefetching

  const entering = phases.beginLogin(ctx)
  const login = entering instanceof Promise ? await entering : entering
  try {
    const deciding = limits.decide()
    const overLimit = deciding && (await deciding)
    if (overLimit !== undefined) return overLimit

    const loading = phases.loadSession(ctx)
    const session = loading && (await loading)

    const denial = phases.authorize(ctx, session) ?? graphql.denyIntrospection(session)
    if (denial !== undefined) return await denial

    const denying = login.deny(session)
    return (denying && (await denying)) ?? (await phases.forward(ctx, session, login))
  } finally {
    const ending = login.end()
    if (ending) await ending
  }
}
