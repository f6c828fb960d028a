/**
 * Delivers the security events of a gateway to the option `onEvent`, to the monitor, and to the audit
 * trail together with the request that they belong to. `compile.ts` creates it, and `create.ts` calls
 * `listen` for each request. An event is delivered to each receiver once, although it may be emitted
 * both by the gateway and with the context of a request. Events that belong to no request do not reach
 * the audit trail. Errors of `onEvent` are dropped, since `compile.ts` wraps it.
 */

import { listenToRequest, type RequestListener, recordListenerSource } from '../events.ts'
import type { AuditTrail, Monitor } from '../monitor/index.ts'
import { noteEvent } from '../monitor/note-event.ts'
import { isShared } from '../redis/shared.ts'
import type { Clock, Emit } from '../types.ts'
import type { RequestContext } from './request-context.ts'

/** The receivers of a gateway's events. */
export interface EventReceivers {
  /**
   * The option `onEvent` as the configuration holds it. A listener is recognized by it, so that it gets no event twice.
   */
  readonly source: unknown
  /** The option `onEvent`, wrapped so that its errors are dropped; undefined if the option is absent. */
  readonly onEvent: Emit | undefined
  readonly monitor: Monitor | undefined
  readonly audit: AuditTrail | undefined
  readonly clock: Clock
}

/** Emits the events of a gateway and delivers those of its requests. */
export interface GatewayEvents {
  /** Emits an event. `emitEvent` is called with this function and a context for an event that belongs to a request. */
  readonly emit: Emit
  /** Begins to deliver the events that are emitted with the event context of this request. */
  listen(ctx: RequestContext): void
}

/** Creates the delivery of events for one gateway. Without receivers it does nothing. */
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
      // The Redis client gets only the environment of a request, so its events are found by that object.
      if (isShared(env)) listenToRequest(env, listener)
    },
  }
}
