/** What a request that changes something makes invalid in the caches of routes. */
import { canonicalPath, isSafeMethod, readUrlHostName } from '../request/index.ts'
import type { CompiledGateway } from './compile.ts'
import type { RequestContext } from './request-context.ts'
import type { Settings } from './settings.ts'

/** Where an answer may name another address that has changed. */
const naming = ['location', 'content-location'] as const

/**
 * After a request that may have changed something, makes invalid what is kept of its address, and of those that the answer names
 * on the same origin. It is the route that answers GET there whose cache is cleared, whatever route took this request.
 *
 * @see RFC 9111 section 4.4
 */
export async function invalidateCacheAfter(
  plan: CompiledGateway,
  visit: RequestContext,
  settings: Settings,
  answer: Response,
): Promise<void> {
  const { method, url } = visit.request
  if (!plan.caches || isSafeMethod(method) || answer.status < 200 || answer.status >= 400) return
  const { publicOrigin } = settings
  const own = visit.path + visit.search
  const addresses = new Set([own])
  for (const name of naming) {
    const address = answer.headers.get(name)
    if (address === null || !URL.canParse(address, publicOrigin + own)) continue
    const target = new URL(address, publicOrigin + own)
    const canonical = target.origin === publicOrigin ? canonicalPath(target.href) : undefined
    if (canonical?.ok) addresses.add(canonical.path + canonical.search)
  }
  const host = plan.routes.hosted ? readUrlHostName(url) : ''
  await Promise.all(
    Array.from(addresses, (address) => {
      const query = address.indexOf('?')
      const path = query === -1 ? address : address.slice(0, query)
      const match = plan.routes.match(host, path, 'GET')
      if (match.is !== 'route' || !match.route.route.cache || match.route.upstream === undefined)
        return undefined
      return match.route.route.cache.invalidate({
        path,
        search: address.slice(path.length),
        publicOrigin,
        upstream: match.route.upstream.name,
        clock: plan.clock,
      })
    }),
  )
}
