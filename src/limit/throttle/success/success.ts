/**
 * Decides whether an upstream's response proves that a login succeeded; every other response counts
 * as a failure. The gateway's login throttle calls it for each response to a login, and reads the
 * body first where `needsBody` says so. It is pure and throws nothing for a valid request URL: a
 * Location that is no URL, or a body over 64 KB or that is not JSON, proves nothing.
 */
import { isExpiring, parseSetCookie } from '../../../cookie/index.ts'
import { foldPath } from '../../../request/index.ts'
import { isLoginPage, matchesName } from '../login-request.ts'
import type { CompiledRule } from './success-rules.ts'

/** The response to a login, with the parts of its request that rules compare. */
export interface LoginResponse {
  readonly status: number
  /** The headers as the upstream set them, before the gateway removes any. */
  readonly headers: Headers
  /** The URL of the request, against which Location is resolved. */
  readonly url: string
  /** The pattern of the route. */
  readonly routePath: string
  /** The Cookie header that the upstream received. */
  readonly sentCookies: string | null
  /** The text of the body, where a rule needs it and it is JSON of at most 64 KB. */
  readonly text?: string | undefined
  /** Whether the response started a session. */
  readonly startedSession: boolean
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** The most bytes of a response that are buffered to be examined. */
export const maxResponseBytes = 65_536

/** Reports whether the response meets one of the rules with all its parts. */
export function isProven(rules: readonly CompiledRule[], response: LoginResponse): boolean {
  return rules.some((rule) => matchesRule(rule, response))
}

/** Reports whether one of the rules needs the response's body. */
export function needsBody(rules: readonly CompiledRule[]): boolean {
  return rules.some(({ json }) => json !== undefined)
}

function matchesRule(rule: CompiledRule, response: LoginResponse): boolean {
  const { status, location, leavesLogin, cookie, header, json, sessionStart } = rule
  return (
    (status === undefined || [status].flat().includes(response.status)) &&
    (location === undefined || findRedirectPath(response) === foldPath(location)) &&
    (leavesLogin === undefined || leavesLoginPage(response)) &&
    (cookie === undefined || matchesCookie(cookie, response)) &&
    (header === undefined || matchesHeader(header, response.headers)) &&
    (json === undefined || matchesJson(json, response.text)) &&
    (sessionStart === undefined || response.startedSession)
  )
}

/**
 * Returns the path of a redirect to this origin, without case; undefined for any other response.
 */
function findRedirectPath({ status, headers, url }: LoginResponse): string | undefined {
  const location = headers.get('location')
  if (status < 300 || status > 399 || location === null || !URL.canParse(location, url))
    return undefined

  const target = new URL(location, url)
  return target.origin === new URL(url).origin ? foldPath(target.pathname) : undefined
}

function leavesLoginPage(response: LoginResponse): boolean {
  const path = findRedirectPath(response)
  return (
    path !== undefined && !isLoginPage(path, [new URL(response.url).pathname, response.routePath])
  )
}

/**
 * Reports whether the response sets a cookie that the request did not send. A session that already
 * existed does not depend on this password.
 */
function matchesCookie(expected: string, { headers, now, sentCookies }: LoginResponse): boolean {
  return headers.getSetCookie().some((text) => {
    const cookie = parseSetCookie(text)
    if (
      cookie === undefined ||
      cookie.value === '' ||
      cookie.value === '""' ||
      isExpiring(cookie, now)
    )
      return false

    return matchesName(expected, cookie.name) && !holdsCookie(sentCookies, cookie)
  })
}

/**
 * Reports whether a Cookie header has a cookie with this name and value, in any spelling: servers
 * decode `%41`, `\\101` and quotes, strip tabs and non-breaking spaces around a name and its value
 * (Python), and write `_` for `.` in names (PHP).
 */
function holdsCookie(
  header: string | null,
  { name, value }: { readonly name: string; readonly value: string },
): boolean {
  return header !== null && bareText(header).includes(bareText(`${name}=${value}`))
}

/**
 * Returns the letters and digits of a text, unescaped, which every server's reading of a cookie has
 * in common.
 */
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

function matchesHeader(expected: string | readonly [string, string], headers: Headers): boolean {
  if (typeof expected === 'string') return headers.has(expected)
  return headers.get(expected[0]) === expected[1]
}

function matchesJson(
  [memberPath, expected]: readonly [string, unknown],
  text: string | undefined,
): boolean {
  if (text === undefined) return false
  try {
    let current: unknown = JSON.parse(text)
    for (const name of memberPath.split('.')) {
      if (typeof current !== 'object' || current === null || !Object.hasOwn(current, name))
        return false
      current = (current as Record<string, unknown>)[name]
    }

    return current === expected
  } catch {
    return false
  }
}
