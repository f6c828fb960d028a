/**
 * Stores the sessions, authorization codes and tokens of the development OpenID Connect provider,
 * in the memory of the process. `devProvider()` creates it. It throws nothing: an unknown or used
 * code or token gives undefined. A refresh token that is used twice ends its session. Codes and
 * tokens do not expire here.
 */
import { randomId } from '../../crypto/index.ts'

/** The session of a browser that is signed in at the provider. */
export interface DevSession {
  readonly sid: string
  readonly sub: string
  /** When the person signed in, in seconds since the epoch. */
  readonly authenticatedAt: number
  /** The authentication context that was requested and granted. */
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
  /**
   * The API for which the access token is issued (RFC 8707); the token is then a JWT for that API.
   */
  readonly resource: string | null
}

/** A set of sessions, codes and tokens. */
export interface DevGrants {
  begin(sub: string, authenticatedAt: number, acr: string | undefined): DevSession
  find(sid: string | undefined): DevSession | undefined
  end(sid: string): void
  issueCode(grant: DevGrant): string
  /** Returns the grant of a code, which can be used once. */
  redeemCode(code: string): DevGrant | undefined
  issueTokens(grant: DevGrant): { readonly access: string; readonly refresh: string }
  /**
   * Returns the grant of a refresh token, which can be used once. A token that is used again ends
   * its session (RFC 9700 section 4.14.2).
   */
  redeemRefresh(token: string): DevGrant | undefined
  findByAccess(token: string): DevGrant | undefined
  revoke(token: string): void
}

/** Creates an empty set. */
export function createDevGrants(): DevGrants {
  const sessions = new Map<string, DevSession>()
  const codes = new Map<string, DevGrant>()
  const refreshTokens = new Map<string, DevGrant>()
  const usedTokens = new Map<string, string>()
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
      const reusedSid = usedTokens.get(token)
      if (reusedSid !== undefined) sessions.delete(reusedSid)
      const grant = refreshTokens.get(token)
      if (grant === undefined) return undefined
      refreshTokens.delete(token)
      usedTokens.set(token, grant.session.sid)
      return isLive(grant) ? grant : undefined
    },
    findByAccess: (token) => accessTokens.get(token),
    revoke(token) {
      refreshTokens.delete(token)
      accessTokens.delete(token)
    },
  }
}
