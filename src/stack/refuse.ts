/** How the guards of the stack refuse: one answer, one event. */
import type { Context } from 'hono'
import type { RequestMetrics } from '../monitor/line.ts'
import { errorResponse } from '../page/error-response.ts'
import type { Emit, Reason } from '../types.ts'

/** Options every guard of requests has. */
export interface GuardOptions {
  /** Takes `request-refused` with the reason. Default none. */
  readonly onEvent?: Emit
}

/** Answers a refused request. */
export type RejectRequest = (
  c: Context,
  reason: Reason,
  headers?: ReadonlyArray<readonly [string, string]>,
) => Response

/** Makes the answer in neutral words and tells the event; the request's id is in both. */
export function createReject(onEvent: Emit | undefined): RejectRequest {
  return (c, reason, headers) => {
    const id: unknown = c.get('requestId')
    const requestId = typeof id === 'string' ? id : undefined
    const notes: RequestMetrics | undefined = c.get('requestLog')
    if (notes !== undefined) notes.reason = reason
    onEvent?.({
      type: 'request-refused',
      reason,
      ...(requestId !== undefined && { request: requestId }),
    })
    return errorResponse(reason, c.req.raw, {
      ...(requestId !== undefined && { requestId }),
      ...(headers && { headers }),
    })
  }
}
