/**
 * Defines an endpoint of the gateway itself, and the table that finds the endpoint for a path.
 * `compile.ts` creates the table from the endpoints of `list.ts`, the login and the console, and
 * `handle-request.ts` looks up each request in it. Another method gets 405. An unknown path under
 * `/.portcullis/`, also in other spellings, gets 404 and is never forwarded. A handler that rejects makes
 * the request fail; `respond-to-error.ts` maps its error.
 */
import { foldPath } from '../../request/index.ts'
import type { RequestRejecter } from '../reject.ts'
import type { RequestContext } from '../request-context.ts'

/** An endpoint of the gateway itself. Requests for its path are never forwarded. */
export interface Endpoint {
  /** A canonical path under `/.portcullis/` or `/.well-known/`: exact, or with `/*` at its end for everything below it. */
  readonly path: string
  /** The methods that it accepts, with HEAD besides GET. Others get 405. */
  readonly methods: readonly string[]
  /**
   * Whether it answers requests for any host, over http too, since load balancers use the IP address. Default false.
   */
  readonly anyHost?: boolean
  /** Whether the monitor omits its requests from the log and the counts. Default false. */
  readonly quiet?: boolean
  /** Handles a request. The endpoint responds with 404 where this returns undefined. */
  handle(ctx: RequestContext): Response | undefined | Promise<Response | undefined>
}

/** The endpoints of one gateway. */
export interface EndpointTable {
  /**
   * Finds the function that handles requests for a canonical path; undefined for a path that is forwarded to an
   * upstream. A path under `/.portcullis` is never forwarded, nor is a spelling that an upstream might read as such a
   * path.
   */
  find(path: string): ((ctx: RequestContext) => Promise<Response>) | undefined
  /** Whether the endpoint of a path answers requests for any host. */
  answersAnyHost(path: string): boolean
}

/** Creates the table. If two endpoints have the same path, the first is used. */
export function createEndpointTable(
  endpoints: readonly Endpoint[],
  reject: RequestRejecter,
): EndpointTable {
  const exactPaths = new Map<string, Endpoint>()
  const prefixes: Endpoint[] = []
  for (const endpoint of endpoints) {
    if (endpoint.path.endsWith('/*')) prefixes.push(endpoint)
    else if (!exactPaths.has(endpoint.path)) exactPaths.set(endpoint.path, endpoint)
  }

  function findEndpoint(path: string): Endpoint | undefined {
    return (
      exactPaths.get(path) ??
      prefixes.find((endpoint) => path.startsWith(endpoint.path.slice(0, -1)))
    )
  }

  async function handleEndpoint(endpoint: Endpoint, ctx: RequestContext): Promise<Response> {
    const { request, metrics } = ctx
    if (metrics !== undefined && endpoint.quiet) metrics.quiet = true
    if (!endpoint.methods.includes(request.method)) {
      return reject(ctx, 'method-not-allowed', [['Allow', endpoint.methods.join(', ')]])
    }

    return (await endpoint.handle(ctx)) ?? reject(ctx, 'not-found')
  }

  return {
    find(path) {
      // All endpoints are under `/.portcullis/` or `/.well-known/`. Nearly all requests are for other paths, so this is
      // fast.
      if (!path.startsWith('/.')) return undefined
      const endpoint = findEndpoint(path)
      if (endpoint !== undefined) return (ctx) => handleEndpoint(endpoint, ctx)
      return isReserved(path) ? async (ctx) => reject(ctx, 'not-found') : undefined
    },
    answersAnyHost: (path) => path.startsWith('/.') && findEndpoint(path)?.anyHost === true,
  }
}

function isReserved(path: string): boolean {
  const foldedPath = foldPath(path)
  return foldedPath === '/.portcullis' || foldedPath.startsWith('/.portcullis/')
}
