/**
 * Defines what a check is: a function without I/O that lets a request go on or returns its
 * rejection. `handle-request.ts` and the phases run lists of checks with `runChecks`. A check that
 * throws is a fault of the gateway; the request then gets the page of `respond-to-error.ts`.
 */
import type { RequestContext, RouteContext } from '../request-context.ts'

/**
 * Looks at a request without I/O. It returns the response to a request that it rejects, and undefined for one that may go
 * on. What it parses on the way it records on the context.
 */
export type RequestCheck<C extends RequestContext = RequestContext> = (
  ctx: C,
) => Response | undefined

/** A check of a request whose route is known. */
export type RouteCheck = RequestCheck<RouteContext>

/** Runs checks in their order until one of them rejects the request. */
export function runChecks<C extends RequestContext>(
  checks: ReadonlyArray<RequestCheck<C>>,
  ctx: C,
): Response | undefined {
  for (const check of checks) {
    const rejection = check(ctx)
    if (rejection !== undefined) return rejection
  }
  return undefined
}
