/**
 * Turns claims into the data of a session: `identify` of the application and its helpers. The
 * callback, logouts and refreshes call it. Claims without a subject, or a person who is not
 * admitted, throw a `LoginError`.
 */
import type { Emit } from '../types.ts'
import type { Provider } from './providers/provider-options.ts'
import { type Claims, isShortText, type LoginData, LoginError, type LoginFacts } from './types.ts'

/** The argument of `identify`. */
export interface Identity {
  /** `<provider>|<sub>`: unique across providers, and stable. Never an e-mail. */
  readonly user: string
  /** The name of the provider, as the options give it. */
  readonly provider: string
  /** The provider's identifier of the person: `sub`. */
  readonly subject: string
  /** The claims of the provider. `email` is there only where the provider says that it is verified. */
  readonly claims: Claims
  /** An e-mail that the provider does not call verified. Anybody may have entered it. */
  readonly unverifiedEmail?: string
  /**
   * Roles by groups: `roles('groups', { admin: 'admins', staff: ['sales', 'support'] })`. Groups that
   * are not named here never reach the session.
   */
  roles(claim: string, map: Readonly<Record<string, string | readonly string[]>>): string[]
}

/** Makes data of an identity, or undefined to admit nobody. */
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
      // Entra leaves the list out where it is too long, and says where to ask for it.
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
      const named = Object.entries(map).filter(([, wanted]) => {
        const list: readonly unknown[] = typeof wanted === 'string' ? [wanted] : wanted
        return list.some((group) => groups.includes(group))
      })
      return named.map(([role]) => role)
    },
  }
}

/** Creates the facts that a session keeps of a login. */
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

/** Reads the identifier of a person at a provider. @throws {LoginError} where it is no text */
export function readSubject({ options }: Provider, claims: Claims): string {
  // A person whom `subject` cannot name must not pass for somebody else whose `sub` looks like such a name.
  const subject: unknown = options.subject === undefined ? claims.sub : options.subject(claims)
  if (isShortText(subject)) return subject
  throw new LoginError('id-token-bad', 'subject')
}

/**
 * For the option `user` of sessions: whose they are, as logout tokens without `sid` name them.
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
 * For the option `user` of sessions, in place of `loginUser`: whose they are by the claim `sub` alone. It is for providers
 * with the option `subject`, as `entra` has it, whose logout tokens name a person and no session. `endAll` and `list` then
 * take `<provider>|<sub>` with that claim, too.
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
 * For the option `mark` of sessions: the provider's session that they depend on.
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

/** @throws {LoginError} `not-admitted` */
export function requireData<Data>(data: Data | undefined): Data {
  if (data === undefined || data === null) throw new LoginError('not-admitted')
  return data
}
