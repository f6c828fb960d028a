/** Invalidates what the caches of routes hold when a request may have changed something. */
import { canonicalPath, isSafeMethod, readUrlHostName } from '../../request/index.ts'
import type { Clock } from '../../types.ts'
import type { RouteCache } from './public-cache.ts'

/** A request whose response may say that something has changed. */
export interface ChangingRequest {
  readonly request: Request
  readonly path: string
  readonly search: string
  readonly settings: { readonly publicOrigin: string }
}

/** The table in which the cache of a URL is found: that of the route which responds to GET there. */
export interface CachedRoutes {
  /** Whether any route names a host. */
  readonly hosted: boolean
  match(host: string, path: string, method: string): CachedRouteMatch
}

type CachedRouteMatch =
  | { readonly type: 'method' | 'none' }
  | {
      readonly type: 'route'
      readonly route: {
        readonly route: { readonly cache?: RouteCache | false }
        readonly upstream?: { readonly name: string } | undefined
      }
    }

/** Response headers that may name another URL that has changed. */
const urlHeaders = ['location', 'content-location'] as const

/** Invalidates caches after a response. */
export type InvalidateCache = (ctx: ChangingRequest, response: Response) => Promise<void>

/**
 * Creates the function that invalidates the responses cached for the URL of a request that was not safe, and for the URLs of the
 * same origin that its response names. It clears the cache of the route that responds to GET there, whatever route took the request.
 *
 * @see RFC 9111 section 4.4
 */
export function createInvalidateCache(routes: CachedRoutes, clock: Clock): InvalidateCache {
  return async function invalidateCache(ctx, response) {
    const { method, url } = ctx.request
    if (isSafeMethod(method) || response.status < 200 || response.status >= 400) return

    const host = routes.hosted ? readUrlHostName(url) : ''
    const { publicOrigin } = ctx.settings
    const invalidate = (pathAndQuery: string): Promise<void> | undefined => {
      const query = pathAndQuery.indexOf('?')
      const path = query === -1 ? pathAndQuery : pathAndQuery.slice(0, query)
      const match = routes.match(host, path, 'GET')
      if (match.type !== 'route') return undefined
      const { route, upstream } = match.route
      if (!route.cache || upstream === undefined) return undefined
      const search = pathAndQuery.slice(path.length)
      return route.cache.invalidate({ path, search, publicOrigin, upstream: upstream.name, clock })
    }
    await Promise.all(Array.from(findChanged(ctx, response), invalidate))
  }
}

/** Paths and queries on the public origin that may have changed. */
function findChanged({ path, search, settings }: ChangingRequest, response: Response): Set<string> {
  const { publicOrigin } = settings
  const own = path + search
  const changed = new Set([own])
  for (const name of urlHeaders) {
    const value = response.headers.get(name)
    if (value === null || !URL.canParse(value, publicOrigin + own)) continue
    const url = new URL(value, publicOrigin + own)
    const canonical = url.origin === publicOrigin ? canonicalPath(url.href) : undefined
    if (canonical?.ok) changed.add(canonical.path + canonical.search)
  }
  return changed
}
