/**
 * Applies access tokens to the requests of a gateway: reads the rule of a route, stands in for the
 * session, and creates the rejections and the metadata endpoints. A request that sends a token is
 * authorized by the token alone. `bearerTokens()` and the edges carry these functions in `tokenFace`,
 * and `phases.ts`, `handler.ts` and `sign-in.ts` call them there, so that a login without tokens
 * does not bundle them.
 *
 * A bad token is rejected with 401 or 403 and a `WWW-Authenticate` challenge, and with 503
 * (`token-unavailable`) while keys cannot be fetched. The metadata endpoint answers undefined, and the
 * gateway then 404, where the audience is not a URL of this site.
 */
import type { CompiledAccess } from '../../access/index.ts'
import type { Reason } from '../../types.ts'
import type { BearerRule, BearerTokens, BearerVerdict } from '../bearer/contract.ts'
import type {
  GatewayRequest,
  GatewayRouteRequest,
  GatewayServices,
  GatewaySession,
  LoginEndpoint,
} from './types.ts'

const wellKnown = '/.well-known/oauth-protected-resource'

/** Returns the rule of a route for tokens; undefined where the route accepts none. */
export function readRule({ route }: GatewayRouteRequest): BearerRule | undefined {
  const { bearer } = route.route
  if (bearer === undefined || bearer === false) return undefined
  return bearer === true ? {} : bearer
}

/** Creates what stands in for the session: the data of an access token. It has no cookie and cannot be written. */
export function createTokenSession({
  data,
  token,
}: Extract<BearerVerdict, { status: 'accepted' }>): GatewaySession {
  const { id, issuedAt, expiresAt, authenticatedAt } = token
  const facts = {
    createdAt: issuedAt,
    seenAt: issuedAt,
    expiresAt,
    idleExpiresAt: expiresAt,
    signedIn: true,
    ...(authenticatedAt !== undefined && { authenticatedAt }),
  }

  return { data, facts, info: async () => ({ id, ...facts }) }
}

/** Rejects a request whose token is bad; undefined where the token was accepted. */
export function denyToken(
  services: GatewayServices,
  ctx: GatewayRouteRequest,
  verdict: BearerVerdict,
): Response | undefined {
  if (verdict.status === 'accepted') return undefined
  if (verdict.status === 'unavailable') return services.reject(ctx, 'token-unavailable')
  const headers = [['WWW-Authenticate', verdict.challenge]] as const

  return services.reject(ctx, verdict.code === 401 ? 'no-session' : 'role-missing', headers)
}

/**
 * Rejects a good token that does not meet the access rule of its route, such as one that is too old (RFC 9470 section
 * 3).
 */
export function denyWeakToken(
  services: GatewayServices,
  ctx: GatewayRouteRequest,
  reason: Reason,
): Response {
  const { access } = ctx.route
  if (reason !== 'session-too-old' && reason !== 'login-too-weak') {
    const challenge = 'Bearer error="insufficient_scope"'
    return services.reject(ctx, reason, [['WWW-Authenticate', challenge]])
  }
  const challenge = `Bearer error="insufficient_user_authentication"${describeDemands(access)}`

  return services.reject(ctx, reason, [['WWW-Authenticate', challenge]])
}

function describeDemands({ contexts, freshMs }: CompiledAccess): string {
  const acr = contexts === undefined ? '' : `, acr_values="${[...contexts].join(' ')}"`
  const age = freshMs === undefined ? '' : `, max_age="${Math.floor(freshMs / 1000)}"`
  return acr + age
}

/** Creates the endpoints of protected resource metadata (RFC 9728). CORS lets scripts of any site read them. */
export function createResourceEndpoints(bearer: BearerTokens): readonly LoginEndpoint[] {
  async function handle({ env, path, settings }: GatewayRequest): Promise<Response | undefined> {
    const described = settings && bearer.describe(settings.publicOrigin, env)
    if (described === undefined || described.path !== path) return undefined
    const headers = { 'access-control-allow-origin': '*', 'cache-control': 'public, max-age=3600' }
    return Response.json(described.metadata, { headers })
  }
  const methods = ['GET', 'HEAD']

  return [
    { path: wellKnown, methods, handle },
    { path: `${wellKnown}/*`, methods, handle },
  ]
}

/** The functions of this file as one object, which `bearerTokens` and the edges carry into the gateway's login. */
export interface TokenFace {
  readonly readRule: typeof readRule
  readonly createTokenSession: typeof createTokenSession
  readonly denyToken: typeof denyToken
  readonly denyWeakToken: typeof denyWeakToken
  readonly createResourceEndpoints: typeof createResourceEndpoints
}

export const tokenFace: TokenFace = {
  readRule,
  createTokenSession,
  denyToken,
  denyWeakToken,
  createResourceEndpoints,
}
