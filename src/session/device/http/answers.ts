/**
 * Creates the responses of the device endpoints. All are final: no cache keeps them, no page
 * frames them. `refresh.ts`, `register.ts` and `endpoints.ts` call it. The status decides whether
 * Chromium keeps its session, so each function says which it ends.
 */
import type { OutgoingCookie } from '../../../types.ts'
import { writeHeaderString } from './header-string.ts'
import { writeForget } from './instructions.ts'

/** Seconds after which a browser may try again. */
const retryAfter = '5'

/** JSON for the browser itself; no script of a page ever reads it. */
export function answerJson(
  status: number,
  body: string,
  cookies: readonly OutgoingCookie[] = [],
): Response {
  const headers = new Headers({
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'cross-origin-resource-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  })
  for (const cookie of cookies) headers.append('set-cookie', cookie.header)
  return new Response(body, { status, headers })
}

/** A refusal that ends the browser's session, where it has one. */
export function answerRefusal(status: 401 | 405 | 409): Response {
  const answer = answerJson(status, '{}')
  if (status === 405) answer.headers.set('allow', 'POST')
  return answer
}

/** Ends the browser's session without a fault: it is over, or never was one of ours. */
export function answerForget(sid: string | undefined, offer?: string): Response {
  const answer = answerJson(200, writeForget(sid))
  if (offer !== undefined) answer.headers.set('secure-session-registration', offer)
  return answer
}

/** Asks for a proof. Chromium 156 ends a session that is asked four times in a row. */
export function answerChallenge(challenge: string, sid: string): Response {
  const answer = answerJson(403, '{}')
  answer.headers.set(
    'secure-session-challenge',
    `${writeHeaderString(challenge)};id=${writeHeaderString(sid)}`,
  )
  return answer
}

/**
 * Says that nothing can be said now. Chromium keeps its session on every 5xx, and ends it on a 429.
 */
export function answerUnavailable(): Response {
  const answer = answerJson(503, '{}')
  answer.headers.set('retry-after', retryAfter)
  return answer
}
