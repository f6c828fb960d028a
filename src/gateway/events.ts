/**
 * Delivers the events of a gateway: to `onEvent`, to the monitor, and to the audit trail with the
 * request that they are about. `compile.ts` creates it, and `create.ts` attaches it to each
 * request. An event is delivered to each listener once.
 */

import { listenToRequest, type RequestListener, recordListenerSource } from '../events.ts'
import type { AuditTrail, Monitor } from '../monitor/index.ts'
import { noteEvent } from '../monitor/note-event.ts'
import { isShared } from '../redis/shared.ts'
import type { Clock, Emit } from '../types.ts'
import type { RequestContext } from './request-context.ts'

/** The receivers of a gateway's events. */
export interface EventReceivers {
  /** The option `onEvent`, as it was given. */
  readonly source: unknown
  /** The option `onEvent`, wrapped; undefined where it is absent. */
  readonly onEvent: Emit | undefined
  readonly monitor: Monitor | undefined
  readonly audit: AuditTrail | undefined
  readonly clock: Clock
}

/** The events of a gateway. */
export interface GatewayEvents {
  /** Emits an event that belongs to no request, or whose context is given to `emitEvent` beside this function. */
  readonly emit: Emit
  /** Delivers every event that is emitted with the event context of a request to the receivers. */
  listen(ctx: RequestContext): void
}

/** Creates the events of one gateway. */
export function createGatewayEvents(receivers: EventReceivers): GatewayEvents {
  const { source: ownListener, onEvent, monitor, audit, clock } = receivers
  const hasReceiver = onEvent !== undefined || monitor !== undefined || audit !== undefined
  if (!hasReceiver) return { emit() {}, listen() {} }

  const emit: Emit = (event) => {
    onEvent?.(event)
    monitor?.event(event)
  }
  recordListenerSource(emit, emit)

  return {
    emit,
    listen(ctx) {
      const { requestId, address, env, waitUntil } = ctx
      const request: Request & { readonly cf?: unknown } = ctx.request
      const listener: RequestListener = {
        requestId,
        notify(event, heardBy) {
          if (ctx.metrics !== undefined) noteEvent(ctx.metrics, event)
          const requestEvent = { request: requestId, ...event }
          if (heardBy !== emit) monitor?.event(requestEvent)
          if (heardBy !== emit && heardBy !== ownListener) onEvent?.(requestEvent)
          audit?.record(requestEvent, {
            ...{ env, waitUntil, requestId, address, now: clock() },
            ...{ headers: request.headers, cf: request.cf },
          })
        },
      }

      listenToRequest(ctx.eventContext, listener)
      // Redis knows nothing of a request but its environment.
      if (isShared(env)) listenToRequest(env, listener)
    },
  }
}
