/** Whether an answer proves that a login succeeded. What is not proven is a failure. */
import { isExpiring, parseSetCookie } from '../../cookie/index.ts'
import { foldedPath } from '../../request/index.ts'
import type { SuccessRule } from './success-rules.ts'

/** An answer as it is judged. */
export interface Answered {
  readonly status: number
  /** As the origin set them, before anything was taken out. */
  readonly headers: Headers
  /** Address that was asked; Location is resolved against it. */
  readonly url: string
  /** Text of the body, where a rule needs it and it is JSON of at most 64 KB. */
  readonly text?: string | undefined
  /** Whether the answer started a session. */
  readonly startedSession: boolean
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** Bytes of an answer that are held back to be looked at. */
export const mostAnswer = 65_536

/** Whether any of the rules holds, each in all its parts. */
export function isProven(rules: readonly SuccessRule[], answer: Answered): boolean {
  return rules.some((rule) => holds(rule, answer))
}

/** Whether one of the rules looks into the body. */
export function needsBody(rules: readonly SuccessRule[]): boolean {
  return rules.some(({ json }) => json !== undefined)
}

function holds({ status, location, cookie, header, json, sessionStart }: SuccessRule, answer: Answered): boolean {
  return (
    (status === undefined || [status].flat().includes(answer.status)) &&
    (location === undefined || leadsTo(location, answer)) &&
    (cookie === undefined || sets(cookie, answer)) &&
    (header === undefined || says(header, answer.headers)) &&
    (json === undefined || holdsValue(json, answer.text)) &&
    (sessionStart === undefined || answer.startedSession)
  )
}

function leadsTo(wanted: string, { status, headers, url }: Answered): boolean {
  const location = headers.get('location')
  if (status < 300 || status > 399 || location === null || !URL.canParse(location, url)) return false
  const to = new URL(location, url)
  if (to.origin !== new URL(url).origin) return false
  const but = wanted.startsWith('!')
  return (foldedPath(to.pathname) === foldedPath(but ? wanted.slice(1) : wanted)) !== but
}

function sets(wanted: string, { headers, now }: Answered): boolean {
  const prefix = wanted.endsWith('*') ? wanted.slice(0, -1) : undefined
  return headers.getSetCookie().some((text) => {
    const cookie = parseSetCookie(text)
    if (cookie === undefined || cookie.value === '' || cookie.value === '""' || isExpiring(cookie, now)) return false
    return prefix === undefined ? cookie.name === wanted : cookie.name.startsWith(prefix)
  })
}

function says(wanted: string | readonly [string, string], headers: Headers): boolean {
  if (typeof wanted === 'string') return headers.has(wanted)
  return headers.get(wanted[0]) === wanted[1]
}

function holdsValue([path, wanted]: readonly [string, unknown], text: string | undefined): boolean {
  if (text === undefined) return false
  try {
    let at: unknown = JSON.parse(text)
    for (const name of path.split('.')) {
      if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return false
      at = (at as Record<string, unknown>)[name]
    }
    return at === wanted
  } catch {
    return false
  }
}
