/**
 * Stores each login that has begun in an encrypted cookie `login-<id>` of the browser that began
 * it: state, nonce, PKCE verifier and the page to return to. `start.ts` calls `beginAttempt`, and
 * `callback.ts` calls `findAttempt` with the state of the provider's response; `keys.ts`,
 * `settings.ts` and `validate-parts.ts` import its types and the cookie's lifetime.
 *
 * A new attempt expires the oldest ones where the browser would hold more than `most`, or more than
 * 5000 bytes of them. An absent, doubled or unreadable cookie, or a state of another browser, is
 * returned as the reason `attempt-missing` or `attempt-bad`, never thrown; an old attempt is returned
 * with `isExpired`. The cookie of a state is expired at its first use, so a state works once in one
 * browser, unless two callbacks of it run at the same time: the provider then accepts its code once.
 */
import { cookieSettings, expireCookie, readCookies, serializeCookie } from '../../cookie/index.ts'
import { equalText, randomId, type Sealer } from '../../crypto/index.ts'
import { createIssues } from '../../options/index.ts'
import type { Clock, OutgoingCookie } from '../../types.ts'

/** A login that has begun and not ended. Its names are short, because it is stored in a cookie. */
export interface Attempt {
  /** Name of the provider. */
  readonly p: string
  /** State. */
  readonly s: string
  /** Nonce. */
  readonly n: string
  /** PKCE verifier. */
  readonly v: string
  /** Return path. */
  readonly r: string
  /** When it began, in seconds. */
  readonly t: number
  /** Required `max_age`, in seconds. */
  readonly m?: number
  /** Accepted values of `acr`: the login must have one of these. */
  readonly a?: readonly string[]
  /** How often the login was restarted because an attempt had expired. */
  readonly k?: number
  /** Set for `prompt=none`. */
  readonly q?: 'none'
}

/** The members that a caller sets when an attempt begins; the others are random. */
export type AttemptDemands = Omit<Attempt, 's' | 'n' | 'v' | 't'>

/** The result of a search for an attempt. `cookies` expires the cookie of the attempt, whether it was good or not. */
export interface FoundAttempt {
  readonly attempt?: Attempt
  readonly reason?: 'attempt-missing' | 'attempt-bad'
  readonly isExpired?: boolean
  readonly cookies: readonly OutgoingCookie[]
}

/** The settings of attempts. */
export interface AttemptSettings {
  /** Attempts that one browser may hold; the oldest is expired first. */
  readonly most: number
  /** Seconds for which an attempt can be finished. */
  readonly life: number
  readonly insecurePlainHttp: boolean
  readonly clock: Clock
}

/** Seconds for which the browser keeps the cookie, so that a late response still leads back to the page. */
export const attemptCookieLife = 86_400
/**
 * Bytes of all attempt cookies of one browser. Anybody can make a link to the login with a long `return_to`; without
 * this limit the `Cookie` header could grow until a server rejects every request of this browser for a day. The logout
 * page receives them beside a hint of up to 8 kB (see `hint.ts`), and servers accept 16 kB.
 */
const mostBytes = 5000
const timeCharacters = 6
const idCharacters = 12
const stateShape = /^[0-9a-z]{6}[\w-]{26,40}$/
const cookieShape = /^\s*(__Host-)?login-([0-9a-z]{6}[\w-]{6})=/

function settingsFor(id: string, insecurePlainHttp: boolean): ReturnType<typeof cookieSettings> {
  return cookieSettings({ name: `login-${id}`, insecurePlainHttp }, createIssues())
}

/** Begins an attempt. The names of the cookies begin with the time, so the oldest is found without decryption. */
export async function beginAttempt(
  cookieHeader: string | null,
  demands: AttemptDemands,
  sealer: Sealer,
  settings: AttemptSettings,
): Promise<{ readonly attempt: Attempt; readonly cookies: readonly OutgoingCookie[] }> {
  const { clock, most, insecurePlainHttp } = settings
  const t = Math.floor(clock() / 1000)
  const time = t.toString(36).padStart(timeCharacters, '0').slice(-timeCharacters)
  const state = time + randomId(24)
  const attempt: Attempt = { ...demands, s: state, n: randomId(16), v: randomId(32), t }

  const cookie = settingsFor(state.slice(0, idCharacters), insecurePlainHttp)
  const ciphertext = await sealer.seal(JSON.stringify(attempt))
  const sizes = readAttemptCookies(cookieHeader, insecurePlainHttp)
  const expiredCookies = findSurplus(sizes, most, ciphertext.length).map((id) =>
    expireCookie(settingsFor(id, insecurePlainHttp)),
  )

  return {
    attempt,
    cookies: [...expiredCookies, serializeCookie(cookie, ciphertext, attemptCookieLife)],
  }
}

/** Finds the oldest attempts that must expire to make room for a new one. */
function findSurplus(
  sizes: ReadonlyMap<string, number>,
  attemptLimit: number,
  newBytes: number,
): readonly string[] {
  const ids = [...sizes.keys()].sort()
  let bytes = newBytes + [...sizes.values()].reduce((sum, length) => sum + length, 0)
  let surplus = 0
  while (surplus < ids.length && (ids.length - surplus >= attemptLimit || bytes > mostBytes)) {
    bytes -= sizes.get(ids[surplus] ?? '') ?? 0
    surplus++
  }

  return ids.slice(0, surplus)
}

/** Finds the attempt of a state, if this browser began it. */
export async function findAttempt(
  cookieHeader: string | null,
  state: string | null,
  sealer: Sealer,
  settings: AttemptSettings,
): Promise<FoundAttempt> {
  if (state === null || !stateShape.test(state)) return { reason: 'attempt-missing', cookies: [] }
  const cookie = settingsFor(state.slice(0, idCharacters), settings.insecurePlainHttp)
  const values = readCookies(cookieHeader, cookie.name)
  const [value] = values
  if (value === undefined) return { reason: 'attempt-missing', cookies: [] }

  const cookies = [expireCookie(cookie)]
  // RFC 6265bis: two cookies of a `__Host-` name mean that somebody planted one.
  if (values.length > 1) return { reason: 'attempt-missing', cookies }
  const plaintext = await sealer.open(value)
  if (typeof plaintext !== 'string') return { reason: 'attempt-bad', cookies }
  const attempt = JSON.parse(plaintext) as Attempt
  if (!equalText(attempt.s, state)) return { reason: 'attempt-bad', cookies }

  const age = Math.floor(settings.clock() / 1000) - attempt.t
  return { attempt, isExpired: age > settings.life, cookies }
}

/** Lists the ids of the attempts in a `Cookie` header, with the bytes of each cookie. */
function readAttemptCookies(
  cookieHeader: string | null,
  insecurePlainHttp: boolean,
): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>()
  for (const part of (cookieHeader ?? '').split(';')) {
    const [, prefix, id] = cookieShape.exec(part.slice(0, 64)) ?? []
    if (id === undefined || (prefix === undefined) !== insecurePlainHttp) continue
    sizes.set(id, (sizes.get(id) ?? 0) + part.length)
  }

  return sizes
}
