/**
 * Creates the rejections of the guards in this folder: one error response and one event
 * `request-refused`. `hosts.ts`, `cors.ts` and `bounds.ts` call it. The response has a status and
 * neutral words, never the reason, which only the event and the log line have. It throws nothing
 * for the headers that these guards add.
 */

import type { Context } from 'hono'
import { emitEvent } from '../events.ts'
import type { RequestMetrics } from '../monitor/line.ts'
import { errorResponse } from '../page/error-response.ts'
import type { Emit, Reason } from '../types.ts'

/** The options of every guard. */
export interface StackGuardOptions {
  /** Receives `request-refused` with the reason. Default none. */
  readonly onEvent?: Emit
}

/** Creates the response to a rejected request, and emits its event. */
export type RejectRequest = (
  c: Context,
  reason: Reason,
  headers?: ReadonlyArray<readonly [string, string]>,
) => Response

/**
 * Creates a function that rejects requests. The request's id is in the response and in the event.
 */
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
