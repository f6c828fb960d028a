/**
 * Delivers every event of a request that passes the stack: to `onEvent`, to the line of the
 * request, and to the audit trail. `portcullis.ts` creates it. A receiver that fails does not
 * affect the request.
 */
import type { Context } from 'hono'
import { listenToRequest } from '../events.ts'
import type { AuditTrail } from '../monitor/audit/trail.ts'
import type { RequestMetrics } from '../monitor/line.ts'
import { noteEvent } from '../monitor/note-event.ts'
import { clientAddress, type Platform } from '../request/address/address.ts'
import type { Clock, Emit } from '../types.ts'

/** The receivers of a stack's events. */
export interface StackReceivers {
  /** The option `onEvent`, as it was given. */
  readonly source: unknown
  /** The option `onEvent`, wrapped. */
  readonly onEvent: Emit | undefined
  readonly audit: AuditTrail | undefined
  /** The platform that vouches for the client's address, for audit records. */
  readonly platform: Platform
  readonly clock: Clock
  /** Whether there is a request log, whose lines get the reason of a rejection. */
  readonly hasLog: boolean
}

/** Creates the delivery of a request's events to the receivers; undefined without a receiver. */
export function createStackListener(receivers: StackReceivers): ((c: Context) => void) | undefined {
  const { source: ownListener, onEvent, audit, platform, clock, hasLog } = receivers
  if (onEvent === undefined && audit === undefined && !hasLog) return undefined

  return (c) => {
    listenToRequest(c, {
      get requestId() {
        return readRequestId(c)
      },
      notify(event, heardBy) {
        const requestId = readRequestId(c)
        const requestEvent = requestId === undefined ? event : { request: requestId, ...event }
        const metrics: RequestMetrics | undefined = c.get('requestLog')
        if (metrics !== undefined) noteEvent(metrics, event)
        if (heardBy !== ownListener || ownListener === undefined) onEvent?.(requestEvent)

        if (audit === undefined) return
        const { headers, cf } = c.req.raw as Request & { readonly cf?: unknown }
        audit.record(requestEvent, {
          headers,
          cf,
          env: c.env,
          requestId: requestId ?? '',
          address: clientAddress(headers, platform),
          now: clock(),
          waitUntil: (promise) => keepAlive(c, promise),
        })
      },
    })
  }
}

function readRequestId(c: Context): string | undefined {
  const requestId: unknown = c.get('requestId')
  return typeof requestId === 'string' ? requestId : undefined
}

/** Hono's getter throws where the platform has no execution context. */
function keepAlive(c: Context, promise: Promise<unknown>): void {
  try {
    c.executionCtx.waitUntil(promise)
  } catch {
    // Node, Deno and Bun go on without it.
  }
}
