/**
 * Forwards a request through the cache of its route. `phases/forward.ts` calls it for routes with the
 * option `cache`. If the response is not in the cache, it calls `send` and rejects as that does, for
 * example with `ERR_UPSTREAM_TIMEOUT`. The response may come from the request of another client, so it
 * must not depend on the session.
 */
import type { SharedRequest } from '../../proxy/cache/context.ts'
import type { RouteCache } from '../../proxy/cache/public-cache.ts'
import { withoutRange } from '../../proxy/forward/whole-response.ts'
import type { Clock } from '../../types.ts'
import type { RouteContext } from '../request-context.ts'

/** Services of the gateway that the cache of a route uses. */
export interface CacheServices {
  /** Names of the gateway's own cookies. A request with one of them bypasses the cache. */
  readonly cookieNames: ReadonlySet<string>
  readonly clock: Clock
}

/** Responds from the cache, or forwards the request with `send` and caches the response if that is allowed. */
export async function forwardCached(
  { cookieNames, clock }: CacheServices,
  cache: RouteCache,
  ctx: RouteContext,
  send: (shared?: SharedRequest) => Promise<Response>,
): Promise<Response> {
  const response = await cache.serve({
    request: ctx.response.headers.fills ? withoutRange(ctx.request) : ctx.request,
    requestId: ctx.requestId,
    path: ctx.path,
    search: ctx.search,
    publicOrigin: ctx.settings.publicOrigin,
    upstream: ctx.upstream.name,
    ownNames: cookieNames,
    clock,
    waitUntil: ctx.waitUntil,
    pass: send,
  })

  if (ctx.metrics !== undefined) ctx.metrics.cache = cache.readOutcome(response)
  return response
}
