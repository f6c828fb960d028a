/**
 * Stores the id token in encrypted cookies `login-hint-0` and `-1` (only the first with stateless sessions),
 * which browsers send only to the logout page; the provider's logout page needs it as `id_token_hint`.
 * `callback.ts` writes the cookies, `logout.ts` reads and expires them, and `login.ts` lists their names.
 *
 * An id token that is too long for these cookies is not stored. A hint that is doubled, does not decrypt
 * or belongs to another login is read as undefined. The logout works without it: the provider may then
 * ask the user to confirm. Nothing is stored with `logout: 'local'`, or where the option `tokens` keeps
 * the id token.
 */
import {
  cookieSettings,
  expireCookie,
  maxCookieBytes,
  readCookies,
  serializeCookie,
} from '../../cookie/index.ts'
import { createIssues } from '../../options/index.ts'
import type { OutgoingCookie } from '../../types.ts'
import type { FlowContext } from '../context.ts'
import type { LoginSettings } from '../settings.ts'
import type { LoginFacts } from '../types.ts'

/**
 * Numbers of the cookies of one hint that are read. An earlier release wrote three; `mostParts` says how many are
 * written.
 */
const parts = [0, 1, 2]

/**
 * Maximum number of cookies of one hint, by the kind of session. A larger hint is dropped; the logout then names the
 * client. The logout page receives the hint beside 5 kB of attempts and the cookie of the session, which may have 4 kB
 * if the session is stateless. Servers accept 16,384 bytes of cookies, and so does this package by default.
 */
const mostParts = { stored: 2, stateless: 1 } as const

function partSettings(settings: LoginSettings, part: number): ReturnType<typeof cookieSettings> {
  const { insecurePlainHttp } = settings.attempts
  const options = { name: `login-hint-${part}`, path: `${settings.base}/logout`, insecurePlainHttp }
  return cookieSettings(options, createIssues())
}

/** Lists the names of the cookies of the hint. */
export function readHintNames(settings: LoginSettings): string[] {
  return parts.map((part) => partSettings(settings, part).name)
}

/** The content of the cookies. `provider` and `sub` bind the id token to its login. */
interface Hint {
  readonly provider: string
  readonly sub: string
  readonly idToken: string
}

/** Creates the cookies that store an id token; they are expired ones if it is too large, or if this login has none. */
export async function createHintCookies(
  settings: LoginSettings,
  { env }: FlowContext,
  { provider, sub }: LoginFacts,
  idToken: string | undefined,
): Promise<OutgoingCookie[]> {
  // With the option `tokens` the id token is stored in the row of the tokens.
  if (settings.logout === 'local' || settings.tokens !== undefined) return []
  // The id token of an earlier login, perhaps at another provider, must not outlive its session.
  if (idToken === undefined) return expireHint(settings)

  const { hints, internals } = settings.readKeys(env)
  const hint: Hint = { provider, sub, idToken }
  const ciphertext = await hints.seal(JSON.stringify(hint))
  const size = maxCookieBytes - partSettings(settings, 0).name.length
  const { session } = settings
  const { kind } = session.chosen?.(env) ?? session
  if (ciphertext.length > size * mostParts[kind]) return expireHint(settings)

  return parts.map((part) => {
    const cookie = partSettings(settings, part)
    const text = ciphertext.slice(part * size, (part + 1) * size)
    return text === '' ? expireCookie(cookie) : serializeCookie(cookie, text, internals.maxAge)
  })
}

/** Creates cookies that expire the hint. */
export function expireHint(settings: LoginSettings): OutgoingCookie[] {
  return parts.map((part) => expireCookie(partSettings(settings, part)))
}

/** Reads the id token of the login with these facts; undefined where it cannot be read, or belongs to another login. */
export async function readHint(
  settings: LoginSettings,
  { request, env }: FlowContext,
  facts: LoginFacts | undefined,
): Promise<string | undefined> {
  const header = request.headers.get('cookie')
  const values = parts.map((part) => readCookies(header, partSettings(settings, part).name))
  if (values.some((list) => list.length > 1)) return undefined
  const ciphertext = values.flat().join('')
  if (ciphertext === '' || facts === undefined) return undefined

  const plaintext = await settings.readKeys(env).hints.open(ciphertext)
  if (typeof plaintext !== 'string') return undefined
  const { provider, sub, idToken } = JSON.parse(plaintext) as Partial<Hint>

  return provider === facts.provider && sub === facts.sub ? idToken : undefined
}
