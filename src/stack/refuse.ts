/**
 * Creates the rejections of the stack's guards: one response and one event. `hosts.ts`, `cors.ts`
 * and `bounds.ts` call it. The response names the status, never the reason.
 */

import type { Context } from 'hono'
import { emitEvent } from '../events.ts'
import type { RequestMetrics } from '../monitor/line.ts'
import { errorResponse } from '../page/error-response.ts'
import type { Emit, Reason } from '../types.ts'

/** Options every guard of requests has. */
export interface StackGuardOptions {
  /** Receives `request-refused` with the reason. Default none. */
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
    const metrics: RequestMetrics | undefined = c.get('requestLog')
    if (metrics !== undefined) metrics.reason = reason
    const event = { type: 'request-refused', reason } as const
    emitEvent(onEvent, requestId === undefined ? event : { ...event, request: requestId }, c)

    return errorResponse(reason, c.req.raw, {
      ...(requestId !== undefined && { requestId }),
      ...(headers && { headers }),
    })
  }
}
