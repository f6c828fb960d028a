/**
 * Handles a request from its first check to its route: checks, endpoints, maintenance, routing.
 * `create.ts` calls it for each request. The first step that returns a response ends the handling;
 * what throws goes to `respond-to-error.ts`.
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

/** Handles a request. It rejects with what the error mapping of the gateway turns into a response. */
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

    const finding = findRoute(ctx)
    const foundRoute = finding instanceof Promise ? await finding : finding

    return foundRoute.type === 'route' ? handleRoute(foundRoute.ctx) : foundRoute.rejection
  }
}
