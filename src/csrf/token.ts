/**
 * Creates and verifies csrf tokens that only pages of a session can know: an HMAC of the session's id and a random
 * number. `csrfTokens()` and applications call `signedTokens`; the gateway's console signs and verifies its own
 * tokens. Wrong options throw a `ConfigError` (`ERR_CONFIG`) while building, and a wrong secret of the environment
 * throws one at the request. A missing or wrong token is a result. Errors of the function `session` are not caught.
 */
import { encodeBase64url } from '../crypto/base64url.ts'
import { equalText } from '../crypto/equal.ts'
import { type KeyRing, keyRing } from '../crypto/key-ring.ts'
import { randomId } from '../crypto/random.ts'
import { joinBytes } from '../crypto/text.ts'
import { resolveFrom } from '../options/from.ts'
import { createIssues } from '../options/issues.ts'
import { checkKeys } from '../options/keys.ts'
import type { FromEnv, ProjectEnv } from '../types.ts'
import { formField } from './form-field.ts'
import type { CsrfContext, TokenCheck } from './guard.ts'

/** Options of `csrfTokens()`. */
export interface CsrfTokenOptions<C = CsrfContext, E = ProjectEnv> {
  /**
   * One secret or several, each of at least 32 characters. The first signs, all verify. It may be the secret of the
   * session.
   */
  readonly secret: FromEnv<string | readonly string[], E>
  /**
   * Returns the id of the request's session, which must change at each login: `(await c.var.session.info())?.id`. It
   * returns undefined for a request without a session.
   */
  readonly session: (c: C) => string | undefined | Promise<string | undefined>
  /**
   * The request header with the token.
   *
   * @default 'X-CSRF-Token'
   */
  readonly header?: string
  /**
   * The form field with the token, for requests without the header. `false` reads no bodies.
   *
   * @default 'csrf_token'
   */
  readonly field?: string | false
}

/** Issues tokens and verifies them. */
export interface CsrfTokens<C = CsrfContext> extends TokenCheck<C> {
  /**
   * Issues a token for a page of this session: 66 characters that need no escaping. Each token is different, so that
   * compression does not reveal it (BREACH). It is valid while the session keeps its id. Resolves with undefined
   * without a session.
   */
  issue(c: C): Promise<string | undefined>
}

/** The purpose of these MACs, which makes them different from all others of the same secret. */
const purpose = 'csrf'
/** A token is 32 bytes of MAC and 16 random bytes as base64url, separated by a dot. */
const macLength = 43
const tokenLength = macLength + 1 + 22

/**
 * Creates the tokens behind `csrfTokens()`, for code without Hono. A request without a session needs no token: it acts
 * for no user, and its origin was checked before. Tokens in cookies and in the query are ignored, since browsers send
 * cookies with forged requests too.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @example
 * const tokens = signedTokens({ secret, session: (c) => readSessionId(c.req.raw) })
 */
export function signedTokens<C extends CsrfContext>(
  options: CsrfTokenOptions<C, never>,
): CsrfTokens<C> {
  const issues = createIssues('csrfTokens')
  checkKeys(issues, options, ['secret', 'session', 'header', 'field'])

  const { secret, session, header = 'X-CSRF-Token', field = 'csrf_token' } = options ?? {}
  const readKeys = resolveFrom(issues, 'secret', secret, keyRing)

  if (typeof session !== 'function')
    issues.add('session', 'must be a function that returns the id of the session')
  if (typeof header !== 'string' || !/^[\w-]+$/.test(header))
    issues.add('header', 'must be the name of a header')

  if (field !== false && (typeof field !== 'string' || field === '')) {
    issues.add('field', 'must be the name of a form field, or false')
  }

  issues.throwIfAny()

  return {
    async issue(c): Promise<string | undefined> {
      const keys = readKeys(c.env)
      const id = await session(c)
      return id ? signToken(keys, id) : undefined
    },
    async check(c): Promise<'token-missing' | 'token-bad' | undefined> {
      const keys = readKeys(c.env)
      const id = await session(c)
      if (!id) return undefined

      const { raw } = c.req
      const token =
        raw.headers.get(header) ?? (field === false ? undefined : await formField(raw, field))
      if (!token) return 'token-missing'

      return (await verifyToken(keys, id, token)) ? undefined : 'token-bad'
    },
  }
}

/** Signs a new token for a session. */
export async function signToken(keys: KeyRing, session: string): Promise<string> {
  const random = randomId()
  return `${encodeBase64url(await keys.mac(purpose, joinBytes(session, random)))}.${random}`
}

/** Verifies a token that {@link signToken} has created for this session with any of the keys. */
export async function verifyToken(keys: KeyRing, session: string, token: string): Promise<boolean> {
  if (token.length !== tokenLength || token[macLength] !== '.') return false

  const macs = await keys.macs(purpose, joinBytes(session, token.slice(macLength + 1)))
  let isValid = false

  for (const macBytes of macs)
    isValid = equalText(encodeBase64url(macBytes), token.slice(0, macLength)) || isValid
  return isValid
}
