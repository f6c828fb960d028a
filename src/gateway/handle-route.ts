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
 * The phases of a route. Each is created once, from its own options. A phase that needs Redis puts its commands into the
 * request's batch when it begins, and the first one that needs a reply sends them all.
 */
export interface RoutePhases {
  /** Client address, WebSocket origin, csrf, body, loops: no I/O. See `checks/route-checks.ts`. */
  validateRequest(ctx: RouteContext): Response | undefined
  readonly beginRateLimits: BeginRateLimits
  readonly inspectGraphql: InspectGraphql
  prefetchSession(ctx: RouteContext): Promise<void>
  readonly beginLogin: BeginLogin
  loadSession(ctx: RouteContext): Promise<LoadedSession | undefined>
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
  return async function handleRoute(ctx) {
    const rejection = phases.validateRequest(ctx)
    if (rejection !== undefined) return rejection

    const limits = await phases.beginRateLimits(ctx)
    if (limits.denied !== undefined) return limits.denied
    const graphql = await phases.inspectGraphql(ctx)
    // A rejected query counts against the rate limits too: it had to be parsed.
    if (graphql.reject !== undefined) return (await limits.decide()) ?? graphql.reject()

    await phases.prefetchSession(ctx)
    const login = await phases.beginLogin(ctx)
    try {
      const overLimit = await limits.decide()
      if (overLimit !== undefined) return overLimit

      const session = await phases.loadSession(ctx)
      const denial = phases.authorize(ctx, session) ?? graphql.denyIntrospection(session)
      if (denial !== undefined) return await denial
      return (await login.deny(session)) ?? (await phases.forward(ctx, session, login))
    } finally {
      await login.end()
    }
  }
}
