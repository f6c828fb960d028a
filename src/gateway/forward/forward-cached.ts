/**
 * Forwards a request through the cache of its route. The forward phase calls it for routes with
 * the option `cache`. It rejects as forwarding does, where the response was not in the cache.
 */
import type { SharedRequest } from '../../proxy/cache/context.ts'
import type { RouteCache } from '../../proxy/cache/public-cache.ts'
import { withoutRange } from '../../proxy/forward/whole-response.ts'
import type { Clock } from '../../types.ts'
import type { RouteContext } from '../request-context.ts'

/** Services of the gateway that the cache of a route uses. */
export interface CacheServices {
  /** Names of our own cookies: a request with one of them is not served from a cache. */
  readonly cookieNames: ReadonlySet<string>
  readonly clock: Clock
}

/** Responds from the cache, or forwards the request and caches the response where that is allowed. */
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
