/**
 * Maps an error that was thrown while a request was handled to the response that the client receives.
 * `compile.ts` creates the mapping, and `create.ts` calls it for each request that throws. An error of
 * this package gets the status of its code, and any other value gets 500. Errors with a status of 500
 * or more are also passed to the option `onFault`. A client that has disconnected causes neither a
 * report nor an event.
 */
import {
  emitRejection,
  errorResponse,
  findReason,
  type ReportError,
  reasonStatus,
} from '../page/index.ts'
import { UpstreamPaused } from '../proxy/fetch/retry.ts'
import { BodyError } from '../request/index.ts'
import type { Emit } from '../types.ts'
import type { RequestRejecter } from './reject.ts'
import type { RequestContext } from './request-context.ts'
import { recordError } from './watch.ts'

/** The response to a request whose handling threw an error. */
export interface ErrorOutcome {
  readonly response: Response
  /**
   * True if the request failed: then only session changes that were committed explicitly before are
   * kept. False for a rejection, which keeps all changes.
   */
  readonly failed: boolean
}

/** Maps an error to a response. */
export type RespondToError = (ctx: RequestContext, error: unknown) => ErrorOutcome

/** Creates the mapping of errors to responses. */
export function createErrorMapping(
  reject: RequestRejecter,
  report: ReportError,
  emit: Emit,
): RespondToError {
  return function respondToError(ctx, error) {
    // The client's body proved too long or malformed while it was forwarded, and the upstream request was aborted.
    if (error instanceof BodyError) return { response: reject(ctx, error.reason), failed: false }
    if (error instanceof UpstreamPaused) {
      const headers = [['Retry-After', `${error.retryAfter}`]] as const
      return { response: reject(ctx, 'upstream-paused', headers), failed: false }
    }

    const { request, requestId, path, eventContext } = ctx
    const reason = findReason(error)
    recordError(ctx, reason, error)
    // A disconnect of the client is not an error of the gateway, and the client receives no
    // response.
    if (!request.signal.aborted) {
      emitRejection(emit, reason, { context: eventContext, requestId })
      if (reasonStatus(reason) >= 500) report(error, { requestId, method: request.method, path })
    }

    return {
      response: errorResponse(reason, request, { requestId, pages: ctx.pages }),
      failed: true,
    }
  }
}
