/**
 * Emits the event `request-refused` for a request that was rejected or has failed. The gateway, the
 * Vercel guard and `errorPage()` call it; applications may. It creates no response. An error of a
 * listener is swallowed by `emitEvent`, so it throws nothing.
 */
import { emitEvent } from '../events.ts'
import type { Emit, Reason } from '../types.ts'

/**
 * Emits `request-refused`. Its reason says why the request was rejected or has failed.
 *
 * @example
 * emitRejection(onEvent, 'rate-limited', { context: c, requestId: c.get('requestId') })
 */
export function emitRejection(
  listener: Emit | undefined,
  reason: Reason,
  { context, requestId }: { readonly context: object; readonly requestId?: string | undefined },
): void {
  const request = requestId === undefined ? {} : { request: requestId }
  emitEvent(listener, { type: 'request-refused', reason, ...request }, context)
}
