/**
 * Maps errors to responses: the one place where the gateway decides what a client receives when
 * something throws. `create.ts` calls it through `compile.ts`. Faults of status 500 and more are
 * also reported to the operator.
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

/** The response to a request that threw. */
export interface ErrorOutcome {
  readonly response: Response
  /**
   * Whether the request failed, so that only earlier immediate changes of its session are kept;
   * false for a rejection.
   */
  readonly failed: boolean
}

/** Maps an error to a response. */
export type RespondToError = (ctx: RequestContext, error: unknown) => ErrorOutcome

/** Creates the mapping. */
export function createErrorMapping(
  reject: RequestRejecter,
  report: ReportError,
  emit: Emit,
): RespondToError {
  return function respondToError(ctx, error) {
    // A body is found to be too long or malformed while it is forwarded; the upstream request was aborted.
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
