/**
 * Handles a request up to its route: the checks of every request, the gateway's own endpoints,
 * maintenance, and the search for the route. `compile.ts` creates the handler, and `create.ts` calls
 * it for each request. The first step that returns a response ends the handling. It rejects with any
 * error of a step, such as `ERR_STORE_UNAVAILABLE`; `respond-to-error.ts` turns that into a response.
 */
import { type RequestCheck, runChecks } from './checks/check.ts'
import type { EndpointTable } from './endpoints/endpoint.ts'
import type { HandleRoute } from './handle-route.ts'
import type { RequestContext } from './request-context.ts'
import type { FindRoute } from './routes/find-route.ts'

/** The steps before a route is known. */
export interface RequestSteps {
  /** See `checks/request-checks.ts`. */
  readonly checks: readonly RequestCheck[]
  readonly endpoints: EndpointTable
  /** Rejects requests while the gateway is in maintenance; undefined where it never is. */
  readonly checkMaintenance: RequestCheck | undefined
  readonly findRoute: FindRoute
  readonly handleRoute: HandleRoute
}

/** Handles a request. It rejects with the error of a step; `respond-to-error.ts` maps that error to a response. */
export type HandleRequest = (ctx: RequestContext) => Promise<Response>

/** Creates the handler of all requests. */
export function createRequestHandler(steps: RequestSteps): HandleRequest {
  const { checks, endpoints, checkMaintenance, findRoute, handleRoute } = steps

  return async function handleRequest(ctx) {
    const rejection = runChecks(checks, ctx)
    if (rejection !== undefined) return rejection

    const handleEndpoint = endpoints.find(ctx.path)
    if (handleEndpoint !== undefined) return handleEndpoint(ctx)

    const maintenancePage = checkMaintenance?.(ctx)
    if (maintenancePage !== undefined) return maintenancePage

    const pendingRoute = findRoute(ctx)
    const foundRoute = pendingRoute instanceof Promise ? await pendingRoute : pendingRoute

    return foundRoute.type === 'route' ? handleRoute(foundRoute.ctx) : foundRoute.rejection
  }
}
