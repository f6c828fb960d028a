/** Hands a request on through a cache. */
import type { RouteCache } from '../proxy/cache/public-cache.ts'
import type { CompiledGateway } from './compile.ts'
import { type ForwardContext, forwardToUpstream } from './forward.ts'
import type { RequestContext } from './request-context.ts'
import { withoutRange } from './routes/placeholder.ts'
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
    pass: (shared) =>
      forwardToUpstream(plan, visit, shared === undefined ? passage : { ...passage, shared }),
  })
  return watchCache(visit, work)
}
