/**
 * Creates the response for a client that sends too many requests, and the one for limits that
 * nobody can check. `decide.ts` calls it. It is not stored by caches and names policies to
 * programs only.
 */

import { errorResponse } from '../page/error-response.ts'
import { findStatusText } from '../page/statuses.ts'

/** The parts of a decision that the response states. */
export interface LimitedRequestInfo {
  readonly request: Request
  readonly requestId?: string | undefined
}

/** The problem type of draft-ietf-httpapi-ratelimit-headers-10 section 7 for a quota that was used up. */
const quotaExceeded = 'https://iana.org/assignments/http-problem-types#quota-exceeded'

/**
 * 429 with Retry-After in whole seconds (none where it will never be allowed), not to be stored (RFC 6585 section 4). For
 * programs a problem that names the policies; for people a page.
 */
export function createLimitedResponse(
  { request, requestId }: LimitedRequestInfo,
  retryAfter: number,
  violated: readonly string[],
): Response {
  const headers = Number.isFinite(retryAfter) ? [['Retry-After', `${retryAfter}`] as const] : []
  const plain = errorResponse('rate-limited', request, {
    headers,
    ...(requestId !== undefined && { requestId }),
  })
  const isProblem = plain.headers.get('content-type') === 'application/problem+json'
  if (!isProblem || plain.body === null || violated.length === 0) return plain

  const { status, phrase, words } = findStatusText(429)
  // JSON leaves out what is undefined.
  const id = requestId?.slice(0, 128)
  const problem = {
    type: quotaExceeded,
    title: phrase,
    status,
    detail: words,
    requestId: id,
    'violated-policies': violated,
  }

  return new Response(JSON.stringify(problem), plain)
}

/** 503: nobody knows whether this one is within its limit, and the policy says that nobody passes then. */
export function createUnavailableResponse({ request, requestId }: LimitedRequestInfo): Response {
  return errorResponse('store-unavailable', request, requestId === undefined ? {} : { requestId })
}
