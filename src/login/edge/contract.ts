/**
 * Types of identities that an edge in front of the gateway has proved. The login and its edges
 * share them. Nothing here runs.
 */
import type { BearerVerdict } from '../bearer/contract.ts'
import type { TokenFace } from '../gateway/bearer.ts'
import type { LoginSettings } from '../settings.ts'
import type { TokenContext } from '../tokens/contract.ts'

/** The option `edge` of a login: `cloudflareAccess`, `googleIap` or `awsAlb`. */
export interface EdgeOption {
  /** Not part of the public API. */
  createEdge(settings: LoginSettings): EdgeIdentity
}

/** Reads the identity of a request from the signed header of an edge. */
export interface EdgeIdentity {
  /** Decides about requests with an identity. */
  readonly face: TokenFace
  /** Undefined where the header is absent: the request did not come through the edge, or by a path that it lets through. */
  validate(context: TokenContext, headers: Headers): Promise<BearerVerdict | undefined>
}
