/**
 * Reads identities from a signed header: an edge in front of the gateway has signed the user in.
 * `edges.ts` creates an option of it for each known edge. An absent header gives undefined; one
 * that does not verify is denied with 401 and an event, and keys that cannot be fetched give
 * `unavailable`.
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

/** How an edge signs. */
export interface EdgeSpecification {
  /** The provider's name in sessions: `user` is `<name>|<sub>`. */
  readonly name: string
  readonly header: string
  readonly issuer: string
  readonly audience: string
  readonly keysUrl: string
  readonly algorithm: string
  /** Whether it has verified the e-mails that it signs. Where not, only the claim `email_verified` says so. */
  readonly verifiesEmails: boolean
  /** Verifies in a way of its own, and returns the claims. Default by the key set at `keysUrl`. */
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
  const isOwn = claims.iss === specification.issuer && audiences.includes(specification.audience)
  if (!isOwn) throw new LoginError('access-token-bad', 'iss, aud')
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
      // One session of the edge, whose tokens change every few minutes.
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

/** A provider that has keys and nothing else. */
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
