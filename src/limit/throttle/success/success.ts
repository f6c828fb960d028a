/**
 * Decides whether a response proves that a login succeeded; what is not proven is a failure. The
 * gateway's throttle calls it for each response to a login. It is pure; a body that is too large
 * proves nothing.
 */
import { isExpiring, parseSetCookie } from '../../../cookie/index.ts'
import { foldPath } from '../../../request/index.ts'
import { isLoginPage, matchesName } from '../login-request.ts'
import type { CompiledRule } from './success-rules.ts'

/** An answer as it is judged. */
export interface LoginResponse {
  readonly status: number
  /** As the origin set them, before anything was taken out. */
  readonly headers: Headers
  /** Address that was asked; Location is resolved against it. */
  readonly url: string
  /** Pattern of the route. */
  readonly routePath: string
  /** The Cookie header that the upstream got. */
  readonly sentCookies: string | null
  /** Text of the body, where a rule needs it and it is JSON of at most 64 KB. */
  readonly text?: string | undefined
  /** Whether the answer started a session. */
  readonly startedSession: boolean
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** Bytes of an answer that are held back to be looked at. */
export const maxResponseBytes = 65_536

/** Whether any of the rules holds, each in all its parts. */
export function isProven(rules: readonly CompiledRule[], answer: LoginResponse): boolean {
  return rules.some((rule) => matchesRule(rule, answer))
}

/** Whether one of the rules looks into the body. */
export function needsBody(rules: readonly CompiledRule[]): boolean {
  return rules.some(({ json }) => json !== undefined)
}

function matchesRule(rule: CompiledRule, answer: LoginResponse): boolean {
  const { status, location, leavesLogin, cookie, header, json, sessionStart } = rule
  return (
    (status === undefined || [status].flat().includes(answer.status)) &&
    (location === undefined || matchesLocation(answer) === foldPath(location)) &&
    (leavesLogin === undefined || leavesLoginPage(answer)) &&
    (cookie === undefined || matchesCookie(cookie, answer)) &&
    (header === undefined || matchesHeader(header, answer.headers)) &&
    (json === undefined || matchesJson(json, answer.text)) &&
    (sessionStart === undefined || answer.startedSession)
  )
}

/** The path of a redirect on this origin, without case; undefined for any other answer. */
function matchesLocation({ status, headers, url }: LoginResponse): string | undefined {
  const location = headers.get('location')
  if (status < 300 || status > 399 || location === null || !URL.canParse(location, url))
    return undefined

  const to = new URL(location, url)
  return to.origin === new URL(url).origin ? foldPath(to.pathname) : undefined
}

function leavesLoginPage(answer: LoginResponse): boolean {
  const path = matchesLocation(answer)
  return path !== undefined && !isLoginPage(path, [new URL(answer.url).pathname, answer.routePath])
}

/** Whether a cookie is set that the request did not bring: a session that goes on was decided by no password. */
function matchesCookie(wanted: string, { headers, now, sentCookies }: LoginResponse): boolean {
  return headers.getSetCookie().some((text) => {
    const cookie = parseSetCookie(text)
    if (
      cookie === undefined ||
      cookie.value === '' ||
      cookie.value === '""' ||
      isExpiring(cookie, now)
    )
      return false

    return matchesName(wanted, cookie.name) && !holdsCookie(sentCookies, cookie)
  })
}

/**
 * Whether a Cookie header holds a value under a name, however it is spelled: servers undo `%41`, `\\101` and quotes, strip
 * tabs and non-breaking spaces around a name and its value (Python), and write `_` for `.` in names (PHP).
 */
function holdsCookie(
  header: string | null,
  { name, value }: { readonly name: string; readonly value: string },
): boolean {
  return header !== null && bareText(header).includes(bareText(`${name}=${value}`))
}

/** Letters and digits of a text, unescaped: what is left of a cookie by any server's reading. */
function bareText(text: string): string {
  return text
    .replace(/\\([0-3][0-7]{2})/g, (_all, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 8)),
    )
    .replace(/%([0-9a-f]{2})/gi, (_all, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 16)),
    )
    .replace(/[^a-z0-9]/gi, '')
}

function matchesHeader(wanted: string | readonly [string, string], headers: Headers): boolean {
  if (typeof wanted === 'string') return headers.has(wanted)
  return headers.get(wanted[0]) === wanted[1]
}

function matchesJson(
  [requestPath, wanted]: readonly [string, unknown],
  text: string | undefined,
): boolean {
  if (text === undefined) return false
  try {
    let at: unknown = JSON.parse(text)
    for (const name of requestPath.split('.')) {
      if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return false
      at = (at as Record<string, unknown>)[name]
    }

    return at === wanted
  } catch {
    return false
  }
}
