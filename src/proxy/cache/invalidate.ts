/**
 * Invalidates what the caches of routes hold when a request may have changed something. The
 * gateway's forward phase calls it after each unsafe request. It never fails a request.
 */
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
      const queryIndex = pathAndQuery.indexOf('?')
      const pathOnly = queryIndex === -1 ? pathAndQuery : pathAndQuery.slice(0, queryIndex)
      const match = routes.match(host, pathOnly, 'GET')
      if (match.type !== 'route') return undefined
      const { route, upstream } = match.route
      if (!route.cache || upstream === undefined) return undefined
      const search = pathAndQuery.slice(pathOnly.length)

      return route.cache.invalidate({
        path: pathOnly,
        search,
        publicOrigin,
        upstream: upstream.name,
        clock,
      })
    }

    await Promise.all(Array.from(findChanged(ctx, response), invalidate))
  }
}

/** Paths and queries on the public origin that may have changed. */
function findChanged({ path, search, settings }: ChangingRequest, response: Response): Set<string> {
  const { publicOrigin } = settings
  const ownAddress = path + search
  const changedAddresses = new Set([ownAddress])
  for (const headerName of urlHeaders) {
    const headerValue = response.headers.get(headerName)
    if (headerValue === null || !URL.canParse(headerValue, publicOrigin + ownAddress)) continue
    const changedUrl = new URL(headerValue, publicOrigin + ownAddress)
    const canonical =
      changedUrl.origin === publicOrigin ? canonicalPath(changedUrl.href) : undefined
    if (canonical?.ok) changedAddresses.add(canonical.path + canonical.search)
  }

  return changedAddresses
}
