/**
 * Verifies the signed header with which an edge in front of the gateway names the user. `edges.ts`
 * calls `createEdge` for each known edge; the login of a gateway calls `validate` for each request
 * to a route that requires a session.
 *
 * An absent header gives undefined, so the session decides. A token that does not verify, or that
 * is for another application, is denied with 401; a user whom `identify` does not admit with 403;
 * keys that cannot be fetched give `unavailable` (503). Each emits `bearer-refused`. Errors that
 * `identify` throws pass through.
 */
import { sha256 } from '../../crypto/index.ts'
import type { BearerVerdict } from '../bearer/contract.ts'
import { emitEvent } from '../context.ts'
import { tokenFace } from '../gateway/bearer.ts'
import { createFacts, createIdentity } from '../identify.ts'
import { verifySignedToken } from '../protocol/signed-token.ts'
import { validateSubjectClaim, validateTimeClaims } from '../protocol/token-claims.ts'
import type { Provider } from '../providers/provider-options.ts'
import type { LoginSettings } from '../settings.ts'
import type { TokenContext } from '../tokens/contract.ts'
import { type Claims, LoginError } from '../types.ts'
import type { EdgeOption } from './contract.ts'

/** The properties of one edge: its header, and how it signs. */
export interface EdgeSpecification {
  /** The provider's name in sessions: `user` is `<name>|<sub>`. */
  readonly name: string
  readonly header: string
  readonly issuer: string
  readonly audience: string
  readonly keysUrl: string
  readonly algorithm: string
  /**
   * Whether the edge verifies e-mail addresses. If not, an e-mail counts as verified only by the claim
   * `email_verified`.
   */
  readonly verifiesEmails: boolean
  /** Verifies a token and returns its claims, in place of the check by the key set at `keysUrl`. */
  readonly verify?: (token: string, settings: LoginSettings) => Promise<Claims>
}

/** Creates the option of an edge. */
export function createEdge(specification: EdgeSpecification): EdgeOption {
  return {
    createEdge: (settings) => ({
      face: tokenFace,
      async validate(context, headers) {
        const token = headers.get(specification.header)
        if (token === null) return undefined
        try {
          return await acceptIdentity(specification, settings, context, token)
        } catch (error) {
          if (!(error instanceof LoginError)) throw error
          const { reason } = error
          const subject = specification.name
          emitEvent(settings, context, { type: 'bearer-refused', reason, subject })
          const isOutage = reason === 'provider-unreachable' || reason === 'provider-malformed'
          return isOutage
            ? { status: 'unavailable' }
            : { status: 'denied', code: 401, challenge: 'Bearer error="invalid_token"' }
        }
      },
    }),
  }
}

async function acceptIdentity(
  specification: EdgeSpecification,
  settings: LoginSettings,
  context: TokenContext,
  token: string,
): Promise<BearerVerdict> {
  const provider = createProvider(specification)
  const claims = await readClaims(specification, settings, context, token)
  const audiences: readonly unknown[] = Array.isArray(claims.aud) ? claims.aud : [claims.aud]
  const isForUs = claims.iss === specification.issuer && audiences.includes(specification.audience)
  if (!isForUs) throw new LoginError('access-token-bad', 'iss, aud')
  const now = Math.floor(settings.clock() / 1000)
  validateTimeClaims(claims, { now, tolerance: settings.tolerance })
  validateSubjectClaim(claims)

  const facts = createFacts(provider, claims)
  const verified = specification.verifiesEmails ? { email_verified: true, ...claims } : claims
  const identity = createIdentity(facts, verified, (event) => emitEvent(settings, context, event))
  const data = await settings.identify(identity)
  if (data === undefined || data === null) {
    const event = { type: 'bearer-refused', reason: 'not-admitted' } as const
    emitEvent(settings, context, { ...event, subject: provider.name })
    return { status: 'denied', code: 403, challenge: 'Bearer error="insufficient_scope"' }
  }

  return {
    status: 'accepted',
    data: { ...data, login: facts },
    token: {
      // The id stays the same for a user, although the edge issues a new token every few minutes.
      id: await sha256(`edge ${provider.name} ${facts.sub}`),
      issuedAt: Number(claims.iat) * 1000,
      expiresAt: Number(claims.exp) * 1000,
    },
  }
}

async function readClaims(
  specification: EdgeSpecification,
  settings: LoginSettings,
  { waitUntil }: TokenContext,
  token: string,
): Promise<Claims> {
  if (specification.verify !== undefined) return specification.verify(token, settings)
  const connection = settings.connect(createProvider(specification))
  const { algorithm } = specification
  const options = { algorithms: [algorithm], bad: 'access-token-bad', waitUntil } as const

  return (await verifySignedToken(token, connection, options)).claims
}

/** Creates a provider that has a key set and no other endpoint. */
function createProvider({ name, issuer, keysUrl, algorithm }: EdgeSpecification): Provider {
  const metadata = { issuer, jwks_uri: keysUrl }
  const oauth = { metadata, readClaims: async () => ({}) }
  return {
    name,
    issuer,
    clientId: '',
    secrets: [],
    auth: 'none',
    proof: undefined,
    options: { issuer, clientId: '', oauth },
    scope: '',
    algorithms: [algorithm],
  }
}
