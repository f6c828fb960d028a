/**
 * Creates the responses of the device endpoints. `refresh.ts`, `register.ts` and `endpoints.ts` call it.
 *
 * The status decides whether Chromium keeps its session, so each function says which session it ends. No
 * cache may store these responses and no page may frame them; the caller must send them unchanged. No
 * function here throws.
 */
import type { OutgoingCookie } from '../../../types.ts'
import { writeHeaderString } from './header-string.ts'
import { writeForget } from './instructions.ts'

/** Seconds after which a browser may try again. */
const retryAfter = '5'

/** Creates a JSON response for the browser itself, which no script of another origin can read. */
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

/** Creates a refusal, which ends the browser's session if it has one. */
export function answerRefusal(status: 401 | 405 | 409): Response {
  const response = answerJson(status, '{}')
  if (status === 405) response.headers.set('allow', 'POST')
  return response
}

/** Creates a response that ends the browser's session, which has ended here or never existed. It reports no error. */
export function answerForget(sid: string | undefined, offer?: string): Response {
  const response = answerJson(200, writeForget(sid))
  if (offer !== undefined) response.headers.set('secure-session-registration', offer)
  return response
}

/** Creates a request for a proof. Chromium 156 ends a session after four of them in a row. */
export function answerChallenge(challenge: string, sid: string): Response {
  const response = answerJson(403, '{}')
  response.headers.set(
    'secure-session-challenge',
    `${writeHeaderString(challenge)};id=${writeHeaderString(sid)}`,
  )
  return response
}

/**
 * Creates the response for a temporary failure. Chromium keeps its session on every 5xx, and ends it on a 429.
 */
export function answerUnavailable(): Response {
  const response = answerJson(503, '{}')
  response.headers.set('retry-after', retryAfter)
  return response
}
