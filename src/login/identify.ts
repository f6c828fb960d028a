/**
 * Turns the claims of a provider into the argument of the application's `identify`, and into the facts
 * that a session stores about its login. The callback, bearer tokens, edges, back-channel logout and
 * refreshes call it; applications pass `loginUser`, `loginSubject` and `loginMark` to their sessions.
 *
 * Claims without a usable subject (a string of 1 to 255 characters) throw a `LoginError`
 * `id-token-bad`; a person whom `identify` does not admit throws `not-admitted` in `requireData`. `roles()`
 * silently ignores groups that its map does not name, and returns an empty list where the claim is
 * not a list.
 */
import type { Emit } from '../types.ts'
import type { Provider } from './providers/provider-options.ts'
import { type Claims, isShortText, type LoginData, LoginError, type LoginFacts } from './types.ts'

/** The argument of `identify`. */
export interface Identity {
  /** `<provider>|<sub>`: unique across providers, and stable. It is never an e-mail address. */
  readonly user: string
  /** The name of the provider, as the options give it. */
  readonly provider: string
  /** The provider's identifier of the person: `sub`. */
  readonly subject: string
  /** The claims of the provider. `email` is present only where the provider has verified it. */
  readonly claims: Claims
  /** An e-mail address that the provider has not verified: anybody may have entered it. */
  readonly unverifiedEmail?: string
  /**
   * Maps groups to roles: `roles('groups', { admin: 'admins', staff: ['sales', 'support'] })`. Groups that
   * are not named here never reach the session.
   */
  roles(claim: string, map: Readonly<Record<string, string | readonly string[]>>): string[]
}

/** Returns the session's data for an identity; undefined denies the person. */
export type Identify<Data = object> = (
  identity: Identity,
) => Data | undefined | Promise<Data | undefined>

/** Creates the argument of `identify` for these claims. */
export function createIdentity(facts: LoginFacts, claims: Claims, emit: Emit): Identity {
  const { provider, sub } = facts
  const { email, ...rest } = claims
  const isVerified = rest.email_verified === true || rest.email_verified === 'true'

  return {
    user: `${provider}|${sub}`,
    provider,
    subject: sub,
    claims: isVerified ? claims : rest,
    ...(typeof email === 'string' && !isVerified && { unverifiedEmail: email }),
    roles(claim, map) {
      const groups = rest[claim]
      // Entra omits a list that is too long, and names in `_claim_names` where it could be fetched. It is not fetched.
      const overage = rest._claim_names
      if (
        groups === undefined &&
        typeof overage === 'object' &&
        overage !== null &&
        claim in overage
      ) {
        emit({ type: 'login-groups-overage', subject: provider })
      }
      if (!Array.isArray(groups)) return []
      const granted = Object.entries(map).filter(([, mapped]) => {
        const list: readonly unknown[] = typeof mapped === 'string' ? [mapped] : mapped
        return list.some((group) => groups.includes(group))
      })
      return granted.map(([role]) => role)
    },
  }
}

/** Creates the facts that a session stores about its login. @throws {LoginError} `id-token-bad` */
export function createFacts(provider: Provider, claims: Claims): LoginFacts {
  const { sid, acr, sub: tokenSubject } = claims
  const sub = readSubject(provider, claims)
  return {
    provider: provider.name,
    sub,
    ...(sub !== tokenSubject && isShortText(tokenSubject) && { tokenSubject }),
    ...(isShortText(sid) && { sid }),
    ...(isShortText(acr) && { acr }),
  }
}

/**
 * Reads the identifier of a person at a provider.
 *
 * @throws {LoginError} `id-token-bad` where it is not a short string
 */
export function readSubject({ options }: Provider, claims: Claims): string {
  // There is no fallback to `sub` where `subject` gives nothing: that `sub` could equal the identifier of somebody
  // else.
  const subject: unknown = options.subject === undefined ? claims.sub : options.subject(claims)
  if (isShortText(subject)) return subject
  throw new LoginError('id-token-bad', 'subject')
}

/**
 * Returns the user of a session as `<provider>|<sub>`, for the option `user` of sessions. Logout tokens without `sid`
 * find the sessions of a user by it.
 *
 * @example
 * ```ts
 * const sessions = storedSessions({ secret, store, user: loginUser })
 * ```
 */
export function loginUser(data: object): string | undefined {
  const { login } = data as Partial<LoginData>
  return login && `${login.provider}|${login.sub}`
}

/**
 * Returns the user of a session by the claim `sub` alone, for the option `user` of sessions in place of `loginUser`.
 * Use it for providers with the option `subject` (such as `entra`) whose logout tokens name a user and no session. Pass
 * `<provider>|<sub>` with that claim to `endAll` and `list` too.
 *
 * @example
 * ```ts
 * const sessions = storedSessions({ secret, store, user: loginSubject, mark: loginMark })
 * ```
 */
export function loginSubject(data: object): string | undefined {
  const { login } = data as Partial<LoginData>
  return login && `${login.provider}|${login.tokenSubject ?? login.sub}`
}

/**
 * Returns the provider's session that a session depends on, for the option `mark` of sessions. Logout tokens with `sid`
 * end the sessions with that mark.
 *
 * @example
 * ```ts
 * const sessions = storedSessions({ secret, store, user: loginUser, mark: loginMark })
 * ```
 */
export function loginMark(data: object): string | undefined {
  const { login } = data as Partial<LoginData>
  return login?.sid === undefined ? undefined : `${login.provider} ${login.sid}`
}

/** Returns what `identify` returned. @throws {LoginError} `not-admitted` where it returned nothing */
export function requireData<Data>(data: Data | undefined): Data {
  if (data === undefined || data === null) throw new LoginError('not-admitted')
  return data
}
