/** Hands a request on through a cache. */
import type { RouteCache } from './cache.ts'
import { type ForwardContext, forwardToUpstream } from './pass.ts'
import { withoutRange } from './placeholder-route.ts'
import type { CompiledGateway } from './plan.ts'
import type { RequestContext } from './visit.ts'
import { watchCache } from './watch.ts'

/** Hands a request on through the cache of its route. */
export function forwardCached(
  plan: CompiledGateway,
  visit: RequestContext,
  passage: ForwardContext,
  cache: RouteCache,
): Promise<Response> {
  const { settings, upstream } = passage
  const work = cache.serve({
    request: (visit.secure ?? plan.secure).fills ? withoutRange(visit.request) : visit.request,
    requestId: visit.requestId,
    path: visit.path,
    search: visit.search,
    publicOrigin: settings.publicOrigin,
    upstream: upstream.name,
    ownNames: plan.cookieNames,
    clock: plan.clock,
    waitUntil: visit.waitUntil,
    pass: (shared) => forwardToUpstream(plan, visit, shared === undefined ? passage : { ...passage, shared }),
  })
  return watchCache(visit, work)
}
