/** The id token for the provider's logout page, in cookies that only our logout page receives. */
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

/** The cookies that keep an id token; expired ones where it is too large. */
export async function createHintCookies(
  settings: LoginSettings,
  { env }: FlowContext,
  idToken: string | undefined,
): Promise<OutgoingCookie[]> {
  // Where tokens are kept, the id token lies in their row.
  const isElsewhere = settings.logout === 'local' || settings.tokens !== undefined
  if (isElsewhere || idToken === undefined) return []
  const { hints, internals } = settings.readKeys(env)
  const sealed = await hints.seal(JSON.stringify(idToken))
  const size = maxCookieBytes - partSettings(settings, 0).name.length
  if (sealed.length > size * parts.length) return expireHint(settings)

  return parts.map((part) => {
    const own = partSettings(settings, part)
    const text = sealed.slice(part * size, (part + 1) * size)
    return text === '' ? expireCookie(own) : serializeCookie(own, text, internals.maxAge)
  })
}

/** Ends the cookies of the hint. */
export function expireHint(settings: LoginSettings): OutgoingCookie[] {
  return parts.map((part) => expireCookie(partSettings(settings, part)))
}

/** The id token of the last login of this browser; undefined where it cannot be read. */
export async function readHint(
  settings: LoginSettings,
  { request, env }: FlowContext,
): Promise<string | undefined> {
  const header = request.headers.get('cookie')
  const values = parts.map((part) => readCookies(header, partSettings(settings, part).name))
  if (values.some((list) => list.length > 1)) return undefined
  const sealed = values.flat().join('')
  if (sealed === '') return undefined

  const opened = await settings.readKeys(env).hints.open(sealed)
  return typeof opened === 'string' ? `${JSON.parse(opened)}` : undefined
}
