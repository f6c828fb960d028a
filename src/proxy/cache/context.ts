/**
 * Defines the parts of a request that a cache reads. The gateway passes them to a route's cache,
 * whose files share the types. Nothing here runs.
 */
import type { Clock } from '../../types.ts'

/** A request without client-specific parts, so that its response can be shared. */
export interface SharedRequest {
  readonly search: string
  readonly headers: Headers
  /** Whether it goes on when the client has left. */
  readonly outlives?: boolean
  /** Called with the upstream's headers as they came. */
  receiveHeaders(headers: Headers): void
}

/** An address whose response may be cached. */
export interface CacheTarget {
  /** Canonical. */
  readonly path: string
  readonly search: string
  readonly publicOrigin: string
  readonly upstream: string
  readonly clock: Clock
}

/** The request, as a cache uses it. */
export interface CacheContext extends CacheTarget {
  readonly request: Request
  readonly requestId: string
  readonly ownNames: ReadonlySet<string>
  readonly waitUntil: ((work: Promise<unknown>) => void) | undefined
  /** Forwards the request to the upstream: as it is, or without client-specific parts. */
  pass(shared?: SharedRequest): Promise<Response>
}
