/**
 * Keeps the id token for the provider's logout page, in cookies that only our logout page
 * receives. `callback.ts` writes them and `logout.ts` reads them. A token that is too large or of
 * another login is left out; the logout works without it.
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

/** Cookies that one hint may take. A larger one is dropped; logout then names the client. */
const parts = [0, 1, 2]

function partSettings(settings: LoginSettings, part: number): ReturnType<typeof cookieSettings> {
  const { insecurePlainHttp } = settings.attempts
  const options = { name: `login-hint-${part}`, path: `${settings.base}/logout`, insecurePlainHttp }
  return cookieSettings(options, createIssues())
}

/** Names of the cookies of the hint. */
export function readHintNames(settings: LoginSettings): string[] {
  return parts.map((part) => partSettings(settings, part).name)
}

/** A hint as it is sealed: an id token belongs to one person at one provider. */
interface Hint {
  readonly provider: string
  readonly sub: string
  readonly idToken: string
}

/** The cookies that keep an id token; expired ones where it is too large, or where this login brought none. */
export async function createHintCookies(
  settings: LoginSettings,
  { env }: FlowContext,
  { provider, sub }: LoginFacts,
  idToken: string | undefined,
): Promise<OutgoingCookie[]> {
  // Where tokens are kept, the id token lies in their row.
  if (settings.logout === 'local' || settings.tokens !== undefined) return []
  // The id token of an earlier login, at another provider perhaps, must not outlive its session.
  if (idToken === undefined) return expireHint(settings)

  const { hints, internals } = settings.readKeys(env)
  const hint: Hint = { provider, sub, idToken }
  const ciphertext = await hints.seal(JSON.stringify(hint))
  const size = maxCookieBytes - partSettings(settings, 0).name.length
  if (ciphertext.length > size * parts.length) return expireHint(settings)

  return parts.map((part) => {
    const own = partSettings(settings, part)
    const text = ciphertext.slice(part * size, (part + 1) * size)
    return text === '' ? expireCookie(own) : serializeCookie(own, text, internals.maxAge)
  })
}

/** Ends the cookies of the hint. */
export function expireHint(settings: LoginSettings): OutgoingCookie[] {
  return parts.map((part) => expireCookie(partSettings(settings, part)))
}

/** The id token of the login that these facts are of; undefined where it cannot be read, or is of another login. */
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
