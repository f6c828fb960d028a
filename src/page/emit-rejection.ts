/**
 * Emits one event for each request that was rejected or has failed. The gateway and the error
 * pages call it. It creates no response.
 */
import { emitEvent } from '../events.ts'
import type { Emit, Reason } from '../types.ts'

/**
 * Emits `request-refused`. Its reason says whether the request was rejected or has failed.
 *
 * @example
 * emitRejection(onEvent, 'rate-limited', { context: c, requestId: c.get('requestId') })
 */
export function emitRejection(
  own: Emit | undefined,
  reason: Reason,
  { context, requestId }: { readonly context: object; readonly requestId?: string | undefined },
): void {
  const request = requestId === undefined ? {} : { request: requestId }
  emitEvent(own, { type: 'request-refused', reason, ...request }, context)
}
