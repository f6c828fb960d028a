/**
 * Defines a check: a function without I/O that either returns the response with which a request is
 * rejected, or undefined for a request that may go on. `handle-request.ts` runs the checks of every
 * request with `runChecks`, and `phases/list.ts` those of a route; `maintenance.ts`,
 * `request-checks.ts`, `route-checks.ts` and `routes/table.ts` use the types. `runChecks` stops at
 * the first rejection. It catches nothing: an error of a check becomes the error page that
 * `respond-to-error.ts` creates.
 */
import type { RequestContext, RouteContext } from '../request-context.ts'

/**
 * Checks a request without I/O. It returns the response to a request that it rejects, and undefined for a request that
 * may go on. A check may write to the context what later steps read: the canonical path, the body, the number of hops.
 */
export type RequestCheck<C extends RequestContext = RequestContext> = (
  ctx: C,
) => Response | undefined

/** A check that runs once the route of a request is known. */
export type RouteCheck = RequestCheck<RouteContext>

/** Runs the checks in the given order and returns the first rejection; undefined if every check allows the request. */
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
