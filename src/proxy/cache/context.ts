/**
 * Defines the parts of a request that a cache reads, and the request that it sends to the upstream. `forward-cached.ts`
 * of the gateway creates the context, the files of the cache read it, and `upstream-request.ts` reads a shared request.
 * The file holds types only. The caller must pass a canonical path, since the path is part of the cache key.
 */
import type { Clock } from '../../types.ts'

/** A request without parts that are specific to one client, so that its response can be shared. */
export interface SharedRequest {
  readonly search: string
  readonly headers: Headers
  /** True if the request goes on after the client has disconnected. Default false. */
  readonly outlives?: boolean
  /** Called with the headers that the upstream has sent, before any is removed. */
  receiveHeaders(headers: Headers): void
}

/** An address whose response may be cached. */
export interface CacheTarget {
  /** The canonical path. */
  readonly path: string
  readonly search: string
  readonly publicOrigin: string
  /** The name of the upstream. */
  readonly upstream: string
  readonly clock: Clock
}

/** The request of a client, and the functions with which a cache handles it. */
export interface CacheContext extends CacheTarget {
  readonly request: Request
  readonly requestId: string
  /** Names of the gateway's own cookies. A request with one of them bypasses the cache. */
  readonly ownNames: ReadonlySet<string>
  readonly waitUntil: ((work: Promise<unknown>) => void) | undefined
  /** Forwards the client's request unchanged or, with `shared`, without parts that are specific to the client. */
  pass(shared?: SharedRequest): Promise<Response>
}
