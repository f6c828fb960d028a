/**
 * Remembers sessions, codes and tokens of the development provider; everything ends with the
 * process. `dev-provider.ts` uses it. An unknown code or token gives undefined.
 */
import { randomId } from '../../crypto/index.ts'

/** A browser that is signed in at the provider. */
export interface DevSession {
  readonly sid: string
  readonly sub: string
  /** Seconds. */
  readonly authenticatedAt: number
  /** The authentication context that was asked for and granted. */
  readonly acr?: string
}

/** A grant behind a code or a token. */
export interface DevGrant {
  readonly session: DevSession
  readonly clientId: string
  readonly scope: string
  readonly nonce: string | null
  readonly challenge: string | null
  readonly redirectUri: string
  /** The API that the access token is for (RFC 8707): then it is a JWT for that API. */
  readonly resource: string | null
}

/** A set of sessions, codes and tokens. */
export interface DevGrants {
  begin(sub: string, authenticatedAt: number, acr: string | undefined): DevSession
  find(sid: string | undefined): DevSession | undefined
  end(sid: string): void
  issueCode(grant: DevGrant): string
  /** A code works once. */
  redeemCode(code: string): DevGrant | undefined
  issueTokens(grant: DevGrant): { readonly access: string; readonly refresh: string }
  /** A refresh token works once; one that comes again ends the session that it is of (RFC 9700 section 4.14.2). */
  redeemRefresh(token: string): DevGrant | undefined
  findByAccess(token: string): DevGrant | undefined
  revoke(token: string): void
}

/** Creates an empty set. */
export function createDevGrants(): DevGrants {
  const sessions = new Map<string, DevSession>()
  const codes = new Map<string, DevGrant>()
  const refreshTokens = new Map<string, DevGrant>()
  const usedUp = new Map<string, string>()
  const accessTokens = new Map<string, DevGrant>()
  const isLive = ({ session }: DevGrant): boolean => sessions.has(session.sid)

  return {
    begin(sub, authenticatedAt, acr) {
      const sid = randomId(16)
      const session = { sid, sub, authenticatedAt, ...(acr !== undefined && { acr }) }
      sessions.set(sid, session)
      return session
    },
    find: (sid) => (sid === undefined ? undefined : sessions.get(sid)),
    end: (sid) => void sessions.delete(sid),
    issueCode(grant) {
      const code = randomId(16)
      codes.set(code, grant)
      return code
    },
    redeemCode(code) {
      const grant = codes.get(code)
      codes.delete(code)
      return grant
    },
    issueTokens(grant) {
      const [access, refresh] = [randomId(24), randomId(24)]
      accessTokens.set(access, grant)
      refreshTokens.set(refresh, grant)
      return { access, refresh }
    },
    redeemRefresh(token) {
      const reused = usedUp.get(token)
      if (reused !== undefined) sessions.delete(reused)
      const grant = refreshTokens.get(token)
      if (grant === undefined) return undefined
      refreshTokens.delete(token)
      usedUp.set(token, grant.session.sid)
      return isLive(grant) ? grant : undefined
    },
    findByAccess: (token) => accessTokens.get(token),
    revoke(token) {
      refreshTokens.delete(token)
      accessTokens.delete(token)
    },
  }
}
