/**
 * Replaces error pages of an upstream, which may hold a stack trace, by the gateway's own page.
 * The forward phase calls it for upstreams with the option `hideErrors`. JSON and statuses below
 * 500 stay as they are.
 */
import { errorResponse } from '../../page/index.ts'
import { discardBody } from '../../proxy/fetch/fetch-upstream.ts'
import type { RequestContext } from '../request-context.ts'

/** Returns the gateway's own page with the status of the response, if that is 500 or more and not JSON. */
export function hideErrorDetails(response: Response, ctx: RequestContext): Response {
  const { status, headers } = response
  if (status < 500) return response
  const type = headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  // JSON is for programs, and is made to be read by them: stack traces are in pages and texts.
  if (type === 'application/json' || type.endsWith('+json')) return response

  discardBody(response)
  const retryAfter = headers.get('retry-after')

  return errorResponse('fault', ctx.request, {
    requestId: ctx.requestId,
    pages: ctx.pages,
    status,
    ...(retryAfter !== null && { headers: [['Retry-After', retryAfter]] }),
  })
}
