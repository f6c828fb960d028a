/**
 * Delivers each event of a request to the receivers of `portcullis()`: the option `onEvent`, the
 * line of the request log, and the audit trail. `portcullis()` creates the listener and calls it at
 * the start of each request. `onEvent` does not receive an event that the emitting module has
 * already passed to the same function. Errors of receivers are swallowed by their wrappers and do
 * not affect the request.
 */
import type { Context } from 'hono'
import { listenToRequest } from '../events.ts'
import type { AuditTrail } from '../monitor/audit/trail.ts'
import type { RequestMetrics } from '../monitor/line.ts'
import { noteEvent } from '../monitor/note-event.ts'
import { clientAddress, type Platform } from '../request/address/address.ts'
import type { Clock, Emit } from '../types.ts'

/** The receivers of events. */
export interface StackReceivers {
  /** The function that the application passed as `onEvent`. */
  readonly source: unknown
  /** The same function, wrapped so that its errors are dropped. */
  readonly onEvent: Emit | undefined
  readonly audit: AuditTrail | undefined
  /** The platform in front, from whose header audit records take the client's address. */
  readonly platform: Platform
  readonly clock: Clock
  /** Whether there is a request log, whose lines get the reasons of rejections. */
  readonly hasLog: boolean
}

/**
 * Creates a function that delivers the events of a request to the receivers. Returns undefined
 * without receivers.
 */
export function createStackListener(receivers: StackReceivers): ((c: Context) => void) | undefined {
  const { source: ownListener, onEvent, audit, platform, clock, hasLog } = receivers
  if (onEvent === undefined && audit === undefined && !hasLog) return undefined

  return (c) => {
    listenToRequest(c, {
      get requestId() {
        return readRequestId(c)
      },
      notify(event, receivedBy) {
        const requestId = readRequestId(c)
        const requestEvent = requestId === undefined ? event : { request: requestId, ...event }
        const metrics: RequestMetrics | undefined = c.get('requestLog')
        if (metrics !== undefined) noteEvent(metrics, event)
        if (receivedBy !== ownListener || ownListener === undefined) onEvent?.(requestEvent)

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

/**
 * Passes a promise to `waitUntil`. Hono's getter throws where the platform has no execution
 * context.
 */
function keepAlive(c: Context, promise: Promise<unknown>): void {
  try {
    c.executionCtx.waitUntil(promise)
  } catch {
    // Node, Deno and Bun continue the work without it.
  }
}
