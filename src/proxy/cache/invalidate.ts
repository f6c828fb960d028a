/**
 * Invalidates cached responses after a request that may have changed data (RFC 9111 section 4.4). `public-cache.ts`
 * creates the function for a route table, and the gateway's forward phase calls it after each response. Errors of a
 * cache are swallowed, so an address that could not be invalidated may be served until its lifetime ends. Other
 * isolates and data centers are only reached if the store is shared.
 */
import { canonicalPath, isSafeMethod, readUrlHostName } from '../../request/index.ts'
import type { Clock } from '../../types.ts'
import type { RouteCache } from './public-cache.ts'

/** A request that may have changed data. */
export interface ChangingRequest {
  readonly request: Request
  readonly path: string
  readonly search: string
  readonly settings: { readonly publicOrigin: string }
}

/** The route table, in which the cache of a URL is found: that of the route for GET. */
export interface CachedRoutes {
  /** True if any route names a host. */
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

/** Response headers that may name further URLs that have changed. */
const urlHeaders = ['location', 'content-location'] as const

/** Invalidates caches after a response. */
export type InvalidateCache = (ctx: ChangingRequest, response: Response) => Promise<void>

/**
 * Creates the function that invalidates cached responses after a request with an unsafe method: those of its URL, and
 * those of URLs of the same origin that the response names. The cache is that of the route for GET, which may be
 * another one than the request's.
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

/** Lists the paths, with queries, on the public origin that may have changed. */
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
