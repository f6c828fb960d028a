/**
 * Creates the gateway's own responses: rejections with an error page, and redirects. `compile.ts`
 * creates the `reject` function with which checks, phases and endpoints reject a request, and the
 * login throttle creates one of its own. `redirect` is called by the request checks and the
 * authorize phase. A rejection emits the event `request-refused` with its reason. The client receives
 * the page and status of the reason, never the reason itself. Neither function checks its arguments.
 */
import { emitEvent } from '../events.ts'
import { errorResponse } from '../page/index.ts'
import type { Emit, Reason } from '../types.ts'
import type { RequestContext } from './request-context.ts'

/** Headers of a rejection. */
export type ExtraHeaders = ReadonlyArray<readonly [name: string, value: string]>

/** Rejects a request: emits the event `request-refused` and returns the error page with the status of the reason. */
export type RequestRejecter = (
  ctx: RequestContext,
  reason: Reason,
  headers?: ExtraHeaders,
  /** Path of a sign-in page to which the error page links. */
  signIn?: string,
) => Response

/** Creates the function that rejects requests and emits its events with `emit`. */
export function createReject(emit: Emit): RequestRejecter {
  return (ctx, reason, headers = [], signIn) => {
    const { request, requestId, metrics } = ctx
    if (metrics !== undefined) metrics.reason = reason
    const event = { type: 'request-refused', reason, request: requestId } as const
    emitEvent(emit, { ...event, ...ctx.eventTags }, ctx.eventContext)

    return errorResponse(reason, request, { requestId, headers, signIn, pages: ctx.pages })
  }
}

/** Creates a redirect to another URL. No cache may store it. */
export function redirect(status: number, location: string): Response {
  return new Response(null, { status, headers: { location, 'cache-control': 'no-store' } })
}
