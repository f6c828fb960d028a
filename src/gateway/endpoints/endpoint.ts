/**
 * Defines the gateway's own endpoints, and finds the one that handles a request.
 * `handle-request.ts` asks the table after the checks of every request. Another method is rejected
 * with 405, and an unknown path under `/.portcullis/` with 404.
 */
import { foldPath } from '../../request/index.ts'
import type { RequestRejecter } from '../reject.ts'
import type { RequestContext } from '../request-context.ts'

/** An endpoint of the gateway itself. Its paths never reach an upstream. */
export interface Endpoint {
  /** A canonical path under `/.portcullis/` or `/.well-known/`: exact, or with `/*` at its end for everything below it. */
  readonly path: string
  /** Methods that it takes, with HEAD where it takes GET; others get 405. */
  readonly methods: readonly string[]
  /** Whether it answers requests for any host, over http too: load balancers ask by IP address. Default false. */
  readonly anyHost?: boolean
  /** Whether the monitor writes no line for its requests. Default false. */
  readonly quiet?: boolean
  /** Handles a request. The endpoint responds with 404 where this returns undefined. */
  handle(ctx: RequestContext): Response | undefined | Promise<Response | undefined>
}

/** The endpoints of one gateway. */
export interface EndpointTable {
  /**
   * The function that handles a request for a canonical path; undefined where the path is an upstream's. Nothing below
   * `/.portcullis` is, also in spellings that an upstream might take for it.
   */
  find(path: string): ((ctx: RequestContext) => Promise<Response>) | undefined
  /** Whether an endpoint answers requests for any host. */
  answersAnyHost(path: string): boolean
}

/** Creates the table. Of two endpoints with one path the first is used. */
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
      // Nearly every path is an upstream's, and none of those that this gateway may take begins otherwise.
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
