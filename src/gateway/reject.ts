/**
 * Creates the gateway's own responses: rejections, which are also events, and redirects. Every
 * check and phase gets its `reject` function from here. The client receives the page of the
 * reason's status, never the reason.
 */
import { emitEvent } from '../events.ts'
import { errorResponse } from '../page/index.ts'
import type { Emit, Reason } from '../types.ts'
import type { RequestContext } from './request-context.ts'

/** Headers of a rejection. */
export type ExtraHeaders = ReadonlyArray<readonly [name: string, value: string]>

/** Rejects a request with the status of a reason. */
export type RequestRejecter = (
  ctx: RequestContext,
  reason: Reason,
  headers?: ExtraHeaders,
  /** Path of the page where signing in helps. */
  signIn?: string,
) => Response

/** Creates the function with which every check and phase rejects a request. */
export function createReject(emit: Emit): RequestRejecter {
  return (ctx, reason, headers = [], signIn) => {
    const { request, requestId, metrics } = ctx
    if (metrics !== undefined) metrics.reason = reason
    const event = { type: 'request-refused', reason, request: requestId } as const
    emitEvent(emit, { ...event, ...ctx.eventTags }, ctx.eventContext)

    return errorResponse(reason, request, { requestId, headers, signIn, pages: ctx.pages })
  }
}

/** Sends the client to another URL; no cache may store the response. */
export function redirect(status: number, location: string): Response {
  return new Response(null, { status, headers: { location, 'cache-control': 'no-store' } })
}
