/**
 * Keeps logins that have begun: one sealed cookie for each, a bounded number of them, bound to the
 * browser that began. `start.ts` creates an attempt, and `callback.ts` finds it by its state. A
 * state that this browser did not begin gives a reason instead.
 */
import { cookieSettings, expireCookie, readCookies, serializeCookie } from '../../cookie/index.ts'
import { equalText, randomId, type Sealer } from '../../crypto/index.ts'
import { createIssues } from '../../options/index.ts'
import type { Clock, OutgoingCookie } from '../../types.ts'

/** A login under way. Short names: it stands in a cookie. */
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
  /** Demanded `max_age`, in seconds. */
  readonly m?: number
  /** Demanded `acr`, one of these. */
  readonly a?: readonly string[]
  /** How often it was restarted by itself. */
  readonly k?: number
  /** Set for `prompt=none`. */
  readonly q?: 'none'
}

/** The members that a caller sets when an attempt begins; the others are random. */
export type AttemptDemands = Omit<Attempt, 's' | 'n' | 'v' | 't'>

/** The result of a search for an attempt. Its cookie expires in every case. */
export interface FoundAttempt {
  readonly attempt?: Attempt
  readonly reason?: 'attempt-missing' | 'attempt-bad'
  readonly isExpired?: boolean
  readonly cookies: readonly OutgoingCookie[]
}

/** How attempts are kept. */
export interface AttemptSettings {
  /** Attempts of one browser; the oldest goes first. */
  readonly most: number
  /** Seconds. */
  readonly life: number
  readonly insecurePlainHttp: boolean
  readonly clock: Clock
}

/** Seconds for which the browser keeps the cookie: a late answer still knows its page. */
export const attemptCookieLife = 86_400
/**
 * Bytes of all attempts of a browser. An attempt holds its page, whose address anybody can make long: a server that refuses
 * longer headers would refuse this browser for a day.
 */
const mostBytes = 6000
const timeCharacters = 6
const idCharacters = 12
const stateShape = /^[0-9a-z]{6}[\w-]{26,40}$/
const cookieShape = /^\s*(__Host-)?login-([0-9a-z]{6}[\w-]{6})=/

function settingsFor(id: string, insecurePlainHttp: boolean): ReturnType<typeof cookieSettings> {
  return cookieSettings({ name: `login-${id}`, insecurePlainHttp }, createIssues())
}

/** Begins an attempt. Names of cookies begin with the time, so the oldest is found unopened. */
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

  const own = settingsFor(state.slice(0, idCharacters), insecurePlainHttp)
  const ciphertext = await sealer.seal(JSON.stringify(attempt))
  const sizes = readAttemptCookies(cookieHeader, insecurePlainHttp)
  const expiredCookies = findSurplus(sizes, most, ciphertext.length).map((id) =>
    expireCookie(settingsFor(id, insecurePlainHttp)),
  )

  return {
    attempt,
    cookies: [...expiredCookies, serializeCookie(own, ciphertext, attemptCookieLife)],
  }
}

/** The oldest attempts, as far as one more has no room beside them. */
function findSurplus(
  sizes: ReadonlyMap<string, number>,
  attemptLimit: number,
  ownBytes: number,
): readonly string[] {
  const ids = [...sizes.keys()].sort()
  let bytes = ownBytes + [...sizes.values()].reduce((sum, length) => sum + length, 0)
  let surplus = 0
  while (surplus < ids.length && (ids.length - surplus >= attemptLimit || bytes > mostBytes)) {
    bytes -= sizes.get(ids[surplus] ?? '') ?? 0
    surplus++
  }

  return ids.slice(0, surplus)
}

/** The attempt of a state, if this browser began it. */
export async function findAttempt(
  cookieHeader: string | null,
  state: string | null,
  sealer: Sealer,
  settings: AttemptSettings,
): Promise<FoundAttempt> {
  if (state === null || !stateShape.test(state)) return { reason: 'attempt-missing', cookies: [] }
  const own = settingsFor(state.slice(0, idCharacters), settings.insecurePlainHttp)
  const values = readCookies(cookieHeader, own.name)
  const [value] = values
  if (value === undefined) return { reason: 'attempt-missing', cookies: [] }

  const cookies = [expireCookie(own)]
  // RFC 6265bis: two cookies of a `__Host-` name mean that somebody planted one.
  if (values.length > 1) return { reason: 'attempt-missing', cookies }
  const plaintext = await sealer.open(value)
  if (typeof plaintext !== 'string') return { reason: 'attempt-bad', cookies }
  const attempt = JSON.parse(plaintext) as Attempt
  if (!equalText(attempt.s, state)) return { reason: 'attempt-bad', cookies }

  const age = Math.floor(settings.clock() / 1000) - attempt.t
  return { attempt, isExpired: age > settings.life, cookies }
}

/** Identifiers of the attempts in a header, and the bytes of their cookies. */
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
