/**
 * Applies access tokens on routes of a gateway: a request that sends one is authorized by it
 * alone. Bearer tokens and edges bring it into the gateway's login. A bad token is rejected with a
 * `WWW-Authenticate` challenge, and 503 says that keys cannot be fetched.
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

/** The rule of a route; undefined where it takes no token. */
export function readRule({ route }: GatewayRouteRequest): BearerRule | undefined {
  const { bearer } = route.route
  if (bearer === undefined || bearer === false) return undefined
  return bearer === true ? {} : bearer
}

/** A session that is none: the data of an access token, without a cookie. */
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

/** Denies a request with a token. */
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

/** Denies a token that its route wants stronger or younger (RFC 9470 section 3). */
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

/** Creates the endpoints of protected resource metadata (RFC 9728), which scripts of any site may read. */
export function createResourceEndpoints(bearer: BearerTokens): readonly LoginEndpoint[] {
  async function handle({ env, path, settings }: GatewayRequest): Promise<Response | undefined> {
    const found = settings && bearer.describe(settings.publicOrigin, env)
    if (found === undefined || found.path !== path) return undefined
    const headers = { 'access-control-allow-origin': '*', 'cache-control': 'public, max-age=3600' }
    return Response.json(found.metadata, { headers })
  }
  const methods = ['GET', 'HEAD']

  return [
    { path: wellKnown, methods, handle },
    { path: `${wellKnown}/*`, methods, handle },
  ]
}

/** The functions of this file, as `bearerTokens` and the edges bring them: a login without either holds none. */
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
