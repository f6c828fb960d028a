/** Takes what an upstream says of its own faults out of an answer. */
import { errorResponse } from '../../page/index.ts'
import { discardBody } from '../../proxy/fetch-upstream.ts'
import type { RequestContext } from '../request-context.ts'

/** The gateway's own page with the status of the upstream's answer, where that is a fault told in anything but JSON. */
export function hideErrorDetails(
  response: Response,
  { request, requestId }: RequestContext,
): Response {
  const { status, headers } = response
  const type = headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  // JSON is for programs, and made to be read by them: traces stand in pages and texts.
  if (status < 500 || type === 'application/json' || type.endsWith('+json')) return response
  discardBody(response)
  const wait = headers.get('retry-after')
  return errorResponse('fault', request, {
    requestId,
    status,
    ...(wait !== null && { headers: [['Retry-After', wait]] }),
  })
}
