/**
 * Creates the response 429 for a client over a limit, and 503 for a request whose limit cannot be
 * checked. `decide.ts` calls it where the application has no `refuse` of its own. Both responses
 * are pages or problem documents of `errorResponse()`, with `Cache-Control: no-store`. The names of
 * the policies appear only in the problem document for programs.
 */

import { errorResponse } from '../page/error-response.ts'
import { findStatusText } from '../page/statuses.ts'

/** The request whose rejection is reported. */
export interface LimitedRequestInfo {
  readonly request: Request
  readonly requestId?: string | undefined
}

/** The problem type of draft-ietf-httpapi-ratelimit-headers-10 section 7 for a quota that was used up. */
const quotaExceeded = 'https://iana.org/assignments/http-problem-types#quota-exceeded'

/**
 * Creates a 429 with Retry-After in whole seconds, or without it where the request will never be
 * allowed, and not to be stored (RFC 6585 section 4). Programs get a problem document that lists
 * the policies, and people get a page.
 */
export function createLimitedResponse(
  { request, requestId }: LimitedRequestInfo,
  retryAfter: number,
  deniedPolicies: readonly string[],
): Response {
  const headers = Number.isFinite(retryAfter) ? [['Retry-After', `${retryAfter}`] as const] : []
  const response = errorResponse('rate-limited', request, {
    headers,
    ...(requestId !== undefined && { requestId }),
  })
  const isProblem = response.headers.get('content-type') === 'application/problem+json'
  if (!isProblem || response.body === null || deniedPolicies.length === 0) return response

  const { status, phrase, words } = findStatusText(429)
  // JSON.stringify omits an undefined id.
  const shortId = requestId?.slice(0, 128)
  const problem = {
    type: quotaExceeded,
    title: phrase,
    status,
    detail: words,
    requestId: shortId,
    'violated-policies': deniedPolicies,
  }

  return new Response(JSON.stringify(problem), response)
}

/** Creates a 503 for a policy with `onOutage: 'closed'` whose store is unavailable. */
export function createUnavailableResponse({ request, requestId }: LimitedRequestInfo): Response {
  return errorResponse('store-unavailable', request, requestId === undefined ? {} : { requestId })
}
