/**
 * Replaces error pages of an upstream by the gateway's own page, since they may contain a stack trace.
 * `phases/forward.ts` calls it for upstreams and routes with the option `hideErrors`. JSON responses and
 * statuses below 500 are returned unchanged. Of the replaced response only the status and `Retry-After`
 * are kept; its body is discarded, and errors of discarding it are ignored.
 */
import { errorResponse } from '../../page/index.ts'
import { discardBody } from '../../proxy/fetch/fetch-upstream.ts'
import type { RequestContext } from '../request-context.ts'

/** Returns the gateway's own page in place of a response with a status of 500 or more that is not JSON. */
export function hideErrorDetails(response: Response, ctx: RequestContext): Response {
  const { status, headers } = response
  if (status < 500) return response
  const type = headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  // Programs need JSON errors as they are, and stack traces are usually in HTML or plain text.
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
