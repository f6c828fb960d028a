/** Tokens that only a page of this session can know: an HMAC over the session's id and a random number. */
import { encodeBase64url } from '../crypto/base64url.ts'
import { equalText } from '../crypto/equal.ts'
import { type KeyRing, keyRing } from '../crypto/key-ring.ts'
import { randomId } from '../crypto/random.ts'
import { joinBytes } from '../crypto/text.ts'
import { resolveFrom } from '../options/from.ts'
import { createIssues } from '../options/issues.ts'
import { checkKeys } from '../options/keys.ts'
import type { FromEnv, ProjectEnv } from '../types.ts'
import type { CsrfContext, TokenCheck } from './create-guard.ts'
import { formField } from './form-field.ts'

/** Options of tokens. */
export interface CsrfTokenOptions<C = CsrfContext, E = ProjectEnv> {
  /** One secret or several, each of at least 32 characters; the first signs, all are read. The session's may be used. */
  readonly secret: FromEnv<string | readonly string[], E>
  /**
   * The id of the request's session, which must be another one after each login: `(await c.var.session.info())?.id`.
   * Undefined where there is none.
   */
  readonly session: (c: C) => string | undefined | Promise<string | undefined>
  /** Request header that carries the token. Default `X-CSRF-Token`. */
  readonly header?: string
  /** Form field that carries it where the header does not. Default `csrf_token`; `false` reads no bodies. */
  readonly field?: string | false
}

/** Makes tokens and judges them. */
export interface CsrfTokens<C = CsrfContext> extends TokenCheck<C> {
  /**
   * A token for a page of this session: 66 characters that need no escaping, new ones each time, so that compression
   * does not give them away (BREACH). Undefined where there is no session. Good for as long as the session keeps its id.
   */
  issue(c: C): Promise<string | undefined>
}

/** Keeps these MACs apart from all others of the same secret. */
const purpose = 'csrf'
/** 32 bytes of MAC and 16 of randomness as base64url, and a dot between. */
const macLength = 43
const tokenLength = macLength + 1 + 22

/**
 * The tokens behind `csrfTokens`. A request without a session needs none: it acts for nobody, and where it comes from was
 * checked before. A token in a cookie or in the query is not looked at: cookies are what a stranger's request brings along.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function signedTokens<C extends CsrfContext>(
  options: CsrfTokenOptions<C, never>,
): CsrfTokens<C> {
  const issues = createIssues('csrfTokens')
  checkKeys(issues, options, ['secret', 'session', 'header', 'field'])

  const { secret, session, header = 'X-CSRF-Token', field = 'csrf_token' } = options ?? {}
  const ring = resolveFrom(issues, 'secret', secret, keyRing)

  if (typeof session !== 'function')
    issues.add('session', 'must be a function that finds the id of the session')
  if (typeof header !== 'string' || !/^[\w-]+$/.test(header))
    issues.add('header', 'must be the name of a header')

  if (field !== false && (typeof field !== 'string' || field === '')) {
    issues.add('field', 'must be the name of a form field, or false')
  }

  issues.throwIfAny()

  return {
    async issue(c): Promise<string | undefined> {
      const keys = ring(c.env)
      const id = await session(c)
      return id ? signToken(keys, id) : undefined
    },
    async check(c): Promise<'token-missing' | 'token-bad' | undefined> {
      const keys = ring(c.env)
      const id = await session(c)
      if (!id) return undefined

      const { raw } = c.req
      const given =
        raw.headers.get(header) ?? (field === false ? undefined : await formField(raw, field))
      if (!given) return 'token-missing'

      return (await verifyToken(keys, id, given)) ? undefined : 'token-bad'
    },
  }
}

async function signToken(keys: KeyRing, session: string): Promise<string> {
  const random = randomId()
  return `${encodeBase64url(await keys.mac(purpose, joinBytes(session, random)))}.${random}`
}

async function verifyToken(keys: KeyRing, session: string, token: string): Promise<boolean> {
  if (token.length !== tokenLength || token[macLength] !== '.') return false

  const macs = await keys.macs(purpose, joinBytes(session, token.slice(macLength + 1)))
  let found = false

  for (const mac of macs)
    found = equalText(encodeBase64url(mac), token.slice(0, macLength)) || found
  return found
}
