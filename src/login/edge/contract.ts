/**
 * Types of identities that an edge in front of the gateway (Cloudflare Access, Google IAP, an AWS
 * load balancer) has verified and signed. `edge-identity.ts` implements them, `gateway/` calls the
 * implementation, and applications import `EdgeOption`. Nothing here runs.
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
  /** The functions with which the gateway applies an identity to a request. */
  readonly face: TokenFace
  /**
   * Verifies the signed header. Undefined where the header is absent: the request bypassed the edge, or the edge lets
   * its path through without a login.
   */
  validate(context: TokenContext, headers: Headers): Promise<BearerVerdict | undefined>
}
